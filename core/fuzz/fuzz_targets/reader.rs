//! Holds the reader of requests to its oracle on whatever bytes the fuzzer thinks of: the same batch, or the same report.
//!
//! `cargo fuzz run reader` in the folder `core` (with a nightly compiler, or `RUSTC_BOOTSTRAP=1`).

#![no_main]

use gridbid_core::batch::{self, Limits, oracle};
use libfuzzer_sys::fuzz_target;

/// Small, so that small inputs cross them.
const LIMITS: Limits = Limits { orders: 8, bytes: 4096, depth: 5, listed: 20 };

fuzz_target!(|body: &[u8]| {
    let (fast, plain) = (batch::read(body, &LIMITS), oracle::read(body, &LIMITS));
    assert_eq!(fast, plain);
    let verdict = batch::check(body, &LIMITS);
    let total = fast.as_ref().err().map_or(0, |report| report.total);
    assert_eq!(verdict.total, total);
    let (columns, joined) = (batch::columns(body, &LIMITS), batch::joined(body, &LIMITS));
    assert_eq!(columns.verdict, verdict);
    assert_eq!(joined.verdict, verdict);
    if let Ok(batch) = &fast {
        let orders = batch.orders();
        assert_eq!(columns.rows.len(), orders.len());
        let [ids, ..] = &joined.values;
        assert!(ids.split_terminator(batch::SEPARATOR).eq(orders.iter().map(|order| order.record_id.as_str())));
    }
});
