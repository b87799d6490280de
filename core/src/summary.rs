//! What a results run amounts to: counts, total power, and why the orders that were not filed were not.
//!
//! A summary is the same for the same outcomes, whoever computes it and when, so that closing a run again writes the
//! same bytes. The file holds everything; the message to people cuts long lists.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::amount::{Amount, Total};
use crate::json;
use crate::name::Slot;
use crate::shortened;

/// How many rejections, and how many failures, a message lists.
pub const LISTED: usize = 20;
/// The most bytes of a reason, of an error's name, of a run's name.
const REASON_BYTES: usize = 200;

/// What became of one order, as the state machine tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was filed.
    Accepted {
        /// Its place in the platform's answer, from 0.
        position: u32,
        /// Its power, if it has one.
        power: Option<Amount>,
    },
    /// The auction rejected it.
    Rejected {
        /// Its place in the platform's answer, from 0.
        position: u32,
        /// One sentence.
        why: String,
    },
    /// It could not be filed, or its result not be understood.
    Failed {
        /// Its place in the platform's answer, from 0.
        position: u32,
        /// The error's name.
        error: String,
        /// One sentence.
        why: String,
    },
}

/// A run's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The slot that was run.
    pub slot: Slot,
    /// The run: the execution's ARN.
    pub run: String,
    /// How often the platform was asked.
    pub polls: u32,
    /// How many orders were accepted and are filed.
    pub accepted: u32,
    /// How many orders were rejected.
    pub rejected: u32,
    /// How many orders failed.
    pub failed: u32,
    /// The exact sum of the accepted orders' power.
    pub total_power: String,
    rejections: Vec<Line>,
    failures: Vec<Line>,
}

/// An order that was not filed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    position: u32,
    error: Option<String>,
    why: String,
}

/// Makes a run's summary; the outcomes may come in any order.
#[must_use]
pub fn summarise(slot: Slot, run: &str, polls: u32, told: &[Told]) -> Summary {
    let mut total = Total::new();
    let (mut rejections, mut failures) = (Vec::new(), Vec::new());
    let mut accepted: u32 = 0;
    for outcome in told {
        match outcome {
            Told::Accepted { power, .. } => {
                accepted = accepted.saturating_add(1);
                power.iter().for_each(|power| total.add(power));
            }
            Told::Rejected { position, why } => {
                rejections.push(Line { position: *position, error: None, why: shortened(why, REASON_BYTES) });
            }
            Told::Failed { position, error, why } => failures.push(Line {
                position: *position,
                error: Some(shortened(error, REASON_BYTES)),
                why: shortened(why, REASON_BYTES),
            }),
        }
    }
    rejections.sort_by_key(|line| line.position);
    failures.sort_by_key(|line| line.position);
    Summary {
        slot,
        run: shortened(run, REASON_BYTES),
        polls,
        accepted,
        rejected: u32::try_from(rejections.len()).unwrap_or(u32::MAX),
        failed: u32::try_from(failures.len()).unwrap_or(u32::MAX),
        total_power: total.text(),
        rejections,
        failures,
    }
}

impl Summary {
    /// Whether there is nothing to tell: no order was rejected and none failed.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.rejections.is_empty() && self.failures.is_empty()
    }

    /// The whole summary as JSON, as it is filed.
    #[must_use]
    pub fn file_json(&self) -> String {
        let mut out = "{".to_owned();
        self.write_members(&mut out, usize::MAX);
        out.push('}');
        out
    }

    /// The message to people as JSON, with `kind`, the environment, and lists of at most [`LISTED`] and how many more
    /// there are.
    #[must_use]
    pub fn message_json(&self, environment: &str) -> String {
        let more = |lines: &[Line]| lines.len().saturating_sub(LISTED);
        let mut out = "{\"kind\":\"run_summary\",\"environment\":".to_owned();
        json::write_string(&mut out, environment);
        out.push(',');
        self.write_members(&mut out, LISTED);
        let (rejections, failures) = (more(&self.rejections), more(&self.failures));
        out.push_str(&format!(",\"more_rejections\":{rejections},\"more_failures\":{failures}}}"));
        out
    }

    fn write_members(&self, out: &mut String, listed: usize) {
        let Self { slot, run, polls, accepted, rejected, failed, total_power, rejections, failures } = self;
        out.push_str(&format!("\"slot\":\"{slot}\",\"run\":"));
        json::write_string(out, run);
        out.push_str(&format!(
            ",\"polls\":{polls},\"accepted\":{accepted},\"rejected\":{rejected},\"failed\":{failed}"
        ));
        out.push_str(&format!(",\"total_power\":\"{total_power}\""));
        for (name, lines) in [("rejections", rejections), ("failures", failures)] {
            out.push_str(&format!(",\"{name}\":["));
            for (index, line) in lines.iter().take(listed).enumerate() {
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
        json::write_string(out, &self.why);
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        Slot::parse("2026-11-22T07:05:00Z").unwrap()
    }

    fn accepted(position: u32, power: &str) -> Told {
        Told::Accepted { position, power: Some(Amount::parse(power).unwrap()) }
    }

    fn rejected(position: u32) -> Told {
        Told::Rejected { position, why: format!("the auction rejected `order-{position}`") }
    }

    #[test]
    fn a_summary_counts_sums_and_says_why() {
        let failed = Told::Failed { position: 0, error: "Unavailable".into(), why: "S3 is \"away\"".into() };
        let told =
            [rejected(2), accepted(1, "0.1"), Told::Accepted { position: 4, power: None }, accepted(3, "0.2"), failed];
        let summary = summarise(slot(), "arn:run", 3, &told);
        assert_eq!(
            summary.file_json(),
            concat!(
                r#"{"slot":"2026-11-22T07:05:00Z","run":"arn:run","polls":3,"accepted":3,"rejected":1,"failed":1,"#,
                r#""total_power":"0.3","rejections":[{"position":2,"why":"the auction rejected `order-2`"}],"#,
                r#""failures":[{"position":0,"error":"Unavailable","why":"S3 is \"away\""}]}"#
            )
        );
        assert!(!summary.is_quiet());
        assert!(summarise(slot(), "arn:run", 1, &[accepted(0, "1")]).is_quiet());
    }

    #[test]
    fn a_message_cuts_long_lists_and_says_how_many_more_there_are() {
        let told: Vec<_> = (0..500).map(rejected).collect();
        let summary = summarise(slot(), "arn:run", 1, &told);
        let message: serde_json::Value = serde_json::from_str(&summary.message_json("local")).unwrap();
        assert_eq!(message["kind"], "run_summary");
        assert_eq!(message["rejected"], 500);
        assert_eq!(message["rejections"].as_array().unwrap().len(), LISTED);
        assert_eq!(message["more_rejections"], 480);
        assert_eq!(message["more_failures"], 0);
        let file: serde_json::Value = serde_json::from_str(&summary.file_json()).unwrap();
        assert_eq!(file["rejections"].as_array().unwrap().len(), 500);
    }

    #[test]
    fn the_order_of_outcomes_does_not_matter() {
        let mut told: Vec<_> = (0..9)
            .map(|position| if position % 2 == 0 { rejected(position) } else { accepted(position, "1.5") })
            .collect();
        let one = summarise(slot(), "arn:run", 1, &told);
        told.reverse();
        assert_eq!(summarise(slot(), "arn:run", 1, &told), one);
    }
}
