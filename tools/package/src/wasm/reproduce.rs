//! Checks that the module is reproducible: a build from a copy of the sources in another folder must have the same bytes.

use std::fs;
use std::path::Path;

use gridbid_devkit::digest::sha256_hex;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::Tool;

use super::compile::compile_in;
use super::finish::{bind_and_optimise, module};
use super::prebuilt::Prebuilt;

/// Names of what builds write. They are not copied, and neither are names that begin with a dot.
const BUILT: [&str; 5] = ["target", "node_modules", "dist", "wasm-part", "__pycache__"];

/// Builds the module in another folder and compares it with the existing one; returns the digest of both as a summary.
///
/// # Errors
/// When the build fails or the bytes differ.
pub fn check_reproducible(layout: &Layout, cargo: &Tool, bindgen: &Path, step: &Step) -> Result<String, Failure> {
    let digest = |file: &Path| fs::read(file).on_file("read", file).map(|bytes| sha256_hex(&bytes));
    let folder = layout.home().join("wasm-elsewhere");
    // The path has another depth and other names than the repository's.
    let sources = folder.join("a").join("copy of the sources");
    if sources.exists() {
        fs::remove_dir_all(&sources).on_file("remove", &sources)?;
    }
    copy(layout.root(), &sources)?;
    let (prebuilt, target) = (Prebuilt::default(), folder.join("target"));
    let compiled = compile_in(layout, &sources, &|library| target.join(library), cargo, &prebuilt, step)?.module;
    let (here, there) = (module(layout), folder.join("gridbid.wasm"));
    bind_and_optimise(layout, &compiled, bindgen, &prebuilt, &there, step)?;
    let (first, second) = (digest(&here)?, digest(&there)?);
    if first != second {
        let (here, there) = (layout.shown(&here), layout.shown(&there));
        let message =
            format!("the WASM module depends on the folder that it is built in: `{here}` and `{there}` differ");
        return Err(Failure::new(message).with_hint("look for paths of this machine in both, with `strings`"));
    }
    Ok(format!("the same bytes, sha256 {}…", first.get(..16).unwrap_or(&first)))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).on_file("make", to)?;
    for entry in fs::read_dir(from).on_file("read", from)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, copied) = (entry.path(), to.join(&name));
        if name.starts_with('.') || BUILT.contains(&name.as_str()) || path.is_symlink() || to.starts_with(&path) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &copied)?;
        } else {
            fs::copy(&path, &copied).on_file("write", &copied)?;
        }
    }
    Ok(())
}
