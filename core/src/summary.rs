//! The summary of a results run: counts, total power, and why orders were not stored.
//!
//! A summary depends on the outcomes alone, in any order, so that closing a run again writes the same bytes. The file and the
//! message to people shorten long lists; the reports of the batches have all lines.
//!
//! ```
//! use gridbid_core::{name::Slot, summary::{OrderOutcome, Summary}};
//!
//! let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
//! let mut summary = Summary::new(slot, 1, "run", 1);
//! summary.add_order(&OrderOutcome::Rejected { position: 0, reason: "the auction rejected `a`".into() });
//! assert_eq!((summary.accepted, summary.rejected, summary.is_quiet()), (0, 1, false));
//! ```

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::amount::{Amount, AmountError, Total};
use crate::json;
use crate::name::{Slot, reports_prefix};
use crate::outcome::{BatchReport, ReportLine, write_lists};
use crate::text::truncate;

/// Maximum number of rejections, and of failures, that a message lists.
pub const MESSAGE_LINES: usize = 20;
/// Maximum number of rejections, and of failures, that a summary's file lists.
pub const FILE_LINES: usize = 500;
/// Maximum number of bytes of a reason, of an error's name, and of a run's name.
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
#[derive(Clone, Debug)]
pub struct Summary {
    /// The slot of the run.
    pub slot: Slot,
    /// The slot's attempt, from 1.
    pub attempt: u32,
    /// The run: the ARN of the execution.
    pub run: String,
    /// Number of polls of the platform.
    pub polls: u32,
    /// Number of orders that were accepted and stored.
    pub accepted: usize,
    /// Number of orders that were rejected.
    pub rejected: usize,
    /// Number of orders that failed.
    pub failed: usize,
    power: Total,
    /// Sorted by position, at most [`FILE_LINES`].
    rejections: Vec<ReportLine>,
    failures: Vec<ReportLine>,
    has_reports: bool,
}

impl Summary {
    /// A summary without orders.
    #[must_use]
    pub fn new(slot: Slot, attempt: u32, run: &str, polls: u32) -> Self {
        Self {
            slot,
            attempt,
            run: truncate(run, TEXT_BYTES),
            polls,
            accepted: 0,
            rejected: 0,
            failed: 0,
            power: Total::new(),
            rejections: Vec::new(),
            failures: Vec::new(),
            has_reports: false,
        }
    }

    /// Adds an order.
    pub fn add_order(&mut self, outcome: &OrderOutcome) {
        match outcome {
            OrderOutcome::Accepted { power, .. } => {
                self.accepted += 1;
                power.iter().for_each(|power| self.power.add(power));
            }
            OrderOutcome::Rejected { position, reason } => {
                self.rejected += 1;
                insert(&mut self.rejections, line(*position, 1, None, reason));
            }
            OrderOutcome::Failed { position, error, reason } => {
                self.failed += 1;
                insert(&mut self.failures, line(*position, 1, Some(error), reason));
            }
        }
    }

    /// Adds the orders of a batch.
    ///
    /// # Errors
    /// When the report's power is not a total.
    pub fn add_report(&mut self, report: &BatchReport) -> Result<(), AmountError> {
        self.power.add_text(&report.total_power)?;
        self.accepted += report.accepted as usize;
        self.rejected += report.rejected();
        self.failed += report.failed();
        self.has_reports = true;
        let copy = |from: &ReportLine| line(from.position, from.count, from.error.as_deref(), &from.reason);
        report.rejections.iter().for_each(|line| insert(&mut self.rejections, copy(line)));
        report.failures.iter().for_each(|line| insert(&mut self.failures, copy(line)));
        Ok(())
    }

    /// Adds the orders of a batch that could not be decided or stored: all of them failed.
    pub fn add_failed_batch(&mut self, first: u32, count: u32, error: &str, reason: &str) {
        self.failed += count as usize;
        self.has_reports = true;
        insert(&mut self.failures, line(first, count, Some(error), reason));
    }

    /// The exact sum of the accepted orders' power.
    #[must_use]
    pub fn total_power(&self) -> String {
        self.power.text()
    }

    /// Whether no order was rejected and none failed, so that no message is sent.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.rejected == 0 && self.failed == 0
    }

    /// The summary as JSON, with lists of at most [`FILE_LINES`] and the number of orders left out: the content of its file.
    #[must_use]
    pub fn file_json(&self) -> String {
        let mut out = "{".to_owned();
        self.write_members(&mut out, FILE_LINES);
        out.push('}');
        out
    }

    /// The message to people as JSON, with `kind`, the environment, and lists of at most [`MESSAGE_LINES`] with the number of
    /// orders left out.
    #[must_use]
    pub fn message_json(&self, environment: &str) -> String {
        let mut out = "{\"kind\":\"run_summary\",\"environment\":".to_owned();
        json::write_string(&mut out, environment);
        out.push(',');
        self.write_members(&mut out, MESSAGE_LINES);
        out.push('}');
        out
    }

    fn write_members(&self, out: &mut String, max_lines: usize) {
        let Self { slot, attempt, run, polls, accepted, rejected, failed, .. } = self;
        out.push_str(&format!("\"slot\":\"{slot}\",\"attempt\":{attempt},\"run\":"));
        json::write_string(out, run);
        out.push_str(&format!(
            ",\"polls\":{polls},\"accepted\":{accepted},\"rejected\":{rejected},\"failed\":{failed}"
        ));
        out.push_str(&format!(",\"total_power\":\"{}\"", self.total_power()));
        let listed = |lines: &[ReportLine]| lines.iter().take(max_lines).cloned().collect::<Vec<_>>();
        let (rejections, failures) = (listed(&self.rejections), listed(&self.failures));
        write_lists(out, &rejections, &failures);
        let more = |all: usize, lines: &[ReportLine]| {
            all.saturating_sub(lines.iter().map(|line| line.count as usize).sum::<usize>())
        };
        let (rejections, failures) = (more(*rejected, &rejections), more(*failed, &failures));
        out.push_str(&format!(",\"more_rejections\":{rejections},\"more_failures\":{failures}"));
        if self.has_reports {
            out.push_str(&format!(",\"reports\":\"{}\"", reports_prefix(slot, *attempt)));
        }
    }
}

fn line(position: u32, count: u32, error: Option<&str>, reason: &str) -> ReportLine {
    let error = error.map(|error| truncate(error, TEXT_BYTES));
    ReportLine { position, count, error, reason: truncate(reason, TEXT_BYTES) }
}

/// Inserts a line by its position, and drops the last one if there are too many.
fn insert(lines: &mut Vec<ReportLine>, line: ReportLine) {
    let at = lines.partition_point(|other| other.position <= line.position);
    if at < FILE_LINES {
        lines.insert(at, line);
        lines.truncate(FILE_LINES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::decide_batch;

    fn summary() -> Summary {
        Summary::new(Slot::parse("2026-11-22T07:05:00Z").unwrap(), 2, "arn:run", 3)
    }

    fn summarize<'a>(outcomes: impl IntoIterator<Item = &'a OrderOutcome>) -> Summary {
        let mut summary = summary();
        outcomes.into_iter().for_each(|outcome| summary.add_order(outcome));
        summary
    }

    fn accepted(position: u32, power: &str) -> OrderOutcome {
        OrderOutcome::Accepted { position, power: Some(Amount::parse(power).unwrap()) }
    }

    fn rejected(position: u32) -> OrderOutcome {
        OrderOutcome::Rejected { position, reason: format!("the auction rejected `order-{position}`") }
    }

    fn parse(json: &str) -> serde_json::Value {
        serde_json::from_str(json).unwrap()
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
        let summary = summarize(&outcomes);
        assert_eq!(
            summary.file_json(),
            concat!(
                r#"{"slot":"2026-11-22T07:05:00Z","attempt":2,"run":"arn:run","polls":3,"accepted":3,"rejected":1,"failed":1,"#,
                r#""total_power":"0.3","rejections":[{"position":2,"why":"the auction rejected `order-2`"}],"#,
                r#""failures":[{"position":0,"error":"Unavailable","why":"S3 is \"away\""}],"#,
                r#""more_rejections":0,"more_failures":0}"#
            )
        );
        assert!(!summary.is_quiet());
        assert!(summarize(&[accepted(0, "1")]).is_quiet());
    }

    #[test]
    fn message_shortens_long_lists() {
        let outcomes: Vec<_> = (0..500).map(rejected).collect();
        let summary = summarize(&outcomes);
        let message = parse(&summary.message_json("local"));
        assert_eq!(message["kind"], "run_summary");
        assert_eq!(message["rejected"], 500);
        assert_eq!(message["rejections"].as_array().unwrap().len(), MESSAGE_LINES);
        assert_eq!(message["more_rejections"], 480);
        assert_eq!(message["more_failures"], 0);
        let file = parse(&summary.file_json());
        assert_eq!(file["rejections"].as_array().unwrap().len(), 500);
    }

    #[test]
    fn order_of_outcomes_does_not_matter() {
        let mut outcomes: Vec<_> = (0..1_200)
            .map(|position| if position % 2 == 0 { rejected(position) } else { accepted(position, "1.5") })
            .collect();
        let one = summarize(&outcomes).file_json();
        outcomes.reverse();
        assert_eq!(summarize(&outcomes).file_json(), one);
    }

    #[test]
    fn orders_and_batches_have_the_same_summary() {
        let lines: Vec<_> = (0..1_000)
            .map(|position| match position % 3 {
                0 => format!(r#"{{"order":"rejected","record_id":"order-{position}"}}"#),
                _ => format!(r#"{{"order":"accepted","power":{position}.5}}"#),
            })
            .collect();
        let outcomes: Vec<_> = (0..1_000)
            .map(
                |position| {
                    if position % 3 == 0 { rejected(position) } else { accepted(position, &format!("{position}.5")) }
                },
            )
            .collect();
        let mut batches = summary();
        for (n, batch) in (0..).zip(lines.chunks(300)) {
            let report = decide_batch(n, n * 300, batch.join("\n").as_bytes()).report;
            batches.add_report(&report).unwrap();
        }
        let mut expected = parse(&summarize(&outcomes).file_json());
        expected["reports"] = "reports/2026-11-22/20261122T070500Z/2/".into();
        assert_eq!(parse(&batches.file_json()), expected);
    }

    #[test]
    fn orders_of_a_failed_batch_all_failed() {
        let mut summary = summary();
        summary.add_failed_batch(500, 400, "Unavailable", "S3 is away");
        let file = parse(&summary.file_json());
        assert_eq!((&file["failed"], &file["more_failures"]), (&400.into(), &0.into()));
        let expected = r#"[{"position":500,"count":400,"error":"Unavailable","why":"S3 is away"}]"#;
        assert_eq!(file["failures"], parse(expected));
    }

    #[test]
    fn long_lists_are_shortened_in_the_file() {
        let lines = "{\"order\":\"rejected\"}\n".repeat(1_700);
        let mut summary = summary();
        summary.add_report(&decide_batch(0, 0, lines.as_bytes()).report).unwrap();
        let file = parse(&summary.file_json());
        assert_eq!(file["rejections"].as_array().unwrap().len(), FILE_LINES);
        assert_eq!((&file["rejected"], &file["more_rejections"]), (&1_700.into(), &1_200.into()));
    }
}
