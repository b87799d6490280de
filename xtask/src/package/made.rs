//! Packs functions that have been built elsewhere: one zip with a `functions.json` of its own, or many such folders as one.
//!
//! Promises the very bytes that `cargo xtask package` writes for the same files, so that zips and manifests have one
//! writer. It builds nothing and knows no list of functions. What is packed here was compiled for production: Nix calls it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::archive;
use super::manifest::{self, Architecture, Function, Profile};
use super::scripted::{self, Description};
use crate::failure::{Failure, OnFile};

/// Makes a folder of one function's zip and its manifest: of a binary, or of a folder of files where the function's own
/// folder has a `function.json`.
///
/// # Errors
/// When something cannot be read or written, or there is nothing to zip.
pub fn zip(function: &Path, built: &Path, architecture: Architecture, to: &Path) -> Result<(), Failure> {
    let Some(name) = function.file_name().map(|name| name.to_string_lossy().into_owned()) else {
        return Err(Failure::new(format!("`{}` names no function", function.display())));
    };
    let (zip, said) = match Description::of(function)? {
        Some(said) => {
            let files = scripted::files(built)?;
            if files.is_empty() {
                return Err(Failure::new(format!("`{}` holds no file of {name}", built.display())));
            }
            let zip = archive::files(&files, Profile::Release)?;
            let function = Function::new(&name, &said.runtime, &said.handler, architecture, &zip);
            (zip, function)
        }
        None => {
            let zip = archive::bootstrap(&fs::read(built).on_file("read", built)?, Profile::Release)?;
            let function = Function::native(&name, architecture, &zip);
            (zip, function)
        }
    };
    fs::create_dir_all(to).on_file("make", to)?;
    manifest::write_whole(&to.join(&said.zip), &zip)?;
    manifest::write(to, Profile::Release, [(name, said)])
}

/// Makes one folder of several: all zips, and one manifest.
///
/// # Errors
/// When a function comes twice, two are for different processors, one is not for production, or something cannot be read or
/// written.
pub fn join(folders: &[PathBuf], to: &Path) -> Result<(), Failure> {
    let mut functions: BTreeMap<String, Function> = BTreeMap::new();
    fs::create_dir_all(to).on_file("make", to)?;
    for folder in folders {
        let manifest = manifest::read(folder)?;
        if manifest.profile != Profile::Release {
            return Err(Failure::new(format!("`{}` holds functions that are not for production", folder.display())));
        }
        for (name, function) in manifest.functions {
            if functions.contains_key(&name) {
                return Err(Failure::new(format!("two folders hold a function {name}")));
            }
            if let Some((other, _)) = functions.iter().find(|(_, other)| other.architecture != function.architecture) {
                return Err(Failure::new(format!("{name} and {other} are built for different processors")));
            }
            let zip = folder.join(&function.zip);
            manifest::write_whole(&to.join(&function.zip), &fs::read(&zip).on_file("read", &zip)?)?;
            functions.insert(name, function);
        }
    }
    manifest::write(to, Profile::Release, functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is gone at the test's end.
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
    fn a_binary_and_a_folder_are_packed_and_joined_with_what_their_folders_say() {
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
        let told: Vec<_> = all.iter().map(|(name, told)| (name.as_str(), told.runtime.as_str())).collect();
        assert_eq!(told, [("one", "nodejs22.x"), ("two", "provided.al2023")]);
        for (name, told) in all {
            assert_eq!(told.bytes, fs::read(at("all").join(format!("{name}.zip"))).unwrap().len());
            assert_eq!(told.architecture, Architecture::Arm64);
        }
    }

    #[test]
    fn what_does_not_belong_together_is_not_joined() {
        let folder = Folder::new("apart");
        let binary = folder.file("binary", "not really a binary");
        let at = |name: &str| folder.0.join(name);
        zip(&at("one"), &binary, Architecture::Arm64, &at("arm")).unwrap();
        zip(&at("two"), &binary, Architecture::X86, &at("intel")).unwrap();
        let twice = join(&[at("arm"), at("arm")], &at("all")).unwrap_err().to_string();
        assert_eq!(twice, "two folders hold a function one");
        let mixed = join(&[at("arm"), at("intel")], &at("all")).unwrap_err().to_string();
        assert_eq!(mixed, "two and one are built for different processors");
    }
}
