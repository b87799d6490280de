//! Builds the functions in TypeScript and Python: each folder below `lambdas` with a `function.json`.
//!
//! That file names the Lambda runtime, the handler and the folder that the build writes (`package`), whose files become the
//! zip. A folder with a `package.json` is built by its npm script `build`, one with a `build.py` by that script.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::{collect, source_digest};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::stamp::Stamp;
use gridbid_devkit::{npm, venv};
use serde::Deserialize;

const LIMIT: Duration = Duration::from_secs(600);

/// The content of a `function.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The Lambda runtime.
    pub runtime: String,
    /// The entry point.
    pub handler: String,
    /// The folder that the build writes.
    package: String,
}

impl Description {
    /// Reads the description of a function; none when its folder is a crate.
    ///
    /// # Errors
    /// When the file is invalid.
    pub fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let file = folder.join("function.json");
        if !file.is_file() {
            return Ok(None);
        }
        let text = fs::read(&file).on_file("read", &file)?;
        serde_json::from_slice(&text).map(Some).on_file("understand", &file)
    }
}

/// A built function.
#[derive(Debug)]
pub struct Built {
    /// The function's name.
    pub name: String,
    /// Its description.
    pub description: Description,
    /// The names and contents of the files of its zip, sorted by name.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Builds every function with a description.
///
/// # Errors
/// When a description cannot be read or a command fails.
pub fn build_all(layout: &Layout, step: &Step) -> Result<Vec<Built>, Failure> {
    folders(layout).into_iter().map(|folder| build(layout, &folder, step)).collect()
}

/// The folders of functions with npm packages.
#[must_use]
pub fn npm_folders(layout: &Layout) -> Vec<PathBuf> {
    let mut folders = folders(layout);
    folders.retain(|folder| folder.join("package.json").is_file());
    folders
}

/// The folders two levels below `lambdas` with a description.
fn folders(layout: &Layout) -> Vec<PathBuf> {
    let children = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).collect()
    };
    let languages = children(&layout.file("lambdas"));
    let mut folders: Vec<PathBuf> = languages.iter().flat_map(|language| children(language)).collect();
    folders.retain(|folder| folder.join("function.json").is_file());
    folders.sort();
    folders
}

fn build(layout: &Layout, folder: &Path, step: &Step) -> Result<Built, Failure> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(description) = Description::read(folder)? else {
        return Err(Failure::new(format!("`{}` has no function.json", layout.shown(folder))));
    };
    step.note(&name);
    let package = folder.join(&description.package);
    let stamp = Stamp::new(layout.home().join("stamps").join(&name), digest(layout, folder)?);
    if package.is_dir() && stamp.is_current() {
        return load(layout, name, description, &package);
    }
    if folder.join("package.json").is_file() {
        npm::run(layout, folder, "build", step)?;
    } else {
        venv::python(&layout.venv(), layout.log(&format!("build-{name}")), LIMIT)
            .inside(folder)
            .args(["build.py"])
            .run(step)?;
    }
    let built = load(layout, name, description, &package)?;
    stamp.write()?;
    Ok(built)
}

fn load(layout: &Layout, name: String, description: Description, package: &Path) -> Result<Built, Failure> {
    let files = files(package)?;
    if files.is_empty() {
        return Err(Failure::new(format!("building {name} left nothing in `{}`", layout.shown(package))));
    }
    Ok(Built { name, description, files })
}

/// Reads every file of a built folder, sorted by its name in the zip.
///
/// # Errors
/// When a file cannot be read.
pub fn files(package: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut files = Vec::new();
    collect(package, package, &|_| true, &mut files)?;
    files.sort();
    Ok(files)
}

/// A digest of what a function is built from: its files, the packages and core's module.
fn digest(layout: &Layout, folder: &Path) -> Result<String, Failure> {
    let packages = ["bindings/python/src", "bindings/typescript"].map(|package| layout.file(package));
    source_digest(layout, packages.iter().map(PathBuf::as_path).chain([folder]))
}
