//! Builds the functions in TypeScript and Python: each folder below `lambdas` with a `function.json`.
//!
//! That file says what Lambda has to know (`runtime`, `handler`) and which folder a build leaves behind (`package`), which
//! is zipped whole. A folder with a `package.json` is built by its npm script `build`, one with a `build.py` by that
//! script. Called by `package`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::digest::sha256_of_files;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::npm;
use crate::progress::Step;
use crate::stamp::Stamp;
use crate::venv;

const LIMIT: Duration = Duration::from_secs(600);

/// A function's own word on how it is built.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Lambda's name of the runtime.
    pub runtime: String,
    /// The entry.
    pub handler: String,
    /// The folder that a build leaves behind.
    package: String,
}

impl Description {
    /// What a function's folder says of it; none where the folder is a crate's.
    ///
    /// # Errors
    /// When the file is not as it should be.
    pub fn of(folder: &Path) -> Result<Option<Self>, Failure> {
        let file = folder.join("function.json");
        if !file.is_file() {
            return Ok(None);
        }
        let text = fs::read(&file).on_file("read", &file)?;
        serde_json::from_slice(&text).map(Some).on_file("understand", &file)
    }
}

/// A function that was built.
#[derive(Debug)]
pub struct Built {
    /// The function's name.
    pub name: String,
    /// What it says of itself.
    pub description: Description,
    /// Its files by their names in the zip, sorted, with their bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Builds every such function.
///
/// # Errors
/// When a description cannot be read or a command fails.
pub fn build_all(layout: &Layout, step: &Step) -> Result<Vec<Built>, Failure> {
    folders(layout).into_iter().map(|folder| build(layout, &folder, step)).collect()
}

/// The folders of functions that npm installs packages for.
#[must_use]
pub fn npm_folders(layout: &Layout) -> Vec<PathBuf> {
    let mut folders = folders(layout);
    folders.retain(|folder| folder.join("package.json").is_file());
    folders
}

/// The folders two levels below `lambdas` that hold a description.
fn folders(layout: &Layout) -> Vec<PathBuf> {
    let children = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect()
    };
    let languages = children(&layout.root().join("lambdas"));
    let mut folders: Vec<PathBuf> = languages.iter().flat_map(|language| children(language)).collect();
    folders.retain(|folder| folder.join("function.json").is_file());
    folders.sort();
    folders
}

fn build(layout: &Layout, folder: &Path, step: &Step) -> Result<Built, Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(description) = Description::of(folder)? else {
        return Err(Failure::new(format!("`{}` has no function.json", layout.shown(folder))));
    };
    step.note(&name);
    let package = folder.join(&description.package);
    let stamp = Stamp::new(layout.home().join("stamps").join(&name), digest(layout, folder)?);
    if package.is_dir() && stamp.is_current() {
        return built(layout, name, description, &package);
    }
    if folder.join("package.json").is_file() {
        npm::run(layout, folder, "build", step)?;
    } else {
        venv::python(&layout.venv(), layout.log(&format!("build-{name}")), LIMIT)
            .inside(folder)
            .args(["build.py"])
            .run(step)?;
    }
    let built = built(layout, name, description, &package)?;
    stamp.write()?;
    Ok(built)
}

fn built(layout: &Layout, name: String, description: Description, package: &Path) -> Result<Built, Failure> {
    let files = files(package)?;
    if files.is_empty() {
        return Err(Failure::new(format!("building {name} left nothing in `{}`", layout.shown(package))));
    }
    Ok(Built { name, description, files })
}

/// Every file of a built folder, sorted by its name in the zip.
///
/// # Errors
/// When one cannot be read.
pub fn files(package: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut files = Vec::new();
    collect(package, package, &|_| true, &mut files)?;
    files.sort();
    Ok(files)
}

/// What a function is built from: its own files, the packages', and core's module. The same again is not built again.
fn digest(layout: &Layout, folder: &Path) -> Result<String, Failure> {
    let packages = ["bindings/python/src", "bindings/typescript"].map(|package| layout.root().join(package));
    digest_of_sources(layout, packages.iter().map(PathBuf::as_path).chain([folder]))
}

/// A digest of the names and contents of the sources in some folders: all but what builds and tests leave there.
///
/// # Errors
/// When a file cannot be read.
pub fn digest_of_sources<'a>(layout: &Layout, folders: impl IntoIterator<Item = &'a Path>) -> Result<String, Failure> {
    const MADE: [&str; 5] = ["dist", "node_modules", "__pycache__", "test", "tests"];
    let is_source = |name: &str| !name.starts_with('.') && !MADE.contains(&name);
    let mut files = Vec::new();
    for folder in folders {
        collect(layout.root(), folder, &is_source, &mut files)?;
    }
    files.sort();
    Ok(sha256_of_files(&files))
}

/// Every file below a folder, by its path from the root, but for names that are not wanted.
///
/// # Errors
/// When one cannot be read.
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
