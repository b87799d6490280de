//! Python environments, pinned by hash: `.gridbid/venv` for MiniStack, and those of tools and of the Python folders' tests.
//!
//! An environment has pip and the packages of a `requirements.txt`, whatever pip and Python are configured to do (`user`,
//! `target`, `prefix`, `PYTHONPATH`, ...): pip fetches wheels with the user's configuration, so that the user's index,
//! credentials, proxies, certificates and cache apply, and installs them without any configuration. A stamp, written once
//! every package is verified to be in the environment, makes a second call free.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile, first_of};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use crate::stamp::Stamp;
use crate::subprocess::{Subprocess, Variable};

const LIMIT: Duration = Duration::from_secs(300);
/// Held while an environment is made, because several steps use the same ones.
static PREPARING: Mutex<()> = Mutex::new(());

/// The settings that pip inherits from the environment, without `PIP_`: all select the source of packages.
const KEPT_SETTINGS: &str = "CONFIG_FILE INDEX_URL EXTRA_INDEX_URL PYPI_URL NO_INDEX FIND_LINKS TRUSTED_HOST PROXY CERT CLIENT_CERT \
    CACHE_DIR NO_CACHE_DIR TIMEOUT DEFAULT_TIMEOUT RETRIES RESUME_RETRIES KEYRING_PROVIDER USE_FEATURE";

/// Makes MiniStack's environment unless it is current; returns a summary.
///
/// # Errors
/// When a package is out of reach, has another hash, or is missing after the installation.
pub fn prepare(layout: &Layout, python: &Tool, step: &Step) -> Result<String, Failure> {
    prepare_in(layout, python, &layout.venv(), &layout.file("tools/local-cloud/requirements.txt"), step)
}

/// Makes an environment for a requirements file unless it is current; returns a summary.
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
    let _alone = PREPARING.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = fs::read(requirements).on_file("read", requirements)?;
    // Scripts of an environment contain its path: a copied or moved environment does not work.
    let made_from = format!("{} {} {}\n", sha256_hex(&wanted), python.version, venv.display());
    let stamp = Stamp::new(venv.join("gridbid-stamp"), made_from);
    if stamp.is_current() && interpreter_of(venv).is_file() {
        return Ok("unchanged".to_owned());
    }
    if venv.exists() {
        fs::remove_dir_all(venv).on_file("remove", venv)?;
    }
    create(layout, python, venv, step)?;
    install(layout, venv, requirements, step)?;
    verify(layout, venv, requirements, step)?;
    stamp.write()?;
    Ok("installed".to_owned())
}

/// MiniStack's Python.
#[must_use]
pub fn interpreter(layout: &Layout) -> PathBuf {
    interpreter_of(&layout.venv())
}

/// The Python of an environment.
#[must_use]
pub fn interpreter_of(venv: &Path) -> PathBuf {
    venv.join("bin").join("python3")
}

/// A call of an environment's Python without the user's settings: it sees only the packages of this environment.
#[must_use]
pub fn python(venv: &Path, log: impl Into<PathBuf>, limit: Duration) -> Subprocess {
    Subprocess::new(interpreter_of(venv), log, limit).env(removals())
}

/// A call of a program that a package has installed into an environment, as [`python`].
#[must_use]
pub fn program(venv: &Path, name: &str, log: impl Into<PathBuf>, limit: Duration) -> Subprocess {
    Subprocess::new(venv.join("bin").join(name), log, limit).env(removals())
}

fn create(layout: &Layout, python: &Tool, venv: &Path, step: &Step) -> Result<(), Failure> {
    Subprocess::new(&python.path, log(layout, "venv", venv), LIMIT)
        .args(["-I", "-m", "venv"])
        .args([venv])
        .env(removals())
        .run(step)
        .map_err(|failure| failure.with_hint("look at the log; `python3 -m venv FOLDER` must work"))
}

fn install(layout: &Layout, venv: &Path, requirements: &Path, step: &Step) -> Result<(), Failure> {
    const PIP: [&str; 3] = ["-I", "-m", "pip"];
    let wheels = venv.join("wheels");
    fs::create_dir_all(&wheels).on_file("make", &wheels)?;
    python(venv, log(layout, "pip-wheel", venv), LIMIT)
        .args(PIP)
        .args(["wheel", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps"])
        .args(["--wheel-dir".as_ref(), wheels.as_os_str(), "--requirement".as_ref(), requirements.as_os_str()])
        .run(step)
        .map_err(|failure| {
            failure
                .with_hint("pip must reach its package index once (see `pip config list`); then run the command again")
        })?;
    python(venv, log(layout, "pip-install", venv), LIMIT)
        .args(PIP)
        .args(["install", "--disable-pip-version-check", "--no-input", "--no-index", "--no-deps"])
        .args(files_in(&wheels)?)
        // The null device disables every configuration file.
        .env([("PIP_CONFIG_FILE", Some(OsString::from("/dev/null")))])
        .run(step)?;
    fs::remove_dir_all(&wheels).on_file("remove", &wheels)
}

/// Fails when a package of the requirements is not in the environment.
fn verify(layout: &Layout, venv: &Path, requirements: &Path, step: &Step) -> Result<(), Failure> {
    let missing = python(venv, log(layout, "pip-missing", venv), LIMIT)
        .args([
            "-I".as_ref(),
            layout.file("tools/devkit/venv/missing_packages.py").as_os_str(),
            requirements.as_os_str(),
        ])
        .output(step)?;
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("pip left packages of `{}` out: {}", layout.shown(requirements), first_of(&missing));
    Err(Failure::new(message)
        .with_hint("look at `pip config list` for a setting that leaves packages out, then run the command again"))
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).on_file("read", folder)?;
    let files: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    files.on_file("read", folder)
}

fn log(layout: &Layout, what: &str, venv: &Path) -> PathBuf {
    layout.log(&format!("{what}-{}", venv.file_name().unwrap_or_default().to_string_lossy()))
}

/// Removes the user's settings.
fn removals() -> Vec<Variable> {
    env::vars_os().map(|(name, _)| name).filter(|name| is_setting(name)).map(|name| (name, None)).collect()
}

/// Whether a variable changes what Python, pip or the tools of the Python folders' checks do.
fn is_setting(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    match name.strip_prefix("PIP_") {
        Some(setting) => KEPT_SETTINGS.split(' ').all(|kept| kept != setting),
        None => {
            ["PYTHON", "PYTEST_", "MYPY", "RUFF_"].iter().any(|prefix| name.starts_with(prefix))
                || ["VIRTUAL_ENV", "__PYVENV_LAUNCHER__"].contains(&name.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_index_settings_reach_pip() {
        for name in ["PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_DEFAULT_TIMEOUT", "PIP_CONFIG_FILE", "PATH"] {
            assert!(!is_setting(OsStr::new(name)), "{name}");
        }
        for name in ["PIP_USER", "PIP_TARGET", "PIP_CONSTRAINT", "PYTHONPATH", "VIRTUAL_ENV", "PYTEST_ADDOPTS"] {
            assert!(is_setting(OsStr::new(name)), "{name}");
        }
    }
}
