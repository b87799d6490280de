//! SHA-256 digests in the two spellings that AWS uses: hex in object keys, base64 in Lambda's `CodeSha256` and S3's checksums.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A SHA-256 digest, displayed and serialized as 64 lowercase hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

/// A text that is not a SHA-256 in hex.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256: expected 64 lowercase hex digits")]
pub struct InvalidSha256(String);

impl Sha256 {
    /// Hashes bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Parses the base64 spelling; `None` when the text is not the base64 of exactly 32 bytes.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The base64 spelling.
    #[must_use]
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl FromStr for Sha256 {
    type Err = InvalidSha256;

    fn from_str(text: &str) -> Result<Self, InvalidSha256> {
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
        let bytes = bytes.filter(|_| rest.is_empty()).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| InvalidSha256(text.to_owned()))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = InvalidSha256;

    fn try_from(text: String) -> Result<Self, InvalidSha256> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const BASE64: &str = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

    #[test]
    fn both_spellings_round_trip() {
        let digest = Sha256::of(b"abc");
        assert_eq!((digest.to_string().as_str(), digest.to_base64().as_str()), (HEX, BASE64));
        assert_eq!((HEX.parse(), Sha256::from_base64(BASE64)), (Ok(digest), Some(digest)));
    }

    #[test]
    fn anything_but_a_digest_is_rejected() {
        for wrong in ["", &HEX[1..], &HEX.to_uppercase(), &format!("{HEX}00"), BASE64] {
            assert!(wrong.parse::<Sha256>().is_err(), "{wrong}");
        }
        // S3's checksum of a multipart upload is a digest of digests, marked by the number of parts.
        assert_eq!(Sha256::from_base64(&format!("{BASE64}-2")), None);
    }
}
