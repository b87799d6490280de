//! The tests of the packages and functions in TypeScript and Python: types, vectors, consumers, a browser.
//!
//! Browser tests run in the browser that `CHROMIUM` names, or else in an installed one, or else in the headless Chromium of
//! npm's `@sparticuz/chromium`.

use std::env;
use std::env::consts::{ARCH, OS};
use std::ffi::OsStr;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::{CHROMIUM, NODE, Tool};
use gridbid_devkit::subprocess::Variable;
use gridbid_devkit::{lock, npm, venv};
use gridbid_package::{bindings, console, wasm};

use crate::checks::passed::unless_passed;

/// The inputs of core's module, and of everything that contains it.
const WASM: [&str; 6] =
    ["Cargo.lock", "Cargo.toml", "bindings/wasm", "core", "rust-toolchain.toml", "tools/devkit/npm"];
const TYPESCRIPT: [&str; 1] = ["bindings/typescript"];
const PREVIEW_ORDERS: [&str; 3] =
    ["bindings/typescript", "lambdas/rust/orders-api/src/tests/events.json", "lambdas/typescript"];
const CONSOLE: [&str; 3] = ["bindings/typescript", "console", "terraform/modules/console"];
const PYTHON: [&str; 1] = ["bindings/python"];
const REPORT_RESULTS: [&str; 2] = ["bindings/python", "lambdas/python"];
const LIMIT: Duration = Duration::from_secs(900);
/// The folders of browsers on macOS, which are not on the PATH.
const MACOS_FOLDERS: &str = "/Applications/Google Chrome.app/Contents/MacOS:/Applications/Chromium.app/Contents/MacOS";

/// Runs the tests of the packages and functions; `bindgen` is the command that made the module.
pub fn tests(context: &Context, bindgen: &Path) -> Result<(), Failure> {
    let layout = &context.layout;
    // Each is one step, skipped if it has passed with the same module and the same files.
    let test = |name: &str, inputs: &[&str], run: &dyn Fn(&Step) -> Result<String, Failure>| {
        unless_passed(context, name, &[&WASM, inputs].concat(), || {
            context.step(&format!("test {name}"), |step| Ok(((), run(step)?)))
        })
    };
    test("core for WASM elsewhere", &[], &|step| {
        wasm::check_reproducible(layout, &context.tools()?.cargo, bindgen, step)
    })?;
    test("TypeScript package", &TYPESCRIPT, &|step| {
        in_browser(layout, &bindings::typescript(layout), "test", [], step)
    })?;
    test("preview-orders", &PREVIEW_ORDERS, &|step| {
        npm::run(layout, &layout.file("lambdas/typescript/preview-orders"), "test", step)?;
        Ok("passed".to_owned())
    })?;
    test("console", &CONSOLE, &|step| in_browser(layout, &console::folder(layout), "test", [], step))?;
    test("Python package", &PYTHON, &|step| python(context, &layout.file("bindings/python"), step))?;
    test("report-results", &REPORT_RESULTS, &|step| {
        python(context, &layout.file("lambdas/python/report-results"), step)
    })
}

/// Runs a script with browser tests of an npm package, with these variables.
///
/// # Errors
/// When no browser can be found or fetched, or a test fails.
pub fn in_browser<const N: usize>(
    layout: &Layout,
    folder: &Path,
    script: &str,
    variables: [Variable; N],
    step: &Step,
) -> Result<String, Failure> {
    let browser = prepare_browser(layout, step)?;
    npm::prepare_script(layout, folder, script, step)?
        .env([("CHROMIUM", Some(browser.path.into_os_string()))])
        .env(variables)
        .run(step)?;
    Ok(format!("passed, in Chromium {}", browser.version))
}

/// Finds a browser for the browser tests or fetches one; a second call is free.
///
/// # Errors
/// When `CHROMIUM` does not name a browser, or none is installed and none can be fetched for this machine.
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
    npm::install_copy(layout, &layout.file("tools/devkit/npm/chromium"), files, &folder, step)?;
    // A new installation of the packages removes it.
    let unpacked = folder.join("node_modules").join(".unpacked");
    if !unpacked.is_dir() {
        npm::node(&NODE.find()?, layout.log("unpack-chromium"), LIMIT)
            .args([folder.join("unpack.mjs"), unpacked.clone()])
            .run(step)?;
    }
    CHROMIUM.check_file(unpacked.join("chromium"))
}

/// The checks of a Python folder, in its environment: format, lints, types, tests.
fn python(context: &Context, folder: &Path, step: &Step) -> Result<String, Failure> {
    let layout = &context.layout;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let venv = layout.home().join("python").join(&name);
    venv::prepare_in(layout, &context.tools()?.python, &venv, &folder.join("requirements-dev.txt"), step)?;
    for arguments in [&["ruff", "format", "--check", "."][..], &["ruff", "check", "."], &["mypy"], &["pytest", "-q"]] {
        let tool = arguments.first().copied().unwrap_or_default();
        step.note(tool);
        venv::python(&venv, layout.log(&format!("{name}-{tool}")), LIMIT)
            .inside(folder)
            .args(["-m"])
            .args(arguments)
            .run(step)?;
    }
    Ok("formatted, linted, typed, passed".to_owned())
}
