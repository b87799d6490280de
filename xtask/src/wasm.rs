//! Builds core as the one WASM module that the TypeScript and the Python package ship: `.gridbid/wasm/gridbid.wasm`.
//!
//! Four steps: the standard library for the target, the compiler, wasm-bindgen (its own library, of the version in
//! Cargo.lock), wasm-opt (npm's binaryen). Promises less than 64 KB, the same bytes from any folder, and from Nix, which gives it
//! tools that are built already; a stamp of the compiler's output makes the last two steps free when nothing changed. Called by
//! `up`, `test` (which also builds it in a second folder), `bench` and `cargo xtask wasm`.

mod elsewhere;
mod target;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::npm;
use crate::progress::Step;
use crate::requirements::{NODE, Tool};
use crate::stamp::Stamp;
use crate::subprocess::Subprocess;

pub use elsewhere::is_the_same_elsewhere;

const TARGET: &str = "wasm32-unknown-unknown";
const LIMIT: Duration = Duration::from_secs(1800);
/// What the module must stay below: a browser downloads every byte of it.
const LIMIT_BYTES: u64 = 64 * 1024;
/// The features that Rust's wasm32 target has, and SIMD: wasm-opt must not use others, and must know these.
const FEATURES: [&str; 9] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// core looks at sixteen bytes together. Every host of today has these instructions: Node 16, browsers of 2021 (Safari of
/// 2023), wasmtime.
const SIMD: &str = "-Ctarget-feature=+simd128";

/// What somebody else has built or fetched already: Nix gives all three.
#[derive(Clone, Debug, Default, Args)]
pub struct Given {
    /// The command gridbid-bindgen, built before
    #[arg(long)]
    pub bindgen: Option<PathBuf>,
    /// The script wasm-opt of npm's binaryen
    #[arg(long)]
    wasm_opt: Option<PathBuf>,
    /// The folder of the crates' sources, where it is not cargo's own
    #[arg(long)]
    crates: Option<PathBuf>,
}

/// The module.
#[must_use]
pub fn module(layout: &Layout) -> PathBuf {
    layout.wasm().join("gridbid.wasm")
}

/// Compiles the module; [`finish`] makes the rest of it.
///
/// # Errors
/// When the target's standard library is out of reach, or it does not compile.
pub fn compile(layout: &Layout, cargo: &Tool, given: &Given, step: &Step) -> Result<Compiled, Failure> {
    compile_in(layout, layout.root(), &|library| layout.wasm_target(library), cargo, given, step)
}

/// Makes the module of what was compiled, with the command `gridbid-bindgen`; says how large it is.
///
/// # Errors
/// When a step fails, or the module is too large.
pub fn finish(
    layout: &Layout,
    compiled: &Compiled,
    bindgen: &Path,
    given: &Given,
    step: &Step,
) -> Result<String, Failure> {
    let Compiled { module: compiled, is_pinned } = compiled;
    let folder = layout.wasm();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let stamp = Stamp::new(folder.join("stamp"), sha256_hex(&fs::read(compiled).on_file("read", compiled)?));
    let module = module(layout);
    let is_there = stamp.is_current() && module.is_file();
    if !is_there {
        bind(layout, bindgen, compiled, &folder, step)?;
        optimise(layout, given, &folder.join("gridbid_wasm_bg.wasm"), &module, step)?;
        stamp.write()?;
    }
    let length = fs::metadata(&module).on_file("read", &module)?.len();
    // What another compiler makes here of its own library is larger, and never ships.
    if *is_pinned {
        small(length)?;
    }
    let compiler = if *is_pinned { "" } else { " by Debian's compiler" };
    Ok(format!("{length} bytes{compiler}{}", if is_there { ", unchanged" } else { "" }))
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

/// The module as a compiler leaves it.
#[derive(Debug)]
pub struct Compiled {
    module: PathBuf,
    /// Whether that is the compiler that rust-toolchain.toml pins.
    is_pinned: bool,
}

/// The module as the compiler leaves it, of the sources in a folder; where cargo works depends on the standard library.
fn compile_in(
    layout: &Layout,
    sources: &Path,
    target: &dyn Fn(&str) -> PathBuf,
    cargo: &Tool,
    given: &Given,
    step: &Step,
) -> Result<Compiled, Failure> {
    let library = target::library(layout, step)?;
    // Paths of this machine must not get into the module: panics name their source.
    let mut flags = vec![remap(sources, "/gridbid"), SIMD.to_owned()];
    flags.extend(crates(layout, cargo, given, step)?.iter().map(|folder| remap(folder, "/cargo")));
    flags.extend(library.sources.iter().map(|sources| remap(sources, "/rust")));
    let folder = target(library.name);
    let mut environment = library.environment;
    environment.push(("CARGO_ENCODED_RUSTFLAGS", Some(flags.join("\u{1f}").into())));
    environment.push(("CARGO_TARGET_DIR", Some(folder.clone().into())));
    Subprocess::new(&cargo.path, layout.log("build-wasm"), LIMIT)
        .inside(sources)
        .args(["build", "--locked", "--package", "gridbid-wasm", "--profile", "wasm", "--target", TARGET])
        .args(library.arguments)
        .env(environment)
        .run(step)?;
    let module = folder.join(TARGET).join("wasm").join("gridbid_wasm.wasm");
    Ok(Compiled { module, is_pinned: library.name == target::PINNED })
}

/// The folders that hold crates by name and version: the given one, or one for each registry in cargo's home.
fn crates(layout: &Layout, cargo: &Tool, given: &Given, step: &Step) -> Result<Vec<PathBuf>, Failure> {
    if let Some(folder) = &given.crates {
        return Ok(vec![folder.clone()]);
    }
    // The folders are named for the registries, and are there when something has been fetched; crates that lie elsewhere, as
    // vendored ones do, leave none.
    Subprocess::new(&cargo.path, layout.log("fetch-wasm"), LIMIT)
        .inside(layout.root())
        .args(["fetch", "--locked", "--target", TARGET])
        .run(step)?;
    let home = std::env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from);
    let sources = home.join("registry").join("src");
    Ok(fs::read_dir(&sources).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect())
}

fn home() -> PathBuf {
    std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}

/// wasm-bindgen: the module with its glue for the web.
fn bind(layout: &Layout, bindgen: &Path, compiled: &Path, folder: &Path, step: &Step) -> Result<(), Failure> {
    Subprocess::new(bindgen, layout.log("wasm-bindgen"), LIMIT).args([compiled, folder]).run(step)
}

/// wasm-opt.
fn optimise(layout: &Layout, given: &Given, bound: &Path, module: &Path, step: &Step) -> Result<(), Failure> {
    let node = NODE.find()?;
    let wasm_opt = if let Some(wasm_opt) = &given.wasm_opt {
        wasm_opt.clone()
    } else {
        npm::prepare(layout, step)?;
        layout.npm().join("node_modules").join("binaryen").join("bin").join("wasm-opt")
    };
    let unfinished = module.with_extension("wasm-part");
    npm::node(&node, layout.log("wasm-opt"), LIMIT)
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
