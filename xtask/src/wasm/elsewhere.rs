//! Builds the module a second time from a copy of the sources in another folder: the bytes must be the same.
//!
//! Called by `checks::languages`.

use std::fs;
use std::path::Path;

use super::{Compiled, Given, bind, compile_in, module, optimise};
use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;

/// What is no source: what builds leave, and all whose names begin with a dot.
const MADE: [&str; 5] = ["target", "node_modules", "dist", "wasm-part", "__pycache__"];

/// Builds the module elsewhere and compares it with the one that is there; tells the digest of both.
///
/// # Errors
/// When it cannot be built, or its bytes are other ones.
pub fn is_the_same_elsewhere(layout: &Layout, cargo: &Tool, bindgen: &Path, step: &Step) -> Result<String, Failure> {
    let here = module(layout);
    let digest = |file: &Path| fs::read(file).on_file("read", file).map(|bytes| sha256_hex(&bytes));
    let folder = layout.home().join("wasm-elsewhere");
    // Another depth and another name than the repository has.
    let sources = folder.join("a").join("copy of the sources");
    if sources.exists() {
        fs::remove_dir_all(&sources).on_file("remove", &sources)?;
    }
    copy(layout.root(), &sources)?;
    let (given, target) = (Given::default(), folder.join("target"));
    let Compiled { module: compiled, .. } =
        compile_in(layout, &sources, &|library| target.join(library), cargo, &given, step)?;
    bind(layout, bindgen, &compiled, &folder, step)?;
    let there = folder.join("gridbid.wasm");
    optimise(layout, &given, &folder.join("gridbid_wasm_bg.wasm"), &there, step)?;
    let (first, second) = (digest(&here)?, digest(&there)?);
    if first != second {
        let sentence = format!(
            "the WASM module depends on the folder that it is built in: `{}` and `{}` differ",
            layout.shown(&here),
            layout.shown(&there)
        );
        return Err(Failure::new(sentence).with_todo("look for paths of this machine in them, with `strings`"));
    }
    Ok(format!("the same bytes, sha256 {}…", first.get(..16).unwrap_or(&first)))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).on_file("make", to)?;
    for entry in fs::read_dir(from).on_file("read", from)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (path, place) = (entry.path(), to.join(&name));
        if name.starts_with('.') || MADE.contains(&name.as_str()) || path.is_symlink() || to.starts_with(&path) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &place)?;
        } else {
            fs::copy(&path, &place).on_file("write", &place)?;
        }
    }
    Ok(())
}
