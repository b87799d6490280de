//! A build: `functions.json` and the zips in the same folder.
//!
//! Reading one checks that each zip has the hash in the manifest and that its binaries run on Lambda.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use gridbid_release_format::{Function, FunctionName, Manifest};
use zip::ZipArchive;

use crate::binary::{self, Unfit};
use crate::failure::Failure;

/// Size limit of a file in a zip: Lambda's limit for all files together.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// A build in memory.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// The zips by function: the same functions as in the manifest.
    pub(crate) zips: BTreeMap<FunctionName, Vec<u8>>,
}

/// Which binaries may be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binaries {
    /// Only those that run on Lambda.
    Lambda,
    /// Also those of this machine, for the local cloud.
    Host,
}

impl Build {
    /// Reads a folder with `functions.json` and its zips.
    ///
    /// # Errors
    /// When the manifest is missing or invalid, or a zip is missing, differs from the manifest or cannot run on Lambda.
    pub(crate) fn read(folder: &Path, binaries: Binaries) -> Result<Self, Failure> {
        let file = folder.join(Manifest::FILE_NAME);
        let unreadable = |error: &(dyn Error + 'static)| {
            Failure::from_error(format!("cannot read `{}`", file.display()), error).with_hint(
                "build the functions with `cargo xtask package` or `nix build .#functions`, and name their folder",
            )
        };
        let json = fs::read(&file).map_err(|error| unreadable(&error))?;
        let manifest = Manifest::from_json(&json).map_err(|error| unreadable(&error))?;
        let mut zips = BTreeMap::new();
        for (name, function) in &manifest.functions {
            let file = folder.join(&function.zip);
            let zip = fs::read(&file)
                .map_err(|error| Failure::from_error(format!("cannot read `{}`", file.display()), &error))?;
            function.verify(&zip).map_err(|error| {
                Failure::from_error(format!("`{}` is not the zip that functions.json names", function.zip), &error)
                    .with_hint("build the functions again")
            })?;
            if binaries == Binaries::Lambda {
                check_runs_on_lambda(name, function, &zip)?;
            }
            zips.insert(name.clone(), zip);
        }
        Ok(Self { manifest, zips })
    }
}

fn check_runs_on_lambda(name: &FunctionName, function: &Function, zip: &[u8]) -> Result<(), Failure> {
    let unreadable =
        |error: &(dyn Error + 'static)| Failure::from_error(format!("the zip of {name} cannot be read"), error);
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(|error| unreadable(&error))?;
    let mut has_bootstrap = false;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| unreadable(&error))?;
        let path = file.name().map_err(|error| unreadable(&error))?.to_string();
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        let is_bootstrap = path == "bootstrap";
        has_bootstrap |= is_bootstrap;
        check_file(function, &bytes, is_bootstrap).map_err(|unfit| {
            Failure::from_error(format!("{name}: `{path}` cannot run on Lambda"), &unfit)
                .with_hint("release a build of `nix build .#functions`; a build of cargo is for a laptop only")
        })?;
    }
    if function.runtime.starts_with("provided") && !has_bootstrap {
        return Err(Failure::new(format!("the zip of {name} has no `bootstrap`, which its runtime starts")));
    }
    Ok(())
}

/// Checks a file of a zip; one that is not a binary passes.
fn check_file(function: &Function, bytes: &[u8], is_bootstrap: bool) -> Result<(), Unfit> {
    if is_bootstrap || binary::is_elf(bytes) {
        binary::check_architecture(bytes, function.architecture)?;
    }
    if is_bootstrap { binary::check_static(bytes) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use gridbid_release_format::{Architecture, Profile};

    use super::*;
    use crate::binary::tests::elf;
    use crate::testing::{Folder, zip_of};

    const HOST: Architecture = Architecture::host();
    const FOREIGN: Architecture = match HOST {
        Architecture::Arm64 => Architecture::X86,
        Architecture::X86 => Architecture::Arm64,
    };

    /// Writes a build of one function and reads it.
    fn read(folder: &Folder, runtime: &str, path: &str, bytes: &[u8], binaries: Binaries) -> Result<Build, Failure> {
        let (name, zip): (FunctionName, _) = ("orders-api".parse().unwrap(), zip_of(path, bytes));
        let function = Function::new(&name, runtime, "bootstrap", HOST, &zip);
        let manifest = Manifest { profile: Profile::Release, functions: [(name, function)].into() };
        fs::write(folder.0.join("orders-api.zip"), &zip).unwrap();
        fs::write(folder.0.join(Manifest::FILE_NAME), manifest.to_json().unwrap()).unwrap();
        Build::read(&folder.0, binaries)
    }

    const NATIVE: &str = "provided.al2023";

    #[test]
    fn build_holds_the_manifest_and_the_zips_that_were_written() {
        let folder = Folder::new("reader");
        let build = read(&folder, NATIVE, "bootstrap", &elf(HOST, None), Binaries::Lambda).unwrap();
        let (name, function) = build.manifest.functions.first_key_value().unwrap();
        assert_eq!(function.verify(&build.zips[name]), Ok(()));
    }

    #[test]
    fn invalid_manifest_is_rejected_with_the_hint_to_build_again() {
        let folder = Folder::new("no-profile");
        fs::write(folder.0.join(Manifest::FILE_NAME), r#"{"functions": {}}"#).unwrap();
        let report = Build::read(&folder.0, Binaries::Lambda).unwrap_err().report();
        assert!(report.contains("missing field `profile`") && report.contains("build the functions"), "{report}");
    }

    #[test]
    fn dynamic_binary_is_released_only_as_a_host_binary() {
        let folder = Folder::new("laptop");
        let binary = elf(HOST, Some("/lib64/ld-linux-x86-64.so.2"));
        let refused = read(&folder, NATIVE, "bootstrap", &binary, Binaries::Lambda).unwrap_err();
        assert!(refused.to_string().contains("it is not static"), "{refused}");
        assert!(read(&folder, NATIVE, "bootstrap", &binary, Binaries::Host).is_ok());
    }

    #[test]
    fn binary_for_another_architecture_is_rejected_in_any_folder_of_the_zip() {
        let folder = Folder::new("architecture");
        for (runtime, path) in [(NATIVE, "bootstrap"), ("python3.13", "wasmtime/_linux.so")] {
            let refused = read(&folder, runtime, path, &elf(FOREIGN, None), Binaries::Lambda).unwrap_err();
            assert!(refused.to_string().contains(path) && refused.to_string().contains("is built for"), "{refused}");
        }
    }

    #[test]
    fn zip_without_a_bootstrap_is_rejected_for_a_runtime_that_starts_it() {
        let folder = Folder::new("bootstrap");
        let refused = read(&folder, NATIVE, "main", &elf(HOST, None), Binaries::Lambda).unwrap_err();
        assert!(refused.to_string().contains("has no `bootstrap`"), "{refused}");
        assert!(read(&folder, "nodejs22.x", "index.mjs", b"export {}", Binaries::Lambda).is_ok());
    }

    #[test]
    fn zip_that_differs_from_the_manifest_is_rejected() {
        let folder = Folder::new("hash");
        read(&folder, NATIVE, "bootstrap", &elf(HOST, None), Binaries::Lambda).unwrap();
        fs::write(folder.0.join("orders-api.zip"), "cut").unwrap();
        let refused = Build::read(&folder.0, Binaries::Host).unwrap_err().to_string();
        assert!(refused.starts_with("`orders-api.zip` is not the zip that functions.json names"), "{refused}");
        fs::remove_file(folder.0.join(Manifest::FILE_NAME)).unwrap();
        let report = Build::read(&folder.0, Binaries::Host).unwrap_err().report();
        assert!(report.contains("nix build .#functions"), "{report}");
    }
}
