//! The packages and functions in TypeScript and Python, with the very same module: their types, their vectors, their
//! consumers, a browser.
//!
//! The browser is one that is installed; where there is none and the machine is a CI's own Debian, Debian's Chromium is
//! installed. Called by `commands::test`.

use std::env;
use std::path::Path;
use std::time::Duration;

use crate::bindings;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::npm;
use crate::progress::{Progress, Step};
use crate::subprocess::Subprocess;
use crate::system::Tools;
use crate::venv;
use crate::wasm;

const LIMIT: Duration = Duration::from_secs(900);
/// Names that a browser of Chromium's family goes by.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Runs the tests of the packages and functions; `bindgen` is the command that the module was made with.
///
/// # Errors
/// The first that fails.
pub fn tests(layout: &Layout, tools: &Tools, progress: &Progress, bindgen: &Path) -> Result<(), Failure> {
    progress.step("build core for WASM elsewhere", |step| {
        Ok(((), wasm::is_the_same_elsewhere(layout, tools.cargo(), bindgen, step)?))
    })?;
    progress.step("prepare browser", |step| Ok(((), browser(layout, step)?)))?;
    progress.step("TypeScript package", |step| script(layout, &bindings::typescript(layout), step))?;
    let preview = layout.root().join("lambdas").join("typescript").join("preview-orders");
    progress.step("preview-orders", |step| script(layout, &preview, step))?;
    for (name, folder) in [("Python package", "bindings/python"), ("report-results", "lambdas/python/report-results")] {
        progress.step(name, |step| python(layout, tools, &layout.root().join(folder), step))?;
    }
    Ok(())
}

/// A Python folder's own checks, in an environment of its own: format, lints, types, tests.
fn python(layout: &Layout, tools: &Tools, folder: &Path, step: &Step) -> Result<((), String), Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let venv = layout.home().join("python").join(&name);
    venv::prepare_in(layout, tools.python(), &venv, &folder.join("requirements-dev.txt"), step)?;
    for arguments in [&["ruff", "format", "--check", "."][..], &["ruff", "check", "."], &["mypy"], &["pytest", "-q"]] {
        let tool = arguments.first().copied().unwrap_or_default();
        step.note(tool);
        Subprocess::new(venv::interpreter_of(&venv), layout.log(&format!("{name}-{tool}")), LIMIT)
            .inside(folder)
            .args(["-m"])
            .args(arguments)
            .run(step)?;
    }
    Ok(((), "formatted, linted, typed, passed".to_owned()))
}

fn script(layout: &Layout, folder: &Path, step: &Step) -> Result<((), String), Failure> {
    npm::run(layout, folder, "test", step)?;
    Ok(((), "passed".to_owned()))
}

/// A browser for the tests in one.
fn browser(layout: &Layout, step: &Step) -> Result<String, Failure> {
    if env::var_os("CHROMIUM").is_some() {
        return Ok("the one that CHROMIUM names".to_owned());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if let Some(name) = BROWSERS.into_iter().find(|name| is_there(name)) {
        return Ok(name.to_owned());
    }
    let missing = || {
        Failure::new("there is no Chromium for the tests in a browser").with_todo(
            "install it (Debian, Ubuntu: apt install chromium), or name one in the environment variable CHROMIUM",
        )
    };
    if env::var_os("CI").is_none() || !is_there("apt-get") {
        return Err(missing());
    }
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", "chromium"]] {
        Subprocess::new("apt-get", layout.log("browser"), LIMIT).args(arguments).run(step).map_err(|_| missing())?;
    }
    Ok("chromium, installed".to_owned())
}
