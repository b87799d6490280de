//! Names that follow from what they name: a run's slot, and the S3 keys of its results.
//!
//! A key never contains a clock's reading or a random part, so that filing the same order of the same slot again is
//! filing it under the same key, and two different orders never share one.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::expiry::Instant;
use crate::text::put_number;

/// The slot of a results run: the scheduled time that it stands for, in whole seconds of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(Instant);

/// A text is no slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a slot: a time like `2026-11-22T07:05:00Z` is")]
pub struct SlotError {
    text: String,
}

impl Slot {
    /// Reads `YYYY-MM-DDTHH:MM:SSZ`.
    ///
    /// # Errors
    /// Any other form, and a day or time that does not exist.
    pub fn parse(text: &str) -> Result<Self, SlotError> {
        Instant::parse(text).map(Self).ok_or_else(|| SlotError { text: crate::shortened(text, 40) })
    }

    /// The slot's date in UTC, `2026-11-22`.
    #[must_use]
    pub fn date(&self) -> String {
        self.0.date()
    }

    /// The slot in keys, ISO 8601's basic form: `20261122T070500Z`.
    #[must_use]
    pub fn key(&self) -> String {
        self.to_string().replace(['-', ':'], "")
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// The SHA-256 of an order's canonical bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// 64 lower-case hexadecimal digits.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.0.iter().for_each(|byte| put_number(&mut text, u64::from(*byte), 16, 2));
        text
    }

    /// The first 8 bytes as 16 lower-case hexadecimal digits, the part that stands in keys.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(16).collect()
    }
}

impl fmt::Display for Digest {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text())
    }
}

/// Where an accepted order is filed: `results/2026-11-22/20261122T070500Z/0000-<16 hex>.json`.
///
/// `position` is the order's place in the platform's answer, from 0.
#[must_use]
pub fn result_key(slot: &Slot, position: u32, digest: &Digest) -> String {
    format!("results/{}/{}/{position:04}-{}.json", slot.date(), slot.key(), digest.short())
}

/// Where a run's summary is filed: `summaries/2026-11-22/20261122T070500Z.json`.
#[must_use]
pub fn summary_key(slot: &Slot) -> String {
    format!("summaries/{}/{}.json", slot.date(), slot.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_from_slot_position_and_content() {
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        let digest = Digest::of(br#"{"order":"accepted"}"#);
        assert_eq!(digest.short(), digest.to_string()[..16]);
        assert_eq!(
            result_key(&slot, 7, &digest),
            format!("results/2026-11-22/20261122T070500Z/0007-{}.json", digest.short())
        );
        assert_eq!(summary_key(&slot), "summaries/2026-11-22/20261122T070500Z.json");
    }

    #[test]
    fn a_digest_is_sha_256() {
        assert_eq!(Digest::of(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_bad_slot_is_shown_shortened() {
        let error = Slot::parse("next tuesday").unwrap_err();
        assert_eq!(error.to_string(), "`next tuesday` is not a slot: a time like `2026-11-22T07:05:00Z` is");
        assert!(Slot::parse(&"x".repeat(1_000)).unwrap_err().to_string().len() < 120);
    }
}
