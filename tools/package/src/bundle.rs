//! Packs functions compiled elsewhere for production: one function with its `functions.json`, or several such folders as one.
//!
//! The result has the bytes that `cargo xtask package --release` writes for the same files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_release_format::{Architecture, Function, FunctionName, Profile};

use crate::scripted::{self, Description};
use crate::{archive, manifest};

/// Writes a folder with the zip and the manifest of one function. `built` is a binary, or a folder of files when the
/// function's folder has a `function.json`.
///
/// # Errors
/// When a file cannot be read or written, or there is nothing to zip.
pub fn zip(function: &Path, built: &Path, architecture: Architecture, to: &Path) -> Result<(), Failure> {
    let name = manifest::function_name(&function.file_name().unwrap_or_default().to_string_lossy())?;
    let (zip, entry) = match Description::read(function)? {
        Some(description) => {
            let files = scripted::files(built)?;
            if files.is_empty() {
                return Err(Failure::new(format!("`{}` has no file of {name}", built.display())));
            }
            let zip = archive::files(&files, Profile::Release)?;
            let function = Function::new(&name, &description.runtime, &description.handler, architecture, &zip);
            (zip, function)
        }
        None => {
            let zip = archive::bootstrap(&fs::read(built).on_file("read", built)?, Profile::Release)?;
            let function = Function::native(&name, architecture, &zip);
            (zip, function)
        }
    };
    fs::create_dir_all(to).on_file("make", to)?;
    write_atomically(&to.join(&entry.zip), &zip)?;
    manifest::write(to, Profile::Release, [(name, entry)])
}

/// Joins several folders into one with all zips and one manifest.
///
/// # Errors
/// When a function is in two folders, two functions are for different processors, one is not for production, or a file cannot
/// be read or written.
pub fn join(folders: &[PathBuf], to: &Path) -> Result<(), Failure> {
    let mut functions: BTreeMap<FunctionName, Function> = BTreeMap::new();
    fs::create_dir_all(to).on_file("make", to)?;
    for folder in folders {
        let manifest = manifest::read(folder)?;
        if manifest.profile != Profile::Release {
            return Err(Failure::new(format!("`{}` has functions that are not for production", folder.display())));
        }
        for (name, function) in manifest.functions {
            if functions.contains_key(&name) {
                return Err(Failure::new(format!("two folders have a function {name}")));
            }
            if let Some((other, _)) = functions.iter().find(|(_, other)| other.architecture != function.architecture) {
                return Err(Failure::new(format!("{name} and {other} are built for different processors")));
            }
            let zip = folder.join(&function.zip);
            write_atomically(&to.join(&function.zip), &fs::read(&zip).on_file("read", &zip)?)?;
            functions.insert(name, function);
        }
    }
    manifest::write(to, Profile::Release, functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A temporary folder, removed on drop.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("gridbid-made-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn file(&self, name: &str, text: &str) -> PathBuf {
            let file = self.0.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            file
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn binary_and_folder_are_packed_and_joined_as_described() {
        let folder = Folder::new("joined");
        let binary = folder.file("binary", "not really a binary");
        folder.file("dist/index.mjs", "export {}");
        folder.file(
            "lambdas/one/function.json",
            r#"{"runtime":"nodejs22.x","handler":"index.handler","package":"dist"}"#,
        );
        let at = |name: &str| folder.0.join(name);
        zip(&at("lambdas/one"), &at("dist"), Architecture::Arm64, &at("out-one")).unwrap();
        zip(&at("lambdas/two"), &binary, Architecture::Arm64, &at("out-two")).unwrap();
        join(&[at("out-one"), at("out-two")], &at("all")).unwrap();
        let all = manifest::read(&at("all")).unwrap().functions;
        let runtimes: Vec<_> = all.iter().map(|(name, entry)| (name.as_str(), entry.runtime.as_str())).collect();
        assert_eq!(runtimes, [("one", "nodejs22.x"), ("two", "provided.al2023")]);
        for (name, entry) in all {
            entry.verify(&fs::read(at("all").join(format!("{name}.zip"))).unwrap()).unwrap();
            assert_eq!(entry.architecture, Architecture::Arm64);
        }
    }

    #[test]
    fn join_refuses_duplicates_and_mixed_architectures() {
        let folder = Folder::new("apart");
        let binary = folder.file("binary", "not really a binary");
        let at = |name: &str| folder.0.join(name);
        zip(&at("one"), &binary, Architecture::Arm64, &at("arm")).unwrap();
        zip(&at("two"), &binary, Architecture::X86, &at("intel")).unwrap();
        let twice = join(&[at("arm"), at("arm")], &at("all")).unwrap_err().to_string();
        assert_eq!(twice, "two folders have a function one");
        let mixed = join(&[at("arm"), at("intel")], &at("all")).unwrap_err().to_string();
        assert_eq!(mixed, "two and one are built for different processors");
    }
}
