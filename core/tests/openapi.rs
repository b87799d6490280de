//! Compares `docs/openapi.yaml` with core: its codes, limits and example.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use gridbid_core::amount::SIGNIFICANT_DIGITS;
use gridbid_core::batch::{self, Limits};
use gridbid_core::expiry::Timestamp;
use gridbid_core::field::{Field, PARAMETER_1_MAX_CHARS, RECORD_ID_MAX_CHARS};
use gridbid_core::name::Slot;
use gridbid_core::submission::Submission;
use gridbid_core::violation::Code;

const CONTRACT: &str = include_str!("../../docs/openapi.yaml");

/// The lines after `head` that are indented further.
fn block(head: &str) -> Vec<&'static str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = CONTRACT.lines().skip_while(|line| line.trim() != head);
    let first = lines.next().unwrap();
    lines.take_while(|line| indent(line) > indent(first)).map(str::trim).collect()
}

#[test]
fn openapi_lists_every_code_in_order() {
    let listed: Vec<_> = block("ViolationCode:").iter().filter_map(|line| line.strip_prefix("- ")).collect();
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(listed, codes);
}

#[test]
fn openapi_has_the_fields_and_limits() {
    let order = block("Order:");
    let fields: Vec<_> = Field::ALL.iter().map(|field| field.as_str()).collect();
    assert!(order.contains(&format!("required: [{}]", fields.join(", ")).as_str()));
    assert!(order.contains(&format!("maxLength: {PARAMETER_1_MAX_CHARS}").as_str()));
    assert!(order.iter().any(|line| line.contains(&format!("at most {SIGNIFICANT_DIGITS} significant digits"))));
    assert!(block("RecordId:").iter().any(|line| line.ends_with(&format!("{{0,{}}}$\"", RECORD_ID_MAX_CHARS - 1))));
    let Limits { orders, bytes, .. } = Limits::default();
    let batch = block("Orders:");
    assert!(CONTRACT.contains(&format!("maxItems: {orders}")));
    assert_eq!(bytes, 262_144);
    assert!(!batch.is_empty() && CONTRACT.contains("At most 262,144 bytes."));
}

#[test]
fn openapi_example_is_a_valid_request() {
    let lines: Vec<_> =
        CONTRACT.lines().map(str::trim).filter_map(|line| line.strip_prefix("- { record_id: ")).collect();
    assert!(!lines.is_empty());
    let orders: Vec<_> = lines
        .iter()
        .map(|line| {
            let (id, rest) = line.split_once(", parameter_1: ").unwrap();
            let (text, rest) = rest.split_once(", parameter_2: ").unwrap();
            let amount = rest.trim_end_matches([' ', '}']);
            format!(r#"{{"record_id":"{id}","parameter_1":"{text}","parameter_2":{amount}}}"#)
        })
        .collect();
    let body = format!("[{}]", orders.join(","));
    let parsed = batch::parse(body.as_bytes(), &Limits::default()).map(|batch| batch.orders().len());
    assert_eq!(parsed, Ok(orders.len()));
}

#[test]
fn contracts_submission_statuses_are_cores() {
    let listed: Vec<_> =
        block("Submission:").iter().filter_map(|line| line.strip_prefix("status: { const: ")).collect();
    let (at, slot) = (Timestamp::from_unix_seconds(0), Slot::parse("2026-11-22T08:40:00Z").unwrap());
    let all =
        [Submission::Pending, Submission::Submitted { at, slot }, Submission::Refused { at, reason: String::new() }];
    let statuses: Vec<_> = all.iter().map(|submission| format!("{} }}", submission.status())).collect();
    assert_eq!(listed, statuses);
}
