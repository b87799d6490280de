//! Skips checks that have passed with the same files, the same xtask and the same tools.
//!
//! Only for checks whose result depends on nothing else: lints, plans with a mocked provider, reproducible builds, the packages.

use std::fs;

use gridbid_devkit::context::Context;
use gridbid_devkit::digest::{sha256_hex, sha256_of_files};
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::collect;
use gridbid_devkit::stamp::Stamp;

use crate::program::own_program;

/// Runs a check unless it has passed with the same `inputs`, which are files and folders of the repository.
///
/// # Errors
/// The failure of the check, or an input that cannot be read.
pub fn unless_passed(
    context: &Context,
    name: &str,
    inputs: &[&str],
    check: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let stamp = Stamp::new(context.layout.home().join("passed").join(name), digest(context, inputs)?);
    if stamp.is_current() {
        return context.step(name, |_| Ok(((), "passed before with the same files".to_owned())));
    }
    check()?;
    stamp.write()
}

/// A digest of the files, the tools and this program.
fn digest(context: &Context, inputs: &[&str]) -> Result<String, Failure> {
    let (layout, tools) = (&context.layout, context.tools()?);
    let is_source = |name: &str| {
        !matches!(name, ".build" | ".consumers" | ".terraform" | "node_modules" | "target" | "dist" | "__pycache__")
            && !name.ends_with("_cache")
    };
    let mut files = Vec::new();
    for input in inputs {
        let path = layout.file(input);
        match path.is_dir() {
            true => collect(layout.root(), &path, &is_source, &mut files)?,
            false => files.push(((*input).to_owned(), fs::read(&path).on_file("read", &path)?)),
        }
    }
    files.sort();
    let program = own_program()?;
    let all =
        format!("{tools:?} {} {}", sha256_hex(&fs::read(&program).on_file("read", &program)?), sha256_of_files(&files));
    Ok(sha256_hex(all.as_bytes()))
}
