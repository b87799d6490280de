//! Zips of functions: the same bytes for the same files at any time and on any machine.

use std::fmt::Display;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_release_format::Profile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

/// Deflate levels: zips for a laptop are made often and never uploaded over a network.
const QUICKEST: i64 = 1;
const SMALLEST: i64 = 9;

/// Zips a binary for Lambda's custom runtime: an executable `bootstrap` at the top level.
///
/// # Errors
/// When it exceeds the limit of a zip without extensions (4 GiB).
pub fn bootstrap(binary: &[u8], profile: Profile) -> Result<Vec<u8>, Failure> {
    zip([("bootstrap", binary, 0o755)], profile)
}

/// Zips the files of a function in the given order.
///
/// # Errors
/// As [`bootstrap`].
pub fn files(files: &[(String, Vec<u8>)], profile: Profile) -> Result<Vec<u8>, Failure> {
    zip(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice(), 0o644)), profile)
}

/// Replaces a folder by the content of a zip, as Lambda does before the first start of a function.
///
/// # Errors
/// When the zip is invalid or the folder cannot be written to.
pub fn unpack(zip: &[u8], folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).on_file("remove", folder)?;
    }
    let mut zip = ZipArchive::new(Cursor::new(zip)).on_file("unpack into", folder)?;
    zip.extract(folder).on_file("unpack into", folder)
}

fn zip<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8], u32)>, profile: Profile) -> Result<Vec<u8>, Failure> {
    let level = match profile {
        Profile::Local => QUICKEST,
        Profile::Release => SMALLEST,
    };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, mode) in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level))
            // The oldest time that a zip can represent: the bytes must not depend on when they were made.
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(mode)
            .system(System::Unix);
        zip.start_file(name, options).and_then(|()| Ok(zip.write_all(bytes)?)).map_err(cannot)?;
    }
    zip.finish().map(Cursor::into_inner).map_err(cannot)
}

fn cannot(error: impl Display) -> Failure {
    Failure::new(format!("cannot make a zip: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zips_of_the_same_binary_are_equal_and_have_one_executable_file() {
        let bytes = bootstrap(b"not really a binary", Profile::Release).unwrap();
        assert_eq!(bytes, bootstrap(b"not really a binary", Profile::Release).unwrap());
        let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(zip.len(), 1);
        let file = zip.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode(), Some(0o100_755));
        let time = file.last_modified().unwrap();
        assert_eq!((time.year(), time.month(), time.day(), time.hour()), (1980, 1, 1, 0));
    }
}
