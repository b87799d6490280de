//! SHA-256 in hexadecimal.

use sha2::{Digest, Sha256};

/// The digest of bytes in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A digest of the names and contents of files, in the given order.
#[must_use]
pub fn sha256_of_files(files: &[(String, Vec<u8>)]) -> String {
    let digests: String = files.iter().map(|(name, bytes)| format!("{name} {}\n", sha256_hex(bytes))).collect();
    sha256_hex(digests.as_bytes())
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_of_abc_is_the_published_one() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), known);
    }
}
