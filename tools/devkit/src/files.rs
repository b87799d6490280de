//! Files: atomic writes, copies, and the sources below a folder.

use std::fs;
use std::path::Path;

use crate::digest::sha256_of_files;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;

/// Names that builds and tests leave in a folder of sources.
const BUILT: [&str; 5] = ["dist", "node_modules", "__pycache__", "test", "tests"];

/// Writes a file that readers see either whole or not at all.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_atomically(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let draft = file.with_extension("draft");
    fs::write(&draft, bytes).on_file("write", &draft)?;
    fs::rename(&draft, file).on_file("write", file)
}

/// Collects every file below a folder, by its path from `root`, except names that are not wanted.
///
/// # Errors
/// When a file cannot be read.
pub fn collect(
    root: &Path,
    folder: &Path,
    is_wanted: &dyn Fn(&str) -> bool,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).on_file("read", folder)?.filter_map(Result::ok) {
        let path = entry.path();
        if !is_wanted(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, is_wanted, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push((name, fs::read(&path).on_file("read", &path)?));
        }
    }
    Ok(())
}

/// Computes a digest of the names and contents of the sources in some folders, without what builds and tests leave there.
///
/// # Errors
/// When a file cannot be read.
pub fn source_digest<'a>(layout: &Layout, folders: impl IntoIterator<Item = &'a Path>) -> Result<String, Failure> {
    let is_source = |name: &str| !name.starts_with('.') && !BUILT.contains(&name);
    let mut files = Vec::new();
    for folder in folders {
        collect(layout.root(), folder, &is_source, &mut files)?;
    }
    files.sort();
    Ok(sha256_of_files(&files))
}
