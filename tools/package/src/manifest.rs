//! Reads and writes `functions.json` in a folder of zips.

use std::fs;
use std::path::Path;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_release_format::{Function, FunctionName, Manifest, Profile};

/// Parses the name of a function.
///
/// # Errors
/// When it has other characters than lowercase letters, digits and hyphens.
pub fn function_name(text: &str) -> Result<FunctionName, Failure> {
    text.parse().map_err(|error| Failure::new(format!("{error}")))
}

/// Reads the manifest of a folder.
///
/// # Errors
/// When there is none or it is invalid.
pub fn read(folder: &Path) -> Result<Manifest, Failure> {
    let file = folder.join(Manifest::FILE_NAME);
    Manifest::from_json(&fs::read(&file).on_file("read", &file)?).on_file("parse", &file)
}

/// Writes the manifest of a folder unless it is unchanged, and removes zips that it does not name.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(
    folder: &Path,
    profile: Profile,
    functions: impl IntoIterator<Item = (FunctionName, Function)>,
) -> Result<(), Failure> {
    let manifest = Manifest { profile, functions: functions.into_iter().collect() };
    let file = folder.join(Manifest::FILE_NAME);
    let text = manifest.to_json().on_file("write", &file)?;
    if fs::read(&file).ok().as_deref() != Some(text.as_bytes()) {
        write_atomically(&file, text.as_bytes())?;
    }
    let zips = manifest.zips();
    for entry in fs::read_dir(folder).on_file("read", folder)?.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".zip") && !zips.contains(name.as_str()) {
            fs::remove_file(entry.path()).on_file("remove", &entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gridbid_release_format::Architecture;

    use super::*;

    #[test]
    fn removed_functions_lose_their_zips_and_unchanged_manifest_is_not_written() {
        let folder = std::env::temp_dir().join(format!("gridbid-manifest-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["a.zip", "gone.zip"] {
            fs::write(folder.join(name), "zip").unwrap();
        }
        let name = function_name("a").unwrap();
        let functions = || [(name.clone(), Function::native(&name, Architecture::X86, b"zip"))];
        write(&folder, Profile::Local, functions()).unwrap();
        assert!(folder.join("a.zip").is_file() && !folder.join("gone.zip").exists());
        let modified = || fs::metadata(folder.join(Manifest::FILE_NAME)).unwrap().modified().unwrap();
        let written = modified();
        write(&folder, Profile::Local, functions()).unwrap();
        assert_eq!(modified(), written);
        fs::remove_dir_all(folder).unwrap();
    }
}
