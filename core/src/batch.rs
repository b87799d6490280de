//! Parses a request body into a batch of valid orders, or a report of every violation.
//!
//! A batch is valid: every order obeys every rule, and no two have the same `record_id`. A report lists every problem of
//! every order in input order; what makes the whole body unreadable (its size, encoding, syntax or depth) is reported alone.
//! Stored orders are not considered here, see [`stored`](crate::stored).
//!
//! One pass over the bytes, without recursion; time is linear in their number, for any body.
//!
//! ```
//! use gridbid_core::batch::{self, Limits};
//!
//! let body = br#"[{"record_id":"a","parameter_1":"x","parameter_2":2.10}]"#;
//! let batch = batch::parse(body, &Limits::default()).unwrap();
//! assert_eq!(batch.orders()[0].parameter_2.text(), "2.1");
//!
//! let report = batch::parse(br#"[{"record_id":"a"},1]"#, &Limits::default()).unwrap_err();
//! let codes: Vec<_> = report.violations.iter().map(|violation| violation.code.as_str()).collect();
//! assert_eq!(codes, ["missing_field", "missing_field", "not_an_object"]);
//! ```

mod collect;
mod delimited;
mod field_text;
mod findings;
mod id_index;
mod limits;
mod number_value;
#[cfg(any(test, feature = "oracle"))]
pub mod oracle;
mod parser;
mod sink;
mod string_value;
mod template;
mod utf16_spans;
mod verdict;

pub use collect::{Batch, parse};
pub use delimited::{DELIMITER, Delimited, parse_delimited};
pub use limits::Limits;
pub use utf16_spans::{Row, Utf16Spans, parse_utf16_spans};
pub use verdict::Verdict;

/// Validates a request body without keeping its orders.
#[must_use]
#[inline]
pub fn validate(request: &[u8], limits: &Limits) -> Verdict {
    parser::parse(request, limits, &mut ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation;

    #[test]
    fn example_request_is_a_valid_batch() {
        let body = br#"[ { "record_id": "unique_id_1", "parameter_1": "abc", "parameter_2": 4 },{ "record_id": "unique_id_2", "parameter_1": "def", "parameter_2": 2.1 } ]"#;
        let batch = parse(body, &Limits::default()).unwrap();
        let orders: Vec<_> = batch
            .orders()
            .iter()
            .map(|order| format!("{} {} {}", order.record_id.as_str(), order.parameter_1.as_str(), order.parameter_2))
            .collect();
        assert_eq!(orders, ["unique_id_1 abc 4", "unique_id_2 def 2.1"]);
    }

    #[test]
    fn violations_are_all_counted_and_the_first_listed() {
        let body = format!("[{}]", vec!["1"; 100].join(","));
        let report = parse(body.as_bytes(), &Limits { listed: 3, ..Limits::default() }).unwrap_err();
        assert_eq!(report.total, 100);
        assert_eq!(report.violations.len(), 3);
    }

    #[test]
    fn lone_surrogates_take_linear_time() {
        let lone = "\\ud83d".repeat(1_000_000);
        let body = format!(r#"[{{"record_id":"a","parameter_1":"{lone}","parameter_2":1}},["{lone}"],{{"{lone}":1}}]"#);
        let limits = Limits { bytes: u32::MAX, ..LIST_ALL };
        let findings = validate(body.as_bytes(), &limits).findings;
        let codes: Vec<_> = findings.iter().map(|finding| finding.kind.code().as_str()).collect();
        let first = ["too_long", "invalid_characters", "not_an_object", "unknown_field"];
        assert_eq!(codes, [&first[..], &["missing_field"; 3]].concat());
    }

    /// Low enough for small bodies to exceed.
    const SMALL: Limits = Limits { orders: 3, bytes: 400, depth: 4, listed: 5 };
    /// The defaults, but every violation is listed.
    const LIST_ALL: Limits = Limits { orders: 100, bytes: 256 * 1024, depth: 32, listed: u32::MAX };
    /// Any order is nested too deep.
    const SHALLOW: Limits = Limits { depth: 1, ..LIST_ALL };

    fn assert_parser_agrees_with_oracle(body: &[u8], limits: &Limits) {
        let (parsed, expected) = (parse(body, limits), oracle::parse(body, limits));
        assert_eq!(parsed, expected, "{}", String::from_utf8_lossy(body));
        let verdict = validate(body, limits);
        match expected {
            Ok(batch) => {
                assert_eq!((verdict.orders as usize, verdict.total), (batch.orders().len(), 0));
                let mut values = [const { String::new() }; 3];
                for order in batch.orders() {
                    let texts = [order.record_id.as_str(), order.parameter_1.as_str(), &order.parameter_2.text()];
                    values.iter_mut().zip(texts).for_each(|(values, text)| *values += &format!("{text}{DELIMITER}"));
                }
                assert_eq!(parse_delimited(body, limits), Delimited { verdict, values });
            }
            Err(report) => {
                assert_eq!(verdict.report(body), report);
                assert_eq!(verdict.report_json(body), report.to_json());
            }
        }
    }

    /// Bodies per family.
    const ROUNDS: u32 = 300_000;

    fn compare_with_oracle(family: mutation::Family, seed: u64) {
        let mut round = 0;
        mutation::for_each_body(family, ROUNDS, seed, |body| {
            round += 1;
            assert_parser_agrees_with_oracle(body, [&SMALL, &LIST_ALL, &SHALLOW, &LIST_ALL][round % 4]);
        });
    }

    // One test per family, so that they run in parallel.
    #[test]
    fn parser_agrees_with_oracle_on_mutated_orders() {
        compare_with_oracle(mutation::ORDERS, 1);
    }

    #[test]
    fn parser_agrees_with_oracle_on_other_mutated_orders() {
        compare_with_oracle(mutation::ORDERS, 2);
    }

    #[test]
    fn parser_agrees_with_oracle_on_mutated_escapes() {
        compare_with_oracle(mutation::ESCAPES, 3);
    }

    #[test]
    fn parser_agrees_with_oracle_on_mutated_numbers() {
        compare_with_oracle(mutation::NUMBERS, 4);
    }

    #[test]
    fn parser_agrees_with_oracle_on_mutated_layouts() {
        compare_with_oracle(mutation::LAYOUTS, 5);
    }

    #[test]
    fn parser_agrees_with_oracle_on_mutated_scripts() {
        compare_with_oracle(mutation::SCRIPTS, 6);
    }
}
