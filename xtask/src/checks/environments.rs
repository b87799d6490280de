//! The packages in the environments of `docs/environments.md`: bundlers, runtimes, test runners, type checkers, platforms.

use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::NODE;
use gridbid_devkit::{npm, venv};
use gridbid_package::bindings;

use crate::checks::languages::prepare_browser;

const LIMIT: Duration = Duration::from_secs(1800);
/// The test files of the npm package.
const NPM: [&str; 6] = ["node", "bundlers", "frameworks", "runners", "browser", "types"];

/// Tests both packages, which must be built.
///
/// # Errors
/// When an environment cannot be installed, or a package does not work in it.
pub fn tests(context: &Context) -> Result<(), Failure> {
    context.step("environments of the npm package", |step| npm_package(context, step))?;
    context.step("environments of the Python package", |step| python_package(context, step))
}

fn npm_package(context: &Context, step: &Step) -> Result<((), String), Failure> {
    let layout = &context.layout;
    let browser = prepare_browser(layout, step)?;
    let folder = bindings::typescript(layout).join("environments");
    npm::install(layout, &folder, step)?;
    for name in NPM {
        step.note(name);
        npm::node(&NODE.find()?, layout.log(&format!("environments-{name}")), LIMIT)
            .inside(&folder)
            .args(["--test".to_owned(), format!("{name}.test.js")])
            .env([("CHROMIUM", Some(browser.path.clone().into_os_string()))])
            .run(step)?;
    }
    Ok(((), "passed".to_owned()))
}

fn python_package(context: &Context, step: &Step) -> Result<((), String), Failure> {
    let layout = &context.layout;
    let folder = layout.file("bindings/python/environments");
    let venv = layout.home().join("python").join("environments");
    venv::prepare_in(layout, &context.tools()?.python, &venv, &folder.join("requirements.txt"), step)?;
    let pyright = bindings::typescript(layout).join("environments/node_modules/pyright/index.js");
    venv::python(&venv, layout.log("environments-python"), LIMIT)
        .inside(&folder)
        .args(["-m", "pytest", "-q", "."])
        .env([("PYRIGHT", Some(pyright.into_os_string()))])
        .run(step)?;
    Ok(((), "passed".to_owned()))
}
