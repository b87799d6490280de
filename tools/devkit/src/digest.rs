//! SHA-256 in lowercase hexadecimal.

use gridbid_release_format::Sha256;

/// The digest of bytes.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}

/// A digest of the names and contents of files, in the given order.
#[must_use]
pub fn sha256_of_files(files: &[(String, Vec<u8>)]) -> String {
    let digests: String = files.iter().map(|(name, bytes)| format!("{name} {}\n", sha256_hex(bytes))).collect();
    sha256_hex(digests.as_bytes())
}
