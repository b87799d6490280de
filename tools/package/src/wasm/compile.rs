//! Compiles core for WASM, without paths of this machine in the module.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::Tool;
use gridbid_devkit::subprocess::Subprocess;

use super::prebuilt::Prebuilt;
use super::target::{self, TARGET};

const LIMIT: Duration = Duration::from_secs(1800);
/// core examines sixteen bytes at a time. Supported by Node 16, browsers of 2021 (Safari of 2023) and wasmtime.
const SIMD: &str = "-Ctarget-feature=+simd128";

/// The module as a compiler writes it.
#[derive(Debug)]
pub struct Compiled {
    /// The file of the module.
    pub module: PathBuf,
    /// Whether the compiler is the one pinned by rust-toolchain.toml.
    pub is_pinned: bool,
}

/// Compiles the module; [`finish`](super::finish()) does the rest.
///
/// # Errors
/// When the standard library of the target is out of reach, or compilation fails.
pub fn compile(layout: &Layout, cargo: &Tool, prebuilt: &Prebuilt, step: &Step) -> Result<Compiled, Failure> {
    compile_in(layout, layout.root(), &|library| layout.wasm_target(library), cargo, prebuilt, step)
}

/// Compiles the module from the sources in a folder; the name of the standard library selects the target folder.
pub(super) fn compile_in(
    layout: &Layout,
    sources: &Path,
    target: &dyn Fn(&str) -> PathBuf,
    cargo: &Tool,
    prebuilt: &Prebuilt,
    step: &Step,
) -> Result<Compiled, Failure> {
    let library = target::library(layout, step)?;
    // Panics contain the paths of their sources, which must not be paths of this machine.
    let mut flags = vec![remap(sources, "/gridbid"), SIMD.to_owned()];
    flags.extend(crates(layout, cargo, prebuilt, step)?.iter().map(|folder| remap(folder, "/cargo")));
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

/// The folders of crates by name and version: the given one, or one for each registry in cargo's home.
fn crates(layout: &Layout, cargo: &Tool, prebuilt: &Prebuilt, step: &Step) -> Result<Vec<PathBuf>, Failure> {
    if let Some(folder) = &prebuilt.crates {
        return Ok(vec![folder.clone()]);
    }
    // The folders have the names of the registries and exist after a fetch; vendored crates are elsewhere and leave none.
    Subprocess::new(&cargo.path, layout.log("fetch-wasm"), LIMIT)
        .inside(layout.root())
        .args(["fetch", "--locked", "--target", TARGET])
        .run(step)?;
    let user_home = || env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let home = env::var_os("CARGO_HOME").map_or_else(|| user_home().join(".cargo"), PathBuf::from);
    let sources = home.join("registry").join("src");
    Ok(fs::read_dir(&sources).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect())
}

fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}
