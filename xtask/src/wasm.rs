//! Builds core as the one WASM module that the TypeScript and the Python package ship: `.gridbid/wasm/gridbid.wasm`.
//!
//! Four steps: the standard library for the target, the compiler, wasm-bindgen (its own library, of the version in
//! Cargo.lock), wasm-opt (npm's binaryen). Promises the same bytes from any folder, and less than 64 KB of them; a stamp of
//! the compiler's output makes the last two steps free when nothing changed. Called by `up`, `test` and `bench`.

mod target;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::npm;
use crate::progress::Step;
use crate::requirements::{NODE, Tool};
use crate::subprocess::Subprocess;

const TARGET: &str = "wasm32-unknown-unknown";
const LIMIT: Duration = Duration::from_secs(1800);
/// What the module must stay below: a browser downloads every byte of it.
const LIMIT_BYTES: u64 = 64 * 1024;
/// The features that Rust's wasm32 target has: wasm-opt must not use others, and must know these.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The module.
#[must_use]
pub fn module(layout: &Layout) -> PathBuf {
    layout.wasm().join("gridbid.wasm")
}

/// Builds the module, and tells how large it is.
///
/// # Errors
/// When the target's standard library cannot be had, or a step fails.
pub fn build(layout: &Layout, cargo: &Tool, step: &Step) -> Result<String, Failure> {
    let compiled = compile(layout, cargo, step)?;
    let folder = layout.wasm();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let stamp = sha256_hex(&fs::read(&compiled).on_file("read", &compiled)?);
    let stamp_file = folder.join("stamp");
    let module = module(layout);
    let is_there = fs::read_to_string(&stamp_file).is_ok_and(|there| there == stamp) && module.is_file();
    if !is_there {
        bind(layout, cargo, &compiled, &folder, step)?;
        optimise(layout, &folder.join("gridbid_wasm_bg.wasm"), &module, step)?;
        fs::write(&stamp_file, stamp).on_file("write", &stamp_file)?;
    }
    let length = fs::metadata(&module).on_file("read", &module)?.len();
    small(length)?;
    Ok(format!("{} bytes{}", length, if is_there { ", unchanged" } else { "" }))
}

/// Refuses a module that is too large.
fn small(length: u64) -> Result<(), Failure> {
    if length < LIMIT_BYTES {
        return Ok(());
    }
    Err(Failure::new(format!("the WASM module has {length} bytes: it must have less than {LIMIT_BYTES}")).with_todo(
        "look for `format!` and `to_string` in what it calls (core/src/text.rs stands in for them); \
         .gridbid/wasm/gridbid_wasm_bg.wasm still has the functions' names",
    ))
}

/// The module as the compiler leaves it.
fn compile(layout: &Layout, cargo: &Tool, step: &Step) -> Result<PathBuf, Failure> {
    let library = target::library(layout, step)?;
    // Paths of this machine must not get into the module: panics name their source.
    let cargo_home = std::env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from);
    let mut flags = vec![remap(layout.root(), "/gridbid"), remap(&cargo_home, "/cargo")];
    flags.extend(library.sources.iter().map(|sources| remap(sources, "/rust")));
    let folder = layout.wasm_target(library.name);
    let mut environment = library.environment;
    environment.push(("CARGO_ENCODED_RUSTFLAGS", Some(flags.join("\u{1f}").into())));
    environment.push(("CARGO_TARGET_DIR", Some(folder.clone().into())));
    Subprocess::new(&cargo.path, layout.log("build-wasm"), LIMIT)
        .inside(layout.root())
        .args(["build", "--locked", "--package", "gridbid-wasm", "--profile", "wasm", "--target", TARGET])
        .args(library.arguments)
        .env(environment)
        .run(step)?;
    Ok(folder.join(TARGET).join("wasm").join("gridbid_wasm.wasm"))
}

fn home() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}

/// wasm-bindgen: the module with its glue for the web.
fn bind(layout: &Layout, cargo: &Tool, compiled: &Path, folder: &Path, step: &Step) -> Result<(), Failure> {
    Subprocess::new(&cargo.path, layout.log("wasm-bindgen"), LIMIT)
        .inside(layout.root())
        .args(["run", "--locked", "--package", "gridbid-bindgen", "--"])
        .args([compiled, folder])
        .run(step)
}

/// wasm-opt.
fn optimise(layout: &Layout, bound: &Path, module: &Path, step: &Step) -> Result<(), Failure> {
    let node = NODE.find()?;
    npm::prepare(layout, step)?;
    let wasm_opt = layout.npm().join("node_modules").join("binaryen").join("bin").join("wasm-opt");
    let unfinished = module.with_extension("wasm-part");
    Subprocess::new(&node.path, layout.log("wasm-opt"), LIMIT)
        .args([wasm_opt.as_os_str(), "-O3".as_ref()])
        .args(FEATURES)
        .args(["--strip-debug", "--strip-producers", "--strip-target-features"])
        .args([bound.as_os_str(), "-o".as_ref(), unfinished.as_os_str()])
        .run(step)?;
    fs::rename(&unfinished, module).on_file("write", module)
}

/// What compiling for the target takes.
struct Library {
    /// A word for the folder of what is compiled with it.
    name: &'static str,
    arguments: Vec<&'static str>,
    environment: Vec<(&'static str, Option<OsString>)>,
    /// The standard library's sources, where their paths would get into the module.
    sources: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_of_64_kilobytes_is_refused() {
        assert!(small(65_535).is_ok());
        let refused = small(65_536).unwrap_err().to_string();
        assert_eq!(refused, "the WASM module has 65536 bytes: it must have less than 65536");
    }
}
