//! What a day's results runs amount to together: counts, acceptance rate and total power.
//!
//! It is made from the day's summaries, the very files that [`summary`](crate::summary) writes. Power is summed exactly;
//! the rate is rounded to four places, half up, and absent when there was no order.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::amount::Total;
use crate::json::{self, Member, Value};
use crate::name::Slot;
use crate::text::text;

/// How deep an array of summaries is nested: itself, a summary, its lists, their lines.
const DEPTH: u8 = 8;

/// A day's results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// How many runs were closed.
    pub runs: u32,
    /// How many orders were accepted and are filed.
    pub accepted: u32,
    /// How many orders were rejected.
    pub rejected: u32,
    /// How many orders failed.
    pub failed: u32,
    /// The exact sum of the accepted orders' power.
    pub total_power: String,
}

/// Why a text is no list of summaries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum DayError {
    /// It is not a JSON array.
    NotAnArray,
    /// One of them is not as a run writes it.
    NotASummary {
        /// Which of them, from 0.
        index: usize,
        /// The member that is missing or wrong.
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

    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::NotAnArray => "the summaries are not a JSON array".to_owned(),
            Self::NotASummary { index, member } => text!["summary ", index, " has no valid `", member, "`"],
        }
    }
}

/// Adds a JSON array of summaries up. A slot that was run again counts once, by the summary that comes last.
///
/// # Errors
/// The first summary that cannot be read: a count that leaves one out would look complete.
pub fn day(summaries: &[u8]) -> Result<Day, DayError> {
    let Ok(Value::Array(summaries)) = json::read(summaries, DEPTH) else { return Err(DayError::NotAnArray) };
    let mut read: Vec<(Slot, [u32; 3], &str)> = Vec::new();
    for (index, summary) in summaries.iter().enumerate() {
        let wrong = |member| DayError::NotASummary { index, member };
        let Value::Object(members) = summary else { return Err(wrong("slot")) };
        let slot = text(members, "slot").and_then(|slot| Slot::parse(slot).ok()).ok_or_else(|| wrong("slot"))?;
        let count = |member| whole(members, member).ok_or_else(|| wrong(member));
        let counts = [count("accepted")?, count("rejected")?, count("failed")?];
        let power = text(members, "total_power").ok_or_else(|| wrong("total_power"))?;
        Total::new().add_text(power).map_err(|_| wrong("total_power"))?;
        read.retain(|(there, ..)| *there != slot);
        read.push((slot, counts, power));
    }
    let mut total = Total::new();
    for (index, (_, _, power)) in read.iter().enumerate() {
        total.add_text(power).map_err(|_| DayError::NotASummary { index, member: "total_power" })?;
    }
    let mut sums = [0_u32; 3];
    for (_, counts, _) in &read {
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
    }
    let [accepted, rejected, failed] = sums;
    Ok(Day {
        runs: u32::try_from(read.len()).unwrap_or(u32::MAX),
        accepted,
        rejected,
        failed,
        total_power: total.text(),
    })
}

impl Day {
    fn orders(&self) -> u64 {
        u64::from(self.accepted) + u64::from(self.rejected) + u64::from(self.failed)
    }

    /// The share of orders that were accepted, from `0.0000` to `1.0000`; `None` when there was no order.
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

fn member<'v, 'a>(members: &'v [Member<'a>], name: &str) -> Option<&'v Value<'a>> {
    members.iter().find(|member| member.key.characters == name).map(|member| &member.value)
}

fn text<'v>(members: &'v [Member<'_>], name: &str) -> Option<&'v str> {
    match member(members, name)? {
        Value::String(text) => Some(&text.characters),
        _ => None,
    }
}

fn whole(members: &[Member<'_>], name: &str) -> Option<u32> {
    match member(members, name)? {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Amount;
    use crate::summary::{Told, summarise};

    fn summary(slot: &str, accepted: u32, rejected: u32, power: &str) -> String {
        let power = Amount::parse(power).ok();
        let mut told: Vec<_> = (0..accepted).map(|position| Told::Accepted { position, power }).collect();
        told.extend((0..rejected).map(|position| Told::Rejected { position: accepted + position, why: "no".into() }));
        summarise(Slot::parse(slot).unwrap(), "run", 1, &told).file_json()
    }

    #[test]
    fn a_days_summaries_are_added_up() {
        let (one, two) = (summary("2026-11-22T07:05:00Z", 2, 1, "0.1"), summary("2026-11-22T07:10:00Z", 3, 0, "1e-20"));
        let day = day(format!("[{one},{two}]").as_bytes()).unwrap();
        assert_eq!(
            day.to_json(),
            r#"{"runs":2,"orders":6,"accepted":5,"rejected":1,"failed":0,"acceptance_rate":0.8333,"total_power":"0.20000000000000000003"}"#
        );
    }

    #[test]
    fn a_slot_that_was_run_again_counts_once() {
        let (one, two) = (summary("2026-11-22T07:05:00Z", 2, 1, "1"), summary("2026-11-22T07:05:00Z", 3, 0, "1"));
        let day = day(format!("[{one},{two}]").as_bytes()).unwrap();
        assert_eq!((day.runs, day.accepted, day.rejected), (1, 3, 0));
    }

    #[test]
    fn a_rate_is_rounded_half_up_whatever_the_counts() {
        let rate = |accepted, rejected| {
            let counts = Day { runs: 1, accepted, rejected, failed: 0, total_power: String::new() };
            counts.acceptance_rate().unwrap()
        };
        for (accepted, rejected, told) in [
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
            assert_eq!(rate(accepted, rejected), told, "{accepted} of {accepted} + {rejected}");
        }
    }

    #[test]
    fn a_day_without_orders_has_no_rate() {
        let day = day(b"[]").unwrap();
        assert_eq!(
            day.to_json(),
            r#"{"runs":0,"orders":0,"accepted":0,"rejected":0,"failed":0,"acceptance_rate":null,"total_power":"0"}"#
        );
    }

    #[test]
    fn what_is_no_summary_is_refused() {
        assert_eq!(day(b"{}").unwrap_err().code(), "not_an_array");
        let broken = summary("2026-11-22T07:05:00Z", 1, 0, "1").replace("\"rejected\":0", "\"rejected\":-1");
        let error = day(format!("[{broken}]").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "summary 0 has no valid `rejected`");
    }
}
