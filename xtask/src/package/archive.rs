//! A function's zip: the same bytes for the same files on every day and machine.
//!
//! Called by `package`, and by `bench`, which unpacks it again.

use std::fmt::Display;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use super::manifest::Profile;
use crate::failure::{Failure, OnFile};

/// Deflate's levels: a laptop's zips are made often and travel nowhere.
const QUICKEST: i64 = 1;
const SMALLEST: i64 = 9;

/// Zips a binary as Lambda's custom runtime wants it: executable, at the top, called `bootstrap`.
///
/// # Errors
/// When it is larger than a zip without extensions can hold (4 GiB).
pub fn bootstrap(binary: &[u8], profile: Profile) -> Result<Vec<u8>, Failure> {
    zip([("bootstrap", binary, 0o755)], profile)
}

/// Zips a function's files by their names, in the order given.
///
/// # Errors
/// As [`bootstrap`].
pub fn files(files: &[(String, Vec<u8>)], profile: Profile) -> Result<Vec<u8>, Failure> {
    zip(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice(), 0o644)), profile)
}

/// Unpacks a zip into a folder (replaced), as Lambda does before a function's first start.
///
/// # Errors
/// When it is no zip, or the folder cannot be written to.
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
            // The oldest time that a zip can tell: it says nothing about when or where it was made.
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
    fn the_same_binary_gives_the_same_zip_with_one_executable_file() {
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
