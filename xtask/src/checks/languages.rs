//! The packages and functions in TypeScript and Python, with the very same module: their types, their vectors, their
//! consumers, a browser.
//!
//! The tests in a browser run in the one that `CHROMIUM` names, else in an installed one, else in the headless Chromium of
//! npm's `@sparticuz/chromium`.

use std::env;
use std::env::consts::{ARCH, OS};
use std::ffi::OsStr;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use crate::bindings;
use crate::checks::passed::unless_passed;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::lock;
use gridbid_devkit::npm;
use gridbid_devkit::progress::{Progress, Step};
use gridbid_devkit::requirements::{CHROMIUM, NODE, Tool};
use crate::system::Tools;
use gridbid_devkit::venv;
use crate::wasm;

/// What core's module is made of, and by.
const WASM: [&str; 6] = ["Cargo.lock", "Cargo.toml", "bindings/wasm", "core", "rust-toolchain.toml", "xtask/npm"];
const LIMIT: Duration = Duration::from_secs(900);
/// Where browsers are installed on macOS, which has none on the PATH.
const MACOS_FOLDERS: &str = "/Applications/Google Chrome.app/Contents/MacOS:/Applications/Chromium.app/Contents/MacOS";

/// Runs the tests of the packages and functions; `bindgen` is the command that the module was made with.
///
/// # Errors
/// The first that fails.
pub fn tests(layout: &Layout, tools: &Tools, progress: &Progress, bindgen: &Path) -> Result<(), Failure> {
    unless_passed(layout, progress, tools, "core for WASM elsewhere", &WASM, || {
        progress.step("build core for WASM elsewhere", |step| {
            Ok(((), wasm::is_the_same_elsewhere(layout, tools.cargo(), bindgen, step)?))
        })
    })?;
    progress.step("TypeScript package", |step| {
        let browser = prepare_browser(layout, step)?;
        npm::prepare_script(layout, &bindings::typescript(layout), "test", step)?
            .env([("CHROMIUM", Some(browser.path.into_os_string()))])
            .run(step)?;
        Ok(((), format!("passed, in Chromium {}", browser.version)))
    })?;
    progress.step("preview-orders", |step| {
        npm::run(layout, &layout.root().join("lambdas/typescript/preview-orders"), "test", step)?;
        Ok(((), "passed".to_owned()))
    })?;
    for (name, folder) in [("Python package", "bindings/python"), ("report-results", "lambdas/python/report-results")] {
        progress.step(name, |step| python(layout, tools, &layout.root().join(folder), step))?;
    }
    Ok(())
}

/// Finds a browser for the tests in one, or fetches it; a second call is free.
///
/// # Errors
/// When `CHROMIUM` names something else, or none is installed and none can be fetched for this machine.
pub fn prepare_browser(layout: &Layout, step: &Step) -> Result<Tool, Failure> {
    if let Some(named) = env::var_os("CHROMIUM").filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        return CHROMIUM.check_file(absolute(&named).on_file("find", &named)?);
    }
    let on_macos = || CHROMIUM.find_in(OsStr::new(MACOS_FOLDERS));
    let installed = CHROMIUM.find().or_else(|missing| on_macos().map_err(|_| missing));
    let is_packaged = OS == "linux" && ARCH == "x86_64";
    if installed.is_ok() || !is_packaged { installed } else { fetch_browser(layout, step) }
}

fn fetch_browser(layout: &Layout, step: &Step) -> Result<Tool, Failure> {
    let _held = lock::shared(layout, step)?;
    let folder = layout.home().join("chromium");
    let files = ["package.json", "package-lock.json", "unpack.mjs"];
    npm::install_copy(layout, &layout.own_file("npm/chromium"), files, &folder, step)?;
    // A new installation of the package removes it.
    let unpacked = folder.join("node_modules").join(".unpacked");
    if !unpacked.is_dir() {
        npm::node(&NODE.find()?, layout.log("unpack-chromium"), LIMIT)
            .args([folder.join("unpack.mjs"), unpacked.clone()])
            .run(step)?;
    }
    CHROMIUM.check_file(unpacked.join("chromium"))
}

/// A Python folder's own checks, in an environment of its own: format, lints, types, tests.
fn python(layout: &Layout, tools: &Tools, folder: &Path, step: &Step) -> Result<((), String), Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let venv = layout.home().join("python").join(&name);
    venv::prepare_in(layout, tools.python(), &venv, &folder.join("requirements-dev.txt"), step)?;
    for arguments in [&["ruff", "format", "--check", "."][..], &["ruff", "check", "."], &["mypy"], &["pytest", "-q"]] {
        let tool = arguments.first().copied().unwrap_or_default();
        step.note(tool);
        venv::python(&venv, layout.log(&format!("{name}-{tool}")), LIMIT)
            .inside(folder)
            .args(["-m"])
            .args(arguments)
            .run(step)?;
    }
    Ok(((), "formatted, linted, typed, passed".to_owned()))
}
