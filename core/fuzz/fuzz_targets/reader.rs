//! Checks that all parsers of a request agree with the oracle on arbitrary bytes.
//!
//! `cargo xtask test fuzz` runs it.

#![no_main]

use gridbid_core::batch::{self, Limits, oracle};
use libfuzzer_sys::fuzz_target;

/// Low enough for small bodies to exceed.
const LIMITS: Limits = Limits { orders: 8, bytes: 4096, depth: 5, listed: 20 };

fuzz_target!(|body: &[u8]| {
    let (parsed, expected) = (batch::parse(body, &LIMITS), oracle::parse(body, &LIMITS));
    assert_eq!(parsed, expected);
    let verdict = batch::validate(body, &LIMITS);
    let total = parsed.as_ref().err().map_or(0, |report| report.total);
    assert_eq!(verdict.total, total);
    let (spans, delimited) = (batch::parse_utf16_spans(body, &LIMITS), batch::parse_delimited(body, &LIMITS));
    assert_eq!(spans.verdict, verdict);
    assert_eq!(delimited.verdict, verdict);
    if let Ok(batch) = &parsed {
        let orders = batch.orders();
        assert_eq!(spans.rows.len(), orders.len());
        let [ids, ..] = &delimited.values;
        assert!(ids.split_terminator(batch::DELIMITER).eq(orders.iter().map(|order| order.record_id.as_str())));
    }
});
