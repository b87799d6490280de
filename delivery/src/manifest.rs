//! `functions.json` and the zips beside it, as a build left them: read, and held to what they must be.
//!
//! xtask writes the file (its `package::manifest`, to which a test here holds this reader); Terraform reads its member
//! `functions`. Promises that each zip is the one that the manifest names and, unless told otherwise, that its binaries run
//! on Lambda.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256 as Hasher};
use zip::ZipArchive;

use crate::binary;
use crate::failure::Failure;
use crate::names::{FunctionName, Sha256};

/// The manifest's file name.
pub(crate) const FILE_NAME: &str = "functions.json";
/// A file in a zip may have so many bytes: Lambda's own limit for the whole.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// How the functions were compiled.
    pub(crate) profile: Profile,
    /// The functions by name.
    pub(crate) functions: BTreeMap<FunctionName, Function>,
}

/// How functions are compiled: by the cargo profile of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    /// For production.
    Release,
    /// Quickly, for the local cloud.
    Local,
}

impl Profile {
    /// The profile of every release that was made before releases recorded one.
    pub(crate) const fn of_older_releases() -> Self {
        Self::Release
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Release => "release",
            Self::Local => "local",
        })
    }
}

/// What there is to know of one function's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Function {
    /// Lambda's name of the runtime.
    pub(crate) runtime: String,
    /// The entry.
    pub(crate) handler: String,
    /// `x86_64` or `arm64`.
    pub(crate) architecture: String,
    /// The zip's file name.
    pub(crate) zip: String,
    /// The zip's size.
    pub(crate) bytes: u64,
    /// The zip's SHA-256 in hex: the key in the artifacts bucket.
    pub(crate) sha256: Sha256,
    /// The same in base64: what Lambda tells.
    pub(crate) sha256_base64: String,
}

impl Function {
    /// The zip's key in the artifacts bucket.
    pub(crate) fn key(&self, name: &FunctionName) -> String {
        format!("functions/{name}/{}.zip", self.sha256)
    }
}

/// A build: the manifest and each function's zip.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// The zips by function.
    pub(crate) zips: BTreeMap<FunctionName, Vec<u8>>,
}

/// Which binaries may be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binaries {
    /// Only those that run on Lambda.
    ForLambda,
    /// Those of this machine too: for the local cloud.
    OfThisMachine,
}

impl Build {
    /// Reads a folder that holds `functions.json` and its zips.
    ///
    /// # Errors
    /// When there is no manifest or a member of it is missing; the first function whose zip is missing, is another one than
    /// the manifest says, or cannot run on Lambda.
    pub(crate) fn read(folder: &Path, binaries: Binaries) -> Result<Self, Failure> {
        let file = folder.join(FILE_NAME);
        let unreadable = |why: &dyn fmt::Display| {
            Failure::new(format!("cannot read `{}`: {why}", file.display())).with_todo(
                "build the functions again with `cargo xtask package` or `nix build .#functions`, and name the folder that it makes",
            )
        };
        let text = fs::read(&file).map_err(|error| unreadable(&error))?;
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        if manifest.functions.is_empty() {
            return Err(unreadable(&"it names no function"));
        }
        let mut zips = BTreeMap::new();
        for (name, function) in &manifest.functions {
            let zip = fs::read(folder.join(&function.zip))
                .map_err(|error| Failure::new(format!("cannot read the zip of {name}: {error}")))?;
            is_named(name, function, &zip)?;
            if binaries == Binaries::ForLambda {
                runs_on_lambda(name, function, &zip)?;
            }
            zips.insert(name.clone(), zip);
        }
        Ok(Self { manifest, zips })
    }
}

/// The zip is the one that the manifest means.
fn is_named(name: &FunctionName, function: &Function, zip: &[u8]) -> Result<(), Failure> {
    let (hex, base64) = digests(zip);
    let same =
        function.sha256.as_str() == hex && function.sha256_base64 == base64 && function.bytes == zip.len() as u64;
    if same {
        return Ok(());
    }
    let sentence = format!("{} is not the zip of {name} that functions.json names: its SHA-256 is {hex}", function.zip);
    Err(Failure::new(sentence).with_todo("build the functions again"))
}

/// The SHA-256 of bytes in hex and in base64.
pub(crate) fn digests(bytes: &[u8]) -> (String, String) {
    let digest = Hasher::digest(bytes);
    (digest.iter().map(|byte| format!("{byte:02x}")).collect(), STANDARD.encode(digest))
}

fn runs_on_lambda(name: &FunctionName, function: &Function, zip: &[u8]) -> Result<(), Failure> {
    let broken = |why: &dyn fmt::Display| Failure::new(format!("the zip of {name} cannot be read: {why}"));
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(|error| broken(&error))?;
    let mut has_bootstrap = false;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| broken(&error))?;
        let path = file.name().map_err(|error| broken(&error))?.to_string();
        let mut bytes = Vec::new();
        file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
        let is_bootstrap = path == "bootstrap";
        has_bootstrap |= is_bootstrap;
        if !is_bootstrap && !binary::is_elf(&bytes) {
            continue;
        }
        let fit = binary::of_architecture(&bytes, &function.architecture);
        let fit = if is_bootstrap { fit.and_then(|()| binary::is_static(&bytes)) } else { fit };
        fit.map_err(|unfit| {
            Failure::new(format!("{name}: `{path}` cannot run on Lambda: {unfit}"))
                .with_todo("release what `nix build .#functions` makes; what cargo builds for a laptop never ships")
        })?;
    }
    if function.runtime.starts_with("provided") && !has_bootstrap {
        return Err(Failure::new(format!("the zip of {name} holds no `bootstrap`, which its runtime starts")));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use object::elf::{EM_AARCH64, EM_X86_64};
    use xtask::package::manifest as written;

    use super::*;
    use crate::binary::tests::elf;

    /// A folder of its own that goes away with it.
    pub(crate) struct Folder(pub(crate) PathBuf);

    impl Folder {
        pub(crate) fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("gridbid-delivery-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// A zip of one file.
    pub(crate) fn zip_of(path: &str, bytes: &[u8]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
        zip.finish().unwrap().into_inner()
    }

    fn native() -> u16 {
        if cfg!(target_arch = "aarch64") { EM_AARCH64 } else { EM_X86_64 }
    }

    fn foreign() -> u16 {
        if cfg!(target_arch = "aarch64") { EM_X86_64 } else { EM_AARCH64 }
    }

    /// Writes a build with xtask's writer and reads it with ours.
    fn read(folder: &Folder, runtime: &str, path: &str, bytes: &[u8], binaries: Binaries) -> Result<Build, Failure> {
        let zip = zip_of(path, bytes);
        fs::write(folder.0.join("orders-api.zip"), &zip).unwrap();
        let function =
            written::Function::new("orders-api", runtime, "bootstrap", written::Architecture::of_this_machine(), &zip);
        written::write(&folder.0, written::Profile::Release, [("orders-api".to_owned(), function)]).unwrap();
        Build::read(&folder.0, binaries)
    }

    const NATIVE: &str = "provided.al2023";

    #[test]
    fn what_xtask_writes_is_read_and_written_again_as_the_same_json() {
        let folder = Folder::new("reader");
        let build = read(&folder, NATIVE, "bootstrap", &elf(native(), None), Binaries::ForLambda).unwrap();
        let (name, function) = build.manifest.functions.first_key_value().unwrap();
        assert_eq!(function.key(name), format!("functions/orders-api/{}.zip", function.sha256));
        let json: serde_json::Value = serde_json::from_slice(&fs::read(folder.0.join(FILE_NAME)).unwrap()).unwrap();
        assert_eq!(serde_json::to_value(&build.manifest).unwrap(), json);
    }

    #[test]
    fn profile_is_read_in_the_words_that_xtask_writes() {
        let folder = Folder::new("profile");
        let build = read(&folder, NATIVE, "bootstrap", &elf(native(), None), Binaries::ForLambda).unwrap();
        assert_eq!(build.manifest.profile, Profile::Release);
        let zip = fs::read(folder.0.join("orders-api.zip")).unwrap();
        let function = written::Function::native("orders-api", written::Architecture::of_this_machine(), &zip);
        written::write(&folder.0, written::Profile::Local, [("orders-api".to_owned(), function)]).unwrap();
        let build = Build::read(&folder.0, Binaries::ForLambda).unwrap();
        assert_eq!((build.manifest.profile, build.manifest.profile.to_string()), (Profile::Local, "local".to_owned()));
    }

    #[test]
    fn manifest_without_a_profile_is_refused_with_the_advice_to_build_again() {
        let folder = Folder::new("no-profile");
        read(&folder, NATIVE, "bootstrap", &elf(native(), None), Binaries::ForLambda).unwrap();
        let file = folder.0.join(FILE_NAME);
        let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        json.as_object_mut().unwrap().remove("profile");
        fs::write(&file, json.to_string()).unwrap();
        let refused = Build::read(&folder.0, Binaries::ForLambda).unwrap_err().report().to_string();
        assert!(
            refused.contains("missing field `profile`") && refused.contains("build the functions again"),
            "{refused}"
        );
    }

    #[test]
    fn what_a_laptop_builds_is_only_released_where_it_is_allowed() {
        let folder = Folder::new("laptop");
        let binary = elf(native(), Some("/lib64/ld-linux-x86-64.so.2"));
        let refused = read(&folder, NATIVE, "bootstrap", &binary, Binaries::ForLambda).unwrap_err();
        assert!(refused.to_string().contains("it is not static"), "{refused}");
        assert!(read(&folder, NATIVE, "bootstrap", &binary, Binaries::OfThisMachine).is_ok());
    }

    #[test]
    fn a_binary_for_another_architecture_is_refused_wherever_it_lies() {
        let folder = Folder::new("architecture");
        for (runtime, path) in [(NATIVE, "bootstrap"), ("python3.13", "wasmtime/_linux.so")] {
            let refused = read(&folder, runtime, path, &elf(foreign(), None), Binaries::ForLambda).unwrap_err();
            assert!(refused.to_string().contains(path) && refused.to_string().contains("is built for"), "{refused}");
        }
    }

    #[test]
    fn a_zip_without_a_bootstrap_is_refused_for_a_runtime_that_starts_it() {
        let folder = Folder::new("bootstrap");
        let refused = read(&folder, NATIVE, "main", &elf(native(), None), Binaries::ForLambda).unwrap_err();
        assert!(refused.to_string().contains("holds no `bootstrap`"), "{refused}");
        assert!(read(&folder, "nodejs22.x", "index.mjs", b"export {}", Binaries::ForLambda).is_ok());
    }

    #[test]
    fn another_zip_than_the_manifest_names_is_refused() {
        let folder = Folder::new("hash");
        read(&folder, NATIVE, "bootstrap", &elf(native(), None), Binaries::ForLambda).unwrap();
        fs::write(folder.0.join("orders-api.zip"), "cut").unwrap();
        let refused = Build::read(&folder.0, Binaries::OfThisMachine).unwrap_err();
        assert!(refused.to_string().starts_with("orders-api.zip is not the zip of orders-api"), "{refused}");
        fs::remove_file(folder.0.join(FILE_NAME)).unwrap();
        let refused = Build::read(&folder.0, Binaries::OfThisMachine).unwrap_err();
        assert!(refused.report().to_string().contains("nix build .#functions"), "{refused}");
    }
}
