//! `functions.json`: the build's manifest, and all that Terraform knows of the code.
//!
//! One writer for every build, so that the laptop's zips and a release's are described alike: the profile that the functions
//! were compiled with, and for each its name, runtime, handler, architecture, zip, size and SHA-256 in hex (the key in the
//! artifacts bucket) and in base64 (Lambda's `CodeSha256`). Zips lie beside the file; those of functions that are gone are
//! removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::failure::{Failure, OnFile};

/// The manifest's name.
pub const FILE_NAME: &str = "functions.json";

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How the functions were compiled.
    pub profile: Profile,
    /// The functions by name.
    pub functions: BTreeMap<String, Function>,
}

/// How functions are compiled: by the profile of this name in `Cargo.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Quickly, for a laptop. `gridbid` takes it to no environment but `local`.
    Local,
    /// As for production.
    Release,
}

/// The processors that a function can run on, as Lambda names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Architecture {
    /// Graviton.
    #[serde(rename = "arm64")]
    #[value(name = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    #[value(name = "x86_64")]
    X86,
}

impl Architecture {
    /// That of this machine.
    #[must_use]
    pub const fn of_this_machine() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86 }
    }
}

/// What Terraform has to know of one function's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Lambda's name of the runtime.
    pub runtime: String,
    /// The entry.
    pub handler: String,
    /// What it was built for.
    pub architecture: Architecture,
    /// The zip's file name.
    pub zip: String,
    /// The zip's size.
    pub bytes: usize,
    /// The zip's SHA-256 in hex.
    pub sha256: String,
    /// The zip's SHA-256 in base64.
    pub sha256_base64: String,
}

impl Function {
    /// A native function.
    #[must_use]
    pub fn native(name: &str, architecture: Architecture, zip: &[u8]) -> Self {
        Self::new(name, "provided.al2023", "bootstrap", architecture, zip)
    }

    /// A function of a runtime that Lambda has; the architecture is that of the native parts in it.
    #[must_use]
    pub fn new(name: &str, runtime: &str, handler: &str, architecture: Architecture, zip: &[u8]) -> Self {
        let digest = Sha256::digest(zip);
        Self {
            runtime: runtime.to_owned(),
            handler: handler.to_owned(),
            architecture,
            zip: format!("{name}.zip"),
            bytes: zip.len(),
            sha256: hex(&digest),
            sha256_base64: STANDARD.encode(digest),
        }
    }
}

/// The manifest of a folder.
///
/// # Errors
/// When there is none, or it is not one.
pub fn read(folder: &Path) -> Result<Manifest, Failure> {
    let file = folder.join(FILE_NAME);
    let text = fs::read(&file).on_file("read", &file)?;
    serde_json::from_slice(&text).on_file("understand", &file)
}

/// Writes the manifest beside its zips, when it is not there like that already, and removes zips that it does not name.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(
    folder: &Path,
    profile: Profile,
    functions: impl IntoIterator<Item = (String, Function)>,
) -> Result<(), Failure> {
    let manifest = Manifest { profile, functions: functions.into_iter().collect() };
    let file = folder.join(FILE_NAME);
    let text = serde_json::to_string_pretty(&manifest).on_file("write", &file)? + "\n";
    if fs::read(&file).ok().as_deref() != Some(text.as_bytes()) {
        write_whole(&file, text.as_bytes())?;
    }
    for entry in fs::read_dir(folder).on_file("read", folder)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".zip") && !manifest.functions.values().any(|function| function.zip == name) {
            fs::remove_file(entry.path()).on_file("remove", &entry.path())?;
        }
    }
    Ok(())
}

/// Writes a file so that nobody ever sees half of it.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_whole(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let draft = file.with_extension("draft");
    fs::write(&draft, bytes).on_file("write", &draft)?;
    fs::rename(&draft, file).on_file("write", file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_hash_are_of_the_zip() {
        let function = Function::native("orders-api", Architecture::Arm64, b"abc");
        assert_eq!(function.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(function.sha256_base64, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        assert_eq!((function.zip.as_str(), function.bytes), ("orders-api.zip", 3));
    }

    #[test]
    fn zips_of_functions_that_are_gone_are_removed_and_an_unchanged_manifest_is_not_written() {
        let folder = std::env::temp_dir().join(format!("gridbid-manifest-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["a.zip", "gone.zip"] {
            fs::write(folder.join(name), "zip").unwrap();
        }
        let functions = || [("a".to_owned(), Function::native("a", Architecture::X86, b"zip"))];
        write(&folder, Profile::Local, functions()).unwrap();
        assert!(folder.join("a.zip").is_file() && !folder.join("gone.zip").exists());
        let written = fs::metadata(folder.join(FILE_NAME)).unwrap().modified().unwrap();
        write(&folder, Profile::Local, functions()).unwrap();
        assert_eq!(fs::metadata(folder.join(FILE_NAME)).unwrap().modified().unwrap(), written);
        fs::remove_dir_all(folder).unwrap();
    }
}
