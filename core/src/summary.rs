//! The summary of a results run: counts, total power, and why orders were not stored.
//!
//! A summary depends on the outcomes alone, so that closing a run again writes the same bytes. The file lists everything; the
//! message to people shortens long lists.
//!
//! ```
//! use gridbid_core::{name::Slot, summary::{OrderOutcome, summarize}};
//!
//! let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
//! let rejected = OrderOutcome::Rejected { position: 0, reason: "the auction rejected `a`".into() };
//! let summary = summarize(slot, "run", 1, &[rejected]);
//! assert_eq!((summary.accepted, summary.rejected(), summary.is_quiet()), (0, 1, false));
//! ```

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::amount::{Amount, Total};
use crate::json;
use crate::name::Slot;
use crate::text::truncate;

/// Most rejections, and most failures, that a message lists.
pub const MESSAGE_LINES: usize = 20;
/// Most bytes of a reason, of an error's name, and of a run's name.
const TEXT_BYTES: usize = 200;

/// The outcome of one order, as the state machine reports it. `position` is the order's place in the platform's results, from
/// 0; `reason` is one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderOutcome {
    /// The order was accepted and stored.
    Accepted {
        /// Place in the results.
        position: u32,
        /// The order's power, if it has one.
        power: Option<Amount>,
    },
    /// The auction rejected the order.
    Rejected {
        /// Place in the results.
        position: u32,
        /// Why.
        reason: String,
    },
    /// The order could not be stored, or is malformed.
    Failed {
        /// Place in the results.
        position: u32,
        /// The error's name.
        error: String,
        /// Why.
        reason: String,
    },
}

/// A run's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The slot of the run.
    pub slot: Slot,
    /// The run: the ARN of the execution.
    pub run: String,
    /// Number of polls of the platform.
    pub polls: u32,
    /// Number of orders that were accepted and stored.
    pub accepted: usize,
    /// The exact sum of the accepted orders' power.
    pub total_power: String,
    rejections: Vec<Line>,
    failures: Vec<Line>,
}

/// An order that was not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    position: u32,
    error: Option<String>,
    reason: String,
}

/// Summarizes a run; the outcomes may be in any order.
#[must_use]
pub fn summarize(slot: Slot, run: &str, polls: u32, outcomes: &[OrderOutcome]) -> Summary {
    let mut total = Total::new();
    let (mut accepted, mut rejections, mut failures) = (0, Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            OrderOutcome::Accepted { power, .. } => {
                accepted += 1;
                power.iter().for_each(|power| total.add(power));
            }
            OrderOutcome::Rejected { position, reason } => {
                rejections.push(Line { position: *position, error: None, reason: truncate(reason, TEXT_BYTES) });
            }
            OrderOutcome::Failed { position, error, reason } => failures.push(Line {
                position: *position,
                error: Some(truncate(error, TEXT_BYTES)),
                reason: truncate(reason, TEXT_BYTES),
            }),
        }
    }
    rejections.sort_by_key(|line| line.position);
    failures.sort_by_key(|line| line.position);
    let (run, total_power) = (truncate(run, TEXT_BYTES), total.text());
    Summary { slot, run, polls, accepted, total_power, rejections, failures }
}

impl Summary {
    /// Number of orders that were rejected.
    #[must_use]
    pub fn rejected(&self) -> usize {
        self.rejections.len()
    }

    /// Number of orders that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.failures.len()
    }

    /// Whether no order was rejected and none failed, so that no message is sent.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.rejections.is_empty() && self.failures.is_empty()
    }

    /// The whole summary as JSON: the content of its file.
    #[must_use]
    pub fn file_json(&self) -> String {
        let mut out = "{".to_owned();
        self.write_members(&mut out, usize::MAX);
        out.push('}');
        out
    }

    /// The message to people as JSON, with `kind`, the environment, and lists of at most [`MESSAGE_LINES`] with the number of
    /// lines left out.
    #[must_use]
    pub fn message_json(&self, environment: &str) -> String {
        let more = |lines: &[Line]| lines.len().saturating_sub(MESSAGE_LINES);
        let mut out = "{\"kind\":\"run_summary\",\"environment\":".to_owned();
        json::write_string(&mut out, environment);
        out.push(',');
        self.write_members(&mut out, MESSAGE_LINES);
        let (rejections, failures) = (more(&self.rejections), more(&self.failures));
        out.push_str(&format!(",\"more_rejections\":{rejections},\"more_failures\":{failures}}}"));
        out
    }

    fn write_members(&self, out: &mut String, max_lines: usize) {
        let Self { slot, run, polls, accepted, total_power, rejections, failures } = self;
        let (rejected, failed) = (self.rejected(), self.failed());
        out.push_str(&format!("\"slot\":\"{slot}\",\"run\":"));
        json::write_string(out, run);
        out.push_str(&format!(
            ",\"polls\":{polls},\"accepted\":{accepted},\"rejected\":{rejected},\"failed\":{failed}"
        ));
        out.push_str(&format!(",\"total_power\":\"{total_power}\""));
        for (name, lines) in [("rejections", rejections), ("failures", failures)] {
            out.push_str(&format!(",\"{name}\":["));
            for (index, line) in lines.iter().take(max_lines).enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line.write_json(out);
            }
            out.push(']');
        }
    }
}

impl Line {
    fn write_json(&self, out: &mut String) {
        out.push_str(&format!("{{\"position\":{}", self.position));
        if let Some(error) = &self.error {
            out.push_str(",\"error\":");
            json::write_string(out, error);
        }
        out.push_str(",\"why\":");
        json::write_string(out, &self.reason);
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        Slot::parse("2026-11-22T07:05:00Z").unwrap()
    }

    fn accepted(position: u32, power: &str) -> OrderOutcome {
        OrderOutcome::Accepted { position, power: Some(Amount::parse(power).unwrap()) }
    }

    fn rejected(position: u32) -> OrderOutcome {
        OrderOutcome::Rejected { position, reason: format!("the auction rejected `order-{position}`") }
    }

    #[test]
    fn summary_has_counts_power_and_reasons() {
        let failed = OrderOutcome::Failed { position: 0, error: "Unavailable".into(), reason: "S3 is \"away\"".into() };
        let outcomes = [
            rejected(2),
            accepted(1, "0.1"),
            OrderOutcome::Accepted { position: 4, power: None },
            accepted(3, "0.2"),
            failed,
        ];
        let summary = summarize(slot(), "arn:run", 3, &outcomes);
        assert_eq!(
            summary.file_json(),
            concat!(
                r#"{"slot":"2026-11-22T07:05:00Z","run":"arn:run","polls":3,"accepted":3,"rejected":1,"failed":1,"#,
                r#""total_power":"0.3","rejections":[{"position":2,"why":"the auction rejected `order-2`"}],"#,
                r#""failures":[{"position":0,"error":"Unavailable","why":"S3 is \"away\""}]}"#
            )
        );
        assert!(!summary.is_quiet());
        assert!(summarize(slot(), "arn:run", 1, &[accepted(0, "1")]).is_quiet());
    }

    #[test]
    fn message_shortens_long_lists() {
        let outcomes: Vec<_> = (0..500).map(rejected).collect();
        let summary = summarize(slot(), "arn:run", 1, &outcomes);
        let message: serde_json::Value = serde_json::from_str(&summary.message_json("local")).unwrap();
        assert_eq!(message["kind"], "run_summary");
        assert_eq!(message["rejected"], 500);
        assert_eq!(message["rejections"].as_array().unwrap().len(), MESSAGE_LINES);
        assert_eq!(message["more_rejections"], 480);
        assert_eq!(message["more_failures"], 0);
        let file: serde_json::Value = serde_json::from_str(&summary.file_json()).unwrap();
        assert_eq!(file["rejections"].as_array().unwrap().len(), 500);
    }

    #[test]
    fn order_of_outcomes_does_not_matter() {
        let mut outcomes: Vec<_> = (0..9)
            .map(|position| if position % 2 == 0 { rejected(position) } else { accepted(position, "1.5") })
            .collect();
        let one = summarize(slot(), "arn:run", 1, &outcomes);
        outcomes.reverse();
        assert_eq!(summarize(slot(), "arn:run", 1, &outcomes), one);
    }
}
