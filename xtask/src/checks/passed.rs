//! Checks that have passed on the very same files, by the very same xtask and tools, are not run again.
//!
//! Only for checks whose result follows from their files: lints, plans with a mocked provider, reproducible builds.

use std::env;
use std::fs;

use gridbid_devkit::digest::{sha256_hex, sha256_of_files};
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use crate::package::scripted::collect;
use gridbid_devkit::progress::Progress;
use gridbid_devkit::stamp::Stamp;
use crate::system::Tools;

/// Runs a check unless it has passed on the same `inputs`, which are files and folders below the repository's root.
///
/// # Errors
/// The check's failure, or an input that cannot be read.
pub fn unless_passed(
    layout: &Layout,
    progress: &Progress,
    tools: &Tools,
    name: &str,
    inputs: &[&str],
    check: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stamp = Stamp::new(layout.home().join("passed").join(name), digest(layout, tools, inputs)?);
    if stamp.is_current() {
        return progress.step(name, |_| Ok(((), "passed before on the same files".to_owned())));
    }
    check()?;
    stamp.write()
}

/// Stands for the files, the tools and this program.
fn digest(layout: &Layout, tools: &Tools, inputs: &[&str]) -> Result<String, Failure> {
    let is_source = |name: &str| !matches!(name, ".terraform" | "node_modules" | "target" | "dist" | "__pycache__");
    let mut files = Vec::new();
    for input in inputs {
        let path = layout.root().join(input);
        match path.is_dir() {
            true => collect(layout.root(), &path, &is_source, &mut files)?,
            false => files.push(((*input).to_owned(), fs::read(&path).on_file("read", &path)?)),
        }
    }
    files.sort();
    let all = format!("{tools:?} {} {}", sha256_hex(&own_program()?), sha256_of_files(&files));
    Ok(sha256_hex(all.as_bytes()))
}

/// This program's bytes. Where cargo has replaced its file in the meantime, Linux still has the running one.
fn own_program() -> Result<Vec<u8>, Failure> {
    if let Ok(bytes) = fs::read("/proc/self/exe") {
        return Ok(bytes);
    }
    let program = env::current_exe().map_err(|error| Failure::new(format!("cannot find xtask itself: {error}")))?;
    fs::read(&program).on_file("read", &program)
}
