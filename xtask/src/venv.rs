//! Python environments, pinned by hash: `.gridbid/venv` that MiniStack runs in, and those of the Python folders' tests.
//!
//! Promises the very files that a `requirements.txt` names; a stamp of that file makes a second call free.
//! Which index packages come from is pip's own configuration, never ours. Called by `up` and `test`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile, last_lines};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;

const LIMIT: Duration = Duration::from_secs(300);

/// Makes MiniStack's environment when it is not there as the requirements say, and tells what was done.
///
/// # Errors
/// When Python cannot make environments, or a package cannot be had or has another hash.
pub fn prepare(layout: &Layout, python: &Tool, step: &Step) -> Result<String, Failure> {
    prepare_in(layout, python, &layout.venv(), &layout.own_file("local-cloud/requirements.txt"), step)
}

/// Makes an environment when it is not there as the requirements say, and tells what was done.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_in(
    layout: &Layout,
    python: &Tool,
    venv: &Path,
    requirements: &Path,
    step: &Step,
) -> Result<String, Failure> {
    let wanted = fs::read(requirements).on_file("read", requirements)?;
    let stamp_file = venv.join("gridbid-stamp");
    let stamp = format!("{} {}\n", sha256_hex(&wanted), python.version);
    if fs::read_to_string(&stamp_file).is_ok_and(|there| there == stamp) && interpreter_of(venv).is_file() {
        return Ok("unchanged".to_owned());
    }
    if venv.exists() {
        fs::remove_dir_all(venv).on_file("remove", venv)?;
    }
    create(layout, python, venv, step)?;
    install(layout, venv, requirements, step)?;
    fs::write(&stamp_file, stamp).on_file("write", &stamp_file)?;
    Ok("installed".to_owned())
}

/// MiniStack's Python.
#[must_use]
pub fn interpreter(layout: &Layout) -> PathBuf {
    interpreter_of(&layout.venv())
}

/// An environment's Python.
#[must_use]
pub fn interpreter_of(venv: &Path) -> PathBuf {
    venv.join("bin").join("python3")
}

fn create(layout: &Layout, python: &Tool, venv: &Path, step: &Step) -> Result<(), Failure> {
    let log = layout.log("venv");
    let make = Subprocess::new(&python.path, &log, LIMIT).args(["-m", "venv"]).args([venv]).env(no_inherited_python());
    make.run(step).map_err(|failure| {
        let told = last_lines(&log, 50).join("\n");
        if told.contains("ensurepip") || told.contains("No module named venv") {
            Failure::new(format!("Python {} cannot make environments: its venv module is missing", python.version))
                .with_todo("install it (Debian, Ubuntu: apt install python3-venv), or enter `nix develop`")
                .with_log(log)
        } else {
            failure.with_todo("look at the log; `python3 -m venv FOLDER` must work")
        }
    })
}

fn install(layout: &Layout, venv: &Path, requirements: &Path, step: &Step) -> Result<(), Failure> {
    let install = Subprocess::new(interpreter_of(venv), layout.log("pip"), LIMIT)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps"])
        .args(["--requirement".as_ref(), requirements.as_os_str()])
        .env(no_inherited_python());
    install.run(step).map_err(|failure| {
        failure.with_todo("pip must reach its package index once (see `pip config list`); then run the command again")
    })
}

/// A Python environment that is active around xtask must not leak into ours.
fn no_inherited_python() -> impl Iterator<Item = (&'static str, Option<OsString>)> {
    ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV"]
        .into_iter()
        .map(|name| (name, None))
}
