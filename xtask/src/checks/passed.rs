//! Checks that have passed on the very same files, by the very same xtask and tools, are not run again.
//!
//! Only for checks whose result follows from their files: lints, plans with a mocked provider, reproducible builds.

use std::env;
use std::fs;

use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::package::scripted::collect;
use crate::progress::Progress;
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
    let stamp_file = layout.home().join("passed").join(name);
    let stamp = digest(layout, tools, inputs)?;
    if fs::read_to_string(&stamp_file).is_ok_and(|there| there == stamp) {
        return progress.step(name, |_| Ok(((), "passed before on the same files".to_owned())));
    }
    check()?;
    let folder = layout.home().join("passed");
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    fs::write(&stamp_file, stamp).on_file("write", &stamp_file)
}

/// Stands for the files, the tools and this program.
fn digest(layout: &Layout, tools: &Tools, inputs: &[&str]) -> Result<String, Failure> {
    let mut all = format!("{tools:?} {}\n", sha256_hex(&own_program()?));
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
    for (name, bytes) in &files {
        all.push_str(&format!("{name} {}\n", sha256_hex(bytes)));
    }
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
