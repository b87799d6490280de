//! `functions.json`: the manifest of a build, and all that Terraform knows about the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::name::FunctionName;

/// The manifest of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The cargo profile that the functions were compiled with.
    pub profile: Profile,
    /// The functions by name.
    pub functions: BTreeMap<FunctionName, Function>,
}

/// Why a manifest is rejected.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not JSON, or a member is missing, unknown or of the wrong type.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It has no functions.
    #[error("it names no function")]
    Empty,
    /// A function's zip is not named after the function, so it could lie outside the manifest's folder.
    #[error("the zip of {function} must be `{function}.zip`, found `{zip}`")]
    ZipName {
        /// The function.
        function: FunctionName,
        /// The zip's file name.
        zip: String,
    },
    /// The hex and base64 spellings of a zip's SHA-256 are of different digests.
    #[error("`sha256` and `sha256_base64` of {0} are different digests")]
    Digests(FunctionName),
}

impl Manifest {
    /// The file's name.
    pub const FILE_NAME: &str = "functions.json";

    /// Parses and validates a manifest.
    ///
    /// # Errors
    /// The first violation, see [`ManifestError`].
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(json)?;
        if manifest.functions.is_empty() {
            return Err(ManifestError::Empty);
        }
        for (name, function) in &manifest.functions {
            if function.zip != zip_name(name) {
                return Err(ManifestError::ZipName { function: name.clone(), zip: function.zip.clone() });
            }
            if function.sha256_base64 != function.sha256.to_base64() {
                return Err(ManifestError::Digests(name.clone()));
            }
        }
        Ok(manifest)
    }

    /// The file's text.
    ///
    /// # Errors
    /// When a value cannot be serialized.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The file names of the zips.
    #[must_use]
    pub fn zips(&self) -> BTreeSet<&str> {
        self.functions.values().map(|function| function.zip.as_str()).collect()
    }
}

/// The cargo profile of a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Compiles quickly, for a laptop. Only the environment `local` takes it.
    Local,
    /// For production. The default, because releases did not record a profile while this was the only one.
    #[default]
    Release,
}

impl fmt::Display for Profile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Local => "local",
            Self::Release => "release",
        })
    }
}

/// An instruction set, as Lambda names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Architecture {
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86,
}

/// A text that is not an architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an architecture: expected arm64 or x86_64")]
pub struct InvalidArchitecture(String);

impl Architecture {
    /// The architecture of this machine.
    #[must_use]
    pub const fn host() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86 }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        })
    }
}

impl FromStr for Architecture {
    type Err = InvalidArchitecture;

    fn from_str(text: &str) -> Result<Self, InvalidArchitecture> {
        let all = [Self::Arm64, Self::X86];
        all.into_iter().find(|one| one.to_string() == text).ok_or_else(|| InvalidArchitecture(text.to_owned()))
    }
}

/// The code of one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Lambda's name of the runtime.
    pub runtime: String,
    /// The handler.
    pub handler: String,
    /// The architecture of its native parts.
    pub architecture: Architecture,
    /// The zip's file name, next to the manifest.
    pub zip: String,
    /// The zip's size.
    pub bytes: u64,
    /// The zip's SHA-256 in hex: part of its key in the artifacts bucket.
    pub sha256: Sha256,
    /// The same digest in base64: Lambda's `CodeSha256`.
    pub sha256_base64: String,
}

/// A zip that is not the one that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its SHA-256 is {found}, and functions.json says {expected}")]
pub struct ZipMismatch {
    found: Sha256,
    expected: Sha256,
}

impl Function {
    /// A native binary for the operating-system-only runtime.
    #[must_use]
    pub fn native(name: &FunctionName, architecture: Architecture, zip: &[u8]) -> Self {
        Self::new(name, "provided.al2023", "bootstrap", architecture, zip)
    }

    /// A function of a managed runtime.
    #[must_use]
    pub fn new(name: &FunctionName, runtime: &str, handler: &str, architecture: Architecture, zip: &[u8]) -> Self {
        let sha256 = Sha256::of(zip);
        Self {
            runtime: runtime.to_owned(),
            handler: handler.to_owned(),
            architecture,
            zip: zip_name(name),
            bytes: zip.len() as u64,
            sha256,
            sha256_base64: sha256.to_base64(),
        }
    }

    /// The zip's key in the artifacts bucket.
    #[must_use]
    pub fn key(&self, name: &FunctionName) -> String {
        format!("functions/{name}/{}.zip", self.sha256)
    }

    /// Checks that these are the zip's bytes.
    ///
    /// # Errors
    /// When their digest differs.
    pub fn verify(&self, zip: &[u8]) -> Result<(), ZipMismatch> {
        let found = Sha256::of(zip);
        if found == self.sha256 { Ok(()) } else { Err(ZipMismatch { found, expected: self.sha256 }) }
    }
}

fn zip_name(function: &FunctionName) -> String {
    format!("{function}.zip")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let name: FunctionName = "orders-api".parse().unwrap();
        let function = Function::native(&name, Architecture::Arm64, b"abc");
        Manifest { profile: Profile::Local, functions: [(name, function)].into() }
    }

    fn rejected(change: impl FnOnce(&mut Manifest)) -> String {
        let mut manifest = manifest();
        change(&mut manifest);
        Manifest::from_json(manifest.to_json().unwrap().as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn manifest_round_trips_through_its_file() {
        let json = manifest().to_json().unwrap();
        assert_eq!(Manifest::from_json(json.as_bytes()).unwrap(), manifest());
        let expected = concat!(
            r#"{"profile":"local","functions":{"orders-api":{"runtime":"provided.al2023","handler":"bootstrap","#,
            r#""architecture":"arm64","zip":"orders-api.zip","bytes":3,"#,
            r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","#,
            r#""sha256_base64":"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="}}}"#
        );
        assert_eq!(serde_json::to_string(&manifest()).unwrap(), expected);
    }

    #[test]
    fn manifest_that_contradicts_itself_is_rejected() {
        let change = |edit: fn(&mut Function)| rejected(|it| it.functions.values_mut().for_each(edit));
        assert_eq!(rejected(|it| it.functions.clear()), "it names no function");
        assert!(change(|it| it.zip = "../orders-api.zip".to_owned()).contains("found `../orders-api.zip`"));
        assert!(change(|it| it.sha256 = Sha256::of(b"other")).ends_with("of orders-api are different digests"));
    }

    #[test]
    fn manifest_without_a_profile_or_with_an_unknown_member_is_rejected() {
        let error = |json: &str| Manifest::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(error(r#"{"functions": {}}"#).starts_with("missing field `profile`"));
        assert!(error(r#"{"profile": "local", "functions": {}, "more": 1}"#).starts_with("unknown field `more`"));
    }

    #[test]
    fn zip_is_verified_by_its_digest() {
        let function = &manifest().functions["orders-api"];
        assert_eq!(function.verify(b"abc"), Ok(()));
        assert!(function.verify(b"abd").unwrap_err().to_string().starts_with("its SHA-256 is a52d159f"));
    }

    #[test]
    fn architecture_is_parsed_as_it_is_displayed() {
        for architecture in [Architecture::Arm64, Architecture::X86] {
            assert_eq!(architecture.to_string().parse(), Ok(architecture));
        }
        assert!("riscv".parse::<Architecture>().is_err());
    }
}
