//! The one way in: the bytes of a request, to a batch of valid orders or a report of every violation.
//!
//! A batch that is there is valid: each order in itself, and no two with one `record_id`. A report tells every problem of
//! every order in input order; what makes the whole unreadable (its size, its encoding, its grammar, its depth) is
//! told alone. What a request means beside what is stored is left to [`stored`](crate::stored).

mod chunk;
mod columns;
mod joined;
#[cfg(any(test, feature = "oracle"))]
pub mod oracle;
mod plain;
mod scan;
mod seen;

use alloc::vec::Vec;

use crate::amount::Amount;
use crate::order::{Order, RecordId, Text};
use crate::violation::{Finding, Report};
use scan::{Piece, Span};

pub use columns::{Columns, Row, columns};
pub use joined::{Joined, SEPARATOR, joined};

/// How much one request may hold. The defaults are those of `POST /orders`; bulk checks raise them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most orders: 100, as many as one DynamoDB transaction writes.
    pub orders: u32,
    /// The most bytes: 262,144.
    pub bytes: u32,
    /// How deep arrays and objects may lie in one another: 32. The body's array is the first level.
    pub depth: u8,
    /// How many violations a report lists: 100. All are counted.
    pub listed: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { orders: 100, bytes: 256 * 1024, depth: 32, listed: 100 }
    }
}

/// Valid orders with distinct `record_id`s, at least one, in input order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    orders: Vec<Order<'a>>,
}

impl<'a> Batch<'a> {
    /// The orders in input order.
    #[must_use]
    pub fn orders(&self) -> &[Order<'a>] {
        &self.orders
    }
}

/// What a request is found to be, without its orders: what a bulk check wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many elements the array has; 0 when the request cannot be read.
    pub orders: u32,
    /// How many violations there are; 0 for a valid batch.
    pub total: u32,
    /// The first of them, at most [`Limits::listed`].
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// What was found, in words; `bytes` are those of the request.
    #[must_use]
    pub fn report(&self, bytes: &[u8]) -> Report {
        let violations = self.findings.iter().map(|finding| finding.violation(bytes)).collect();
        Report { total: self.total, violations }
    }
}

/// Reads a request's body.
///
/// # Errors
/// A report, with at least one violation, of all that is wrong.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Report> {
    let mut reading = Reading { bytes, orders: Vec::new() };
    let verdict = scan::scan(bytes, limits, &mut reading);
    judged(reading.orders, &verdict, bytes)
}

/// Reads a request's body for its verdict alone.
#[must_use]
#[inline]
pub fn check(bytes: &[u8], limits: &Limits) -> Verdict {
    scan::scan(bytes, limits, &mut ())
}

fn judged<'a>(orders: Vec<Order<'a>>, verdict: &Verdict, bytes: &[u8]) -> Result<Batch<'a>, Report> {
    if verdict.total == 0 { Ok(Batch { orders }) } else { Err(verdict.report(bytes)) }
}

/// Orders are kept as they are valid.
struct Reading<'a> {
    bytes: &'a [u8],
    orders: Vec<Order<'a>>,
}

impl<'a> scan::Keep<'a> for Reading<'a> {
    fn keep(&mut self, record_id: Piece<'a>, parameter_1: Piece<'a>, parameter_2: Span) {
        if let Ok(parameter_2) = Amount::parse(parameter_2.text(self.bytes)) {
            let record_id = RecordId::checked(record_id.text(self.bytes));
            let parameter_1 = Text::checked(parameter_1.text(self.bytes));
            self.orders.push(Order { record_id, parameter_1, parameter_2 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutated;

    #[test]
    fn the_tasks_example_is_a_valid_batch() {
        let body = br#"[ { "record_id": "unique_id_1", "parameter_1": "abc", "parameter_2": 4 },{ "record_id": "unique_id_2", "parameter_1": "def", "parameter_2": 2.1 } ]"#;
        let batch = read(body, &Limits::default()).unwrap();
        let told: Vec<_> = batch
            .orders()
            .iter()
            .map(|order| format!("{} {} {}", order.record_id.as_str(), order.parameter_1.as_str(), order.parameter_2))
            .collect();
        assert_eq!(told, ["unique_id_1 abc 4", "unique_id_2 def 2.1"]);
    }

    #[test]
    fn all_violations_are_counted_and_the_first_are_listed() {
        let body = format!("[{}]", vec!["1"; 100].join(","));
        let report = read(body.as_bytes(), &Limits { listed: 3, ..Limits::default() }).unwrap_err();
        assert_eq!(report.total, 100);
        assert_eq!(report.violations.len(), 3);
    }

    #[test]
    fn half_pairs_without_end_take_no_longer_than_other_text() {
        let halves = "\\ud83d".repeat(1_000_000);
        let body =
            format!(r#"[{{"record_id":"a","parameter_1":"{halves}","parameter_2":1}},["{halves}"],{{"{halves}":1}}]"#);
        let limits = Limits { bytes: u32::MAX, ..LISTING };
        let told: Vec<_> = check(body.as_bytes(), &limits).findings.iter().map(|found| found.code.as_str()).collect();
        let missing = ["missing_field"; 3];
        let first = ["too_long", "invalid_characters", "not_an_object", "unknown_field"];
        assert_eq!(told, [&first[..], &missing].concat());
    }

    /// Small limits, so that small inputs cross them.
    const SMALL: Limits = Limits { orders: 3, bytes: 400, depth: 4, listed: 5 };

    fn agree(body: &[u8], limits: &Limits) {
        let (fast, plain) = (read(body, limits), oracle::read(body, limits));
        assert_eq!(fast, plain, "{}", String::from_utf8_lossy(body));
        let verdict = check(body, limits);
        match plain {
            Ok(batch) => assert_eq!((verdict.orders as usize, verdict.total), (batch.orders().len(), 0)),
            Err(report) => {
                let violations: Vec<_> = verdict.findings.iter().map(|finding| finding.violation(body)).collect();
                assert_eq!((verdict.total, violations), (report.total, report.violations));
            }
        }
    }

    /// Holds both readers to each other on mutated bodies.
    fn differ(seed: u64) {
        let mut round = 0;
        mutated::bodies(ROUNDS, seed, |body| {
            round += 1;
            agree(body, [&SMALL, &LISTING, &SHALLOW][round % 3]);
        });
    }

    /// An order is too deep.
    const SHALLOW: Limits = Limits { depth: 1, ..LISTING };

    /// Everything is listed, and the defaults hold otherwise.
    const LISTING: Limits = Limits { orders: 100, bytes: 256 * 1024, depth: 32, listed: u32::MAX };

    #[test]
    fn both_readers_agree_on_mutated_bodies() {
        differ(1);
    }

    #[test]
    fn both_readers_agree_on_other_mutated_bodies() {
        differ(2);
    }

    /// Two tests of so many; millions in all.
    const ROUNDS: u32 = 1_000_000;
}
