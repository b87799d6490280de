//! SHA-256 of bytes, in hex. Called by whatever stamps or names a file by its content.

use sha2::{Digest, Sha256};

/// The digest in lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A digest of files: of their names and contents, in the order given.
#[must_use]
pub fn sha256_of_files(files: &[(String, Vec<u8>)]) -> String {
    let digests: String = files.iter().map(|(name, bytes)| format!("{name} {}\n", sha256_hex(bytes))).collect();
    sha256_hex(digests.as_bytes())
}

/// Bytes in lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_abc_is_the_known_one() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), known);
    }
}
