//! The totals of a day's results runs: counts, acceptance rate and power.
//!
//! They are computed from the day's summaries, the files that [`summary`](crate::summary) writes. Power is summed exactly; the
//! rate is rounded half up to four places, and absent without orders.
//!
//! ```
//! let summary = r#"{"slot":"2026-11-22T07:05:00Z","accepted":2,"rejected":1,"failed":0,"total_power":"0.3"}"#;
//! let day = gridbid_core::day::total(format!("[{summary}]").as_bytes())?;
//! assert_eq!((day.runs, day.acceptance_rate().as_deref()), (1, Some("0.6667")));
//! # Ok::<(), gridbid_core::day::DayError>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::amount::Total;
use crate::json::{self, Value, integer_member, string_member};
use crate::name::Slot;
use crate::text::text;

/// Maximum number of levels of nesting in an array of summaries; summaries themselves need four.
const MAX_DEPTH: u8 = 8;

/// A day's totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayTotals {
    /// Number of slots with a run.
    pub runs: usize,
    /// Number of orders that were accepted and stored.
    pub accepted: u32,
    /// Number of orders that were rejected.
    pub rejected: u32,
    /// Number of orders that failed.
    pub failed: u32,
    /// The exact sum of the accepted orders' power.
    pub total_power: String,
}

/// Why a text is not an array of summaries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub enum DayError {
    /// It is not a JSON array.
    NotAnArray,
    /// One of the elements is not a summary.
    NotASummary {
        /// Index of the element, from 0.
        index: usize,
        /// The member that is missing or invalid, or that takes the day's total beyond what a total can hold.
        member: &'static str,
    },
}

impl DayError {
    /// The permanent code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnArray => "not_an_array",
            Self::NotASummary { .. } => "not_a_summary",
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::NotAnArray => "the summaries are not a JSON array".to_owned(),
            Self::NotASummary { index, member } => text!["summary ", index, " has no valid `", member, "`"],
        }
    }
}

/// Adds up a JSON array of summaries. A slot that was run again counts once, by its last summary.
///
/// # Errors
/// The first summary that is invalid: totals without it would look complete.
pub fn total(summaries: &[u8]) -> Result<DayTotals, DayError> {
    let Ok(Value::Array(summaries)) = json::parse(summaries, MAX_DEPTH) else { return Err(DayError::NotAnArray) };
    let mut runs: Vec<(usize, Slot, [u32; 3], &str)> = Vec::new();
    for (index, summary) in summaries.iter().enumerate() {
        let invalid = |member| DayError::NotASummary { index, member };
        let Value::Object(members) = summary else { return Err(invalid("slot")) };
        let slot =
            string_member(members, "slot").and_then(|slot| Slot::parse(slot).ok()).ok_or_else(|| invalid("slot"))?;
        let count = |member| integer_member(members, member).ok_or_else(|| invalid(member));
        let counts = [count("accepted")?, count("rejected")?, count("failed")?];
        let power = string_member(members, "total_power").ok_or_else(|| invalid("total_power"))?;
        Total::new().add_text(power).map_err(|_| invalid("total_power"))?;
        runs.retain(|(_, other, ..)| *other != slot);
        runs.push((index, slot, counts, power));
    }
    let (mut day, mut power) = (DayTotals { runs: runs.len(), ..DayTotals::default() }, Total::new());
    for (index, _, [accepted, rejected, failed], run_power) in runs {
        let invalid = |member| DayError::NotASummary { index, member };
        let add = |sum: u32, count, member| sum.checked_add(count).ok_or_else(|| invalid(member));
        day.accepted = add(day.accepted, accepted, "accepted")?;
        day.rejected = add(day.rejected, rejected, "rejected")?;
        day.failed = add(day.failed, failed, "failed")?;
        power.add_text(run_power).map_err(|_| invalid("total_power"))?;
    }
    day.total_power = power.text();
    Ok(day)
}

impl DayTotals {
    fn orders(&self) -> u64 {
        u64::from(self.accepted) + u64::from(self.rejected) + u64::from(self.failed)
    }

    /// The share of orders that were accepted, from `0.0000` to `1.0000`; `None` without orders.
    #[must_use]
    pub fn acceptance_rate(&self) -> Option<String> {
        let orders = self.orders();
        let rate = (20_000 * u64::from(self.accepted) + orders).checked_div(2 * orders)?;
        let digit = |place| rate / place % 10;
        Some(text![digit(10_000), ".", digit(1_000), digit(100), digit(10), digit(1)])
    }

    /// `{"runs":…,"orders":…,"accepted":…,"rejected":…,"failed":…,"acceptance_rate":…,"total_power":"…"}`, the rate a
    /// number or `null`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { runs, accepted, rejected, failed, total_power } = self;
        let orders = self.orders();
        let rate = self.acceptance_rate().unwrap_or_else(|| "null".to_owned());
        text![
            "{\"runs\":",
            runs,
            ",\"orders\":",
            orders,
            ",\"accepted\":",
            accepted,
            ",\"rejected\":",
            rejected,
            ",\"failed\":",
            failed,
            ",\"acceptance_rate\":",
            rate,
            ",\"total_power\":\"",
            total_power,
            "\"}",
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Amount;
    use crate::summary::{OrderOutcome, Summary};

    fn summary(slot: &str, accepted: u32, rejections: u32, power: &str) -> String {
        let power = Amount::parse(power).ok();
        let rejected = |position| OrderOutcome::Rejected { position: accepted + position, reason: "no".into() };
        let mut summary = Summary::new(Slot::parse(slot).unwrap(), 1, "run", 1);
        (0..accepted).for_each(|position| summary.add_order(&OrderOutcome::Accepted { position, power }));
        (0..rejections).for_each(|position| summary.add_order(&rejected(position)));
        summary.file_json()
    }

    #[test]
    fn summaries_are_added_up() {
        let (one, two) = (summary("2026-11-22T07:05:00Z", 2, 1, "0.1"), summary("2026-11-22T07:10:00Z", 3, 0, "1e-20"));
        let day = total(format!("[{one},{two}]").as_bytes()).unwrap();
        assert_eq!(
            day.to_json(),
            r#"{"runs":2,"orders":6,"accepted":5,"rejected":1,"failed":0,"acceptance_rate":0.8333,"total_power":"0.20000000000000000003"}"#
        );
    }

    #[test]
    fn slot_that_was_run_again_counts_once() {
        let (one, two) = (summary("2026-11-22T07:05:00Z", 2, 1, "1"), summary("2026-11-22T07:05:00Z", 3, 0, "1"));
        let day = total(format!("[{one},{two}]").as_bytes()).unwrap();
        assert_eq!((day.runs, day.accepted, day.rejected), (1, 3, 0));
    }

    #[test]
    fn rate_is_rounded_half_up() {
        let rate = |accepted, rejected| {
            let totals = DayTotals { runs: 1, accepted, rejected, failed: 0, total_power: String::new() };
            totals.acceptance_rate().unwrap()
        };
        for (accepted, rejected, expected) in [
            (0, 1, "0.0000"),
            (1, 0, "1.0000"),
            (1, 2, "0.3333"),
            (2, 1, "0.6667"),
            (1, 19_999, "0.0001"),
            (1, 20_000, "0.0000"),
            (19_999, 1, "1.0000"),
            (u32::MAX, u32::MAX, "0.5000"),
            (u32::MAX, 0, "1.0000"),
        ] {
            assert_eq!(rate(accepted, rejected), expected, "{accepted} of {accepted} + {rejected}");
        }
    }

    #[test]
    fn day_without_orders_has_no_rate() {
        let day = total(b"[]").unwrap();
        assert_eq!(
            day.to_json(),
            r#"{"runs":0,"orders":0,"accepted":0,"rejected":0,"failed":0,"acceptance_rate":null,"total_power":"0"}"#
        );
    }

    #[test]
    fn broken_summaries_are_rejected() {
        assert_eq!(total(b"{}").unwrap_err().code(), "not_an_array");
        let broken = summary("2026-11-22T07:05:00Z", 1, 0, "1").replace("\"rejected\":0", "\"rejected\":-1");
        let error = total(format!("[{broken}]").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "summary 0 has no valid `rejected`");
    }

    #[test]
    fn counts_beyond_32_bits_are_an_error() {
        let (one, two) = (summary("2026-11-22T07:05:00Z", 1, 0, "1"), summary("2026-11-22T07:10:00Z", 1, 0, "1"));
        let two = two.replace("\"accepted\":1", "\"accepted\":4294967295");
        let error = total(format!("[{one},{two}]").as_bytes()).unwrap_err();
        assert_eq!(error, DayError::NotASummary { index: 1, member: "accepted" });
    }

    #[test]
    fn power_beyond_every_total_is_an_error() {
        let huge = summary("2026-11-22T07:05:00Z", 1, 0, "1").replace("\"1\"", "\"1e9223372036854775640\"");
        let error = total(format!("[{huge}]").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "summary 0 has no valid `total_power`");
    }
}
