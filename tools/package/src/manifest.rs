//! `functions.json`: the manifest of a build, and everything that Terraform knows about the code.
//!
//! It has the profile of the build, and for each function its name, runtime, handler, architecture, zip, size and SHA-256 in
//! hexadecimal (the key in the artifacts bucket) and in base64 (Lambda's `CodeSha256`). The zips are in the same folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use gridbid_devkit::digest::hex;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_devkit::profile::Profile;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The name of the manifest file.
pub const FILE_NAME: &str = "functions.json";

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How the functions were compiled.
    pub profile: Profile,
    /// The functions by name.
    pub functions: BTreeMap<String, Function>,
}

/// A processor architecture of Lambda.
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
    /// The architecture of this machine.
    #[must_use]
    pub const fn of_this_machine() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86 }
    }
}

/// The code of one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The Lambda runtime.
    pub runtime: String,
    /// The entry point.
    pub handler: String,
    /// The architecture that it was built for.
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

    /// A function for a managed runtime; the architecture is that of its native parts.
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

/// Reads the manifest of a folder.
///
/// # Errors
/// When there is none or it is invalid.
pub fn read(folder: &Path) -> Result<Manifest, Failure> {
    let file = folder.join(FILE_NAME);
    let text = fs::read(&file).on_file("read", &file)?;
    serde_json::from_slice(&text).on_file("understand", &file)
}

/// Writes the manifest of a folder unless it is unchanged, and removes zips that it does not name.
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
        write_atomically(&file, text.as_bytes())?;
    }
    for entry in fs::read_dir(folder).on_file("read", folder)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".zip") && !manifest.functions.values().any(|function| function.zip == name) {
            fs::remove_file(entry.path()).on_file("remove", &entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_of_the_hash_are_of_the_zip() {
        let function = Function::native("orders-api", Architecture::Arm64, b"abc");
        assert_eq!(function.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(function.sha256_base64, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
        assert_eq!((function.zip.as_str(), function.bytes), ("orders-api.zip", 3));
    }

    #[test]
    fn removed_functions_lose_their_zips_and_unchanged_manifest_is_not_written() {
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
