//! Derived names: the slot of a run, and the S3 keys of its results.
//!
//! A key contains neither the current time nor a random part: storing the same order of the same slot and attempt again writes
//! the same key, and different orders have different keys.
//!
//! ```
//! use gridbid_core::name::{Digest, Slot, result_key};
//!
//! let slot = Slot::parse("2026-11-22T07:05:00Z")?;
//! let key = result_key(&slot, 1, 7, &Digest::of(b"abc"));
//! assert_eq!(key, "results/2026-11-22/20261122T070500Z/1/0007-ba7816bf8f01cfea.json");
//! # Ok::<(), gridbid_core::name::SlotError>(())
//! ```

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::expiry::Timestamp;
use crate::text::{append_number, truncate};

/// The slot of a results run: its scheduled time in UTC, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(Timestamp);

/// A text is not a slot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a slot: a time like `2026-11-22T07:05:00Z` is")]
pub struct SlotError {
    text: String,
}

impl Slot {
    /// Parses `YYYY-MM-DDTHH:MM:SSZ`.
    ///
    /// # Errors
    /// For any other form, and for a day or time that does not exist.
    pub fn parse(text: &str) -> Result<Self, SlotError> {
        Timestamp::parse(text).map(Self).ok_or_else(|| SlotError { text: truncate(text, 40) })
    }

    /// The slot's date in UTC, `2026-11-22`.
    #[must_use]
    pub fn date(&self) -> String {
        self.0.date()
    }

    /// The slot in S3 keys, in the basic format of ISO 8601: `20261122T070500Z`.
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

/// The SHA-256 of an order's canonical JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn into_bytes(self) -> [u8; 32] {
        self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.0.iter().for_each(|byte| append_number(&mut text, u64::from(*byte), 16, 2));
        text
    }

    /// The first 8 bytes as 16 lower-case hexadecimal digits, for S3 keys.
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

/// The S3 prefix of an attempt's objects of one kind: `results/2026-11-22/20261122T070500Z/1/`. Attempts count from 1.
fn attempt_prefix(kind: &str, slot: &Slot, attempt: u32) -> String {
    format!("{kind}/{}/{}/{attempt}/", slot.date(), slot.key())
}

/// The S3 key of an accepted order: `results/2026-11-22/20261122T070500Z/1/0000-<16 hex>.json`.
///
/// `position` is the order's place in the platform's results, from 0.
#[must_use]
pub fn result_key(slot: &Slot, attempt: u32, position: u32, digest: &Digest) -> String {
    format!("{}{position:04}-{}.json", attempt_prefix("results", slot, attempt), digest.short())
}

/// The S3 key of a batch's accepted orders: `results/2026-11-22/20261122T070500Z/1/0.jsonl`.
#[must_use]
pub fn batch_result_key(slot: &Slot, attempt: u32, n: u32) -> String {
    format!("{}{n}.jsonl", attempt_prefix("results", slot, attempt))
}

/// The S3 key of a batch's report: `reports/2026-11-22/20261122T070500Z/1/0.json`.
#[must_use]
pub fn report_key(slot: &Slot, attempt: u32, n: u32) -> String {
    format!("{}{n}.json", reports_prefix(slot, attempt))
}

/// The S3 prefix of the reports of an attempt: `reports/2026-11-22/20261122T070500Z/1/`.
#[must_use]
pub fn reports_prefix(slot: &Slot, attempt: u32) -> String {
    attempt_prefix("reports", slot, attempt)
}

/// The S3 key of a batch of the frozen answer: `answers/2026-11-22/20261122T070500Z/1/<64 hex>/0.jsonl`.
#[must_use]
pub fn answer_key(slot: &Slot, attempt: u32, digest: &Digest, n: u32) -> String {
    format!("{}{digest}/{n}.jsonl", attempt_prefix("answers", slot, attempt))
}

/// The S3 key of the frozen answer's manifest: `answers/2026-11-22/20261122T070500Z/1/manifest.json`.
#[must_use]
pub fn manifest_key(slot: &Slot, attempt: u32) -> String {
    format!("{}manifest.json", attempt_prefix("answers", slot, attempt))
}

/// The S3 key of the summary of a slot's newest closed run: `summaries/2026-11-22/20261122T070500Z.json`. Not one per attempt:
/// the summary names its attempt.
#[must_use]
pub fn summary_key(slot: &Slot) -> String {
    format!("summaries/{}/{}.json", slot.date(), slot.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_derived_from_slot_position_and_content() {
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        let digest = Digest::of(br#"{"order":"accepted"}"#);
        assert_eq!(digest.short(), digest.to_string()[..16]);
        assert_eq!(
            result_key(&slot, 2, 7, &digest),
            format!("results/2026-11-22/20261122T070500Z/2/0007-{}.json", digest.short())
        );
        assert_eq!(batch_result_key(&slot, 2, 11), "results/2026-11-22/20261122T070500Z/2/11.jsonl");
        assert_eq!(report_key(&slot, 2, 11), "reports/2026-11-22/20261122T070500Z/2/11.json");
        assert_eq!(
            answer_key(&slot, 2, &digest, 11),
            format!("answers/2026-11-22/20261122T070500Z/2/{digest}/11.jsonl")
        );
        assert_eq!(manifest_key(&slot, 2), "answers/2026-11-22/20261122T070500Z/2/manifest.json");
        assert_eq!(summary_key(&slot), "summaries/2026-11-22/20261122T070500Z.json");
    }

    #[test]
    fn digest_is_sha_256() {
        assert_eq!(Digest::of(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn invalid_slot_is_truncated_in_the_error() {
        let error = Slot::parse("next tuesday").unwrap_err();
        assert_eq!(error.to_string(), "`next tuesday` is not a slot: a time like `2026-11-22T07:05:00Z` is");
        assert!(Slot::parse(&"x".repeat(1_000)).unwrap_err().to_string().len() < 120);
    }
}
