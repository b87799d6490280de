//! Property tests: no panics, agreement with serde_json, order independence, round trips, exact sums.

use gridbid_core::amount::{Amount, Total};
use gridbid_core::batch::{self, Limits};
use gridbid_core::expiry::{Timestamp, expires_at, is_live};
use gridbid_core::name::Slot;
use gridbid_core::order::{RecordId, Text};
use gridbid_core::outcome::{
    self, Answer, BatchLimits, BatchReport, Manifest, Outcome, PlatformResults, ResultOrder, ResultsLimits,
};
use gridbid_core::summary::{OrderOutcome, Summary};
use gridbid_core::wire;
use proptest::collection::vec;
use proptest::prelude::*;

/// A JSON number in any notation.
fn number_text() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"
}

/// Concatenated JSON tokens, often invalid.
fn near_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just(",".to_owned()),
        Just(":".to_owned()),
        Just("\"record_id\"".to_owned()),
        Just("\"parameter_1\"".to_owned()),
        Just("\"parameter_2\"".to_owned()),
        Just("\"results\":true".to_owned()),
        Just("\"orders\":[".to_owned()),
        Just("\"\\ud83d".to_owned()),
        Just("\\u0041\"".to_owned()),
        Just("null".to_owned()),
        number_text(),
        "\\PC{0,6}",
    ];
    vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// An order that can only violate the rules for `parameter_2`.
fn order_json() -> impl Strategy<Value = String> {
    ("[a-z0-9][a-zA-Z0-9_.:-]{0,3}", "[ -!#-\\[\\]-~é😀]{1,8}[a-z]", number_text()).prop_map(|(id, text, number)| {
        format!(r#"{{"record_id":"{id}","parameter_1":"{text}","parameter_2":{number}}}"#)
    })
}

/// Sorted orders or violations, without indexes, for comparing permutations.
fn verdict(body: &str) -> Vec<String> {
    match batch::parse(body.as_bytes(), &Limits::default()) {
        Ok(batch) => {
            let mut orders: Vec<_> = batch.orders().iter().map(|order| format!("{order:?}")).collect();
            orders.sort();
            orders
        }
        Err(report) => {
            let mut violations: Vec<_> = report
                .violations
                .iter()
                .map(|violation| {
                    let field = violation.field.splitn(3, '/').nth(2).unwrap_or("");
                    format!("{field} {}", violation.code.as_str())
                })
                .collect();
            violations.sort();
            violations
        }
    }
}

proptest! {
    #[test]
    fn core_never_panics(bytes in vec(any::<u8>(), 0..200), text in near_json()) {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let _ = batch::parse(bytes, &Limits::default());
            let _ = outcome::parse_results(bytes, &ResultsLimits::default());
            let _ = (outcome::decide(bytes), gridbid_core::day::total(bytes));
            let _ = batch::validate(bytes, &Limits::default()).report_json(bytes);
            let _ = (wire::parse_results(bytes), wire::decide_order(bytes));
            let _ = (wire::canonicalize_order(bytes), wire::total_day(bytes));
            let spans = batch::parse_utf16_spans(bytes, &Limits::default());
            prop_assert_eq!(spans.verdict, batch::parse_delimited(bytes, &Limits::default()).verdict);
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = (Amount::parse(text), Slot::parse(text), Total::new().add_text(text));
                let _ = (RecordId::parse(text), Text::parse(text), Timestamp::parse(text));
            }
        }
    }

    #[test]
    fn grammar_agrees_with_serde_json(text in near_json()) {
        // serde_json rejects lone surrogates, which the grammar of RFC 8259 allows, and numbers beyond a double.
        let is_json = match batch::parse(text.as_bytes(), &Limits { depth: 100, ..Limits::default() }) {
            Ok(_) => true,
            Err(report) => report.violations[0].code.as_str() != "not_json",
        };
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(_) => prop_assert!(is_json),
            Err(error) => {
                let message = error.to_string();
                let serde_is_stricter = ["surrogate", "hex escape", "out of range", "recursion"].iter().any(|word| message.contains(word));
                prop_assert!(!is_json || serde_is_stricter, "{message}");
            }
        }
    }

    #[test]
    fn report_lists_what_it_counts(text in near_json()) {
        if let Err(report) = batch::parse(text.as_bytes(), &Limits::default()) {
            prop_assert!(report.total >= 1);
            prop_assert_eq!(report.violations.len(), report.total.min(100) as usize);
            let indexes: Vec<_> = report.violations.iter().map(|violation| violation.index).collect();
            prop_assert!(indexes.is_sorted(), "input order: {indexes:?}");
        }
    }

    #[test]
    fn verdict_does_not_depend_on_the_order_of_orders(orders in vec(order_json(), 1..8)) {
        let forward = format!("[{}]", orders.join(","));
        let backward = format!("[{}]", orders.iter().rev().cloned().collect::<Vec<_>>().join(","));
        prop_assert_eq!(verdict(&forward), verdict(&backward));
    }

    #[test]
    fn violations_of_an_order_do_not_depend_on_other_orders(bad in near_json(), good in order_json()) {
        let (alone, with_other) = (format!("[{bad}]"), format!("[{bad},{good}]"));
        let report = |body: &str| batch::parse(body.as_bytes(), &Limits::default()).err();
        if let (Some(alone), Some(with_other)) = (report(&alone), report(&with_other)) {
            let is_body_level = |report: &gridbid_core::violation::Report| report.violations.iter().any(|violation| violation.index.is_none());
            if !is_body_level(&alone) && !is_body_level(&with_other) {
                let first: Vec<_> = with_other.violations.into_iter().filter(|violation| violation.index == Some(0)).collect();
                let expected: Vec<_> = alone.violations.into_iter().filter(|violation| violation.index == Some(0)).collect();
                prop_assert_eq!(first, expected);
            }
        }
    }

    #[test]
    fn amount_text_parses_to_the_amount(text in number_text()) {
        if let Ok(amount) = Amount::parse(&text) {
            let canonical = amount.to_string();
            prop_assert_eq!(Amount::parse(&canonical), Ok(amount));
            prop_assert_eq!(Amount::parse(&canonical).unwrap().to_string(), canonical.clone());
            // Both notations are the same double.
            let (before, after): (f64, f64) = (text.parse().unwrap(), canonical.parse().unwrap());
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn equal_numbers_in_different_notations_parse_equally(digits in 1_u64.., shift in 0_i32..100) {
        let (digits, zeros) = (digits.to_string(), "0".repeat(shift as usize));
        let expected = Amount::parse(&format!("{digits}e-{shift}"));
        prop_assert_eq!(Amount::parse(&format!("{digits}{zeros}e-{}", 2 * shift)), expected);
        prop_assert_eq!(Amount::parse(&format!("0.{digits}e{}", digits.len() as i32 - shift)), expected);
    }

    #[test]
    fn total_of_integers_is_their_sum_in_any_order(mut numbers in vec(any::<i64>(), 0..50)) {
        let sum = |numbers: &[i64]| {
            let mut total = Total::new();
            numbers.iter().for_each(|number| total.add(&Amount::parse(&number.to_string()).unwrap()));
            total.to_string()
        };
        let forward = sum(&numbers);
        let exact: i128 = numbers.iter().map(|number| i128::from(*number)).sum();
        prop_assert_eq!(Amount::parse(&forward), Amount::parse(&exact.to_string()));
        numbers.reverse();
        prop_assert_eq!(sum(&numbers), forward);
    }

    #[test]
    fn timestamp_text_parses_to_the_timestamp(seconds in 0_u64..253_402_300_800) {
        let timestamp = Timestamp::from_unix_seconds(seconds);
        prop_assert_eq!(Timestamp::parse(&timestamp.to_string()), Some(timestamp));
        prop_assert_eq!(Slot::parse(&timestamp.to_string()).unwrap().to_string(), timestamp.to_string());
    }

    #[test]
    fn order_is_live_for_24_hours(accepted in 0_u64..250_000_000_000, later in 0_u64..200_000) {
        let end = expires_at(Timestamp::from_unix_seconds(accepted));
        prop_assert_eq!(is_live(end, Timestamp::from_unix_seconds(accepted + later)), later < 86_400);
    }

    #[test]
    fn results_for_the_state_machine_are_the_same_results(text in near_json()) {
        let document = format!(r#"{{"results":true,"orders":[{text}]}}"#);
        if let Ok(PlatformResults::Ready(orders)) = outcome::parse_results(document.as_bytes(), &ResultsLimits::default()) {
            let lines: String = orders.iter().map(|order| order.to_json().into_owned() + "\n").collect();
            if let Some(json) = outcome::orders_json(&lines) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
                let Ok(PlatformResults::Ready(again)) = outcome::parse_results(json.as_bytes(), &ResultsLimits::default()) else {
                    return Err(TestCaseError::fail(json));
                };
                prop_assert!(orders.iter().map(ResultOrder::to_json).eq(again.iter().map(ResultOrder::to_json)));
            }
        }
    }

    #[test]
    fn frozen_answer_has_the_same_decisions(texts in vec(near_json(), 0..9)) {
        let document = format!(r#"{{"results":true,"orders":[{}]}}"#, texts.join(","));
        if let Ok(Some(orders)) = outcome::scan_results(document.as_bytes(), u32::MAX) {
            let limits = BatchLimits { orders: 2, ..BatchLimits::default() };
            let answer = Answer::freeze(&orders, &limits).unwrap();
            let manifest = answer.manifest(&Slot::parse("2026-11-22T07:05:00Z").unwrap(), 1);
            prop_assert_eq!(Manifest::parse(manifest.to_json().as_bytes()), Ok(manifest));
            let lines: Vec<_> = answer.batches.iter().flat_map(|batch| batch.lines.lines()).collect();
            prop_assert_eq!(lines.len(), orders.len());
            for (order, line) in orders.iter().zip(lines) {
                let accepted = match order {
                    ResultOrder::Valid(json) => matches!(outcome::decide(json.as_bytes()), Ok(Outcome::Accepted(_))),
                    ResultOrder::Malformed(_) => false,
                };
                let report = outcome::decide_batch(0, 0, line.as_bytes()).report;
                prop_assert_eq!(report.accepted == 1, accepted);
                prop_assert_eq!(report.count, 1);
                prop_assert_eq!(BatchReport::parse(report.to_json().as_bytes()), Ok(report));
            }
        }
    }

    #[test]
    fn inline_orders_are_stable_under_f64_round_trip(power_text in number_text(), note in "\\PC{0,8}") {
        let order = serde_json::json!({"note": note, "order": "accepted", "list": [1, {"b": 2, "a": null}]}).to_string();
        let order = order.replacen('{', &format!("{{\"power\":{power_text},"), 1);
        if let Ok(Outcome::Accepted(accepted)) = outcome::decide(order.as_bytes()) {
            let again = outcome::decide(accepted.canonical.as_bytes());
            prop_assert_eq!(again, Ok(Outcome::Accepted(accepted.clone())));
            // The state machine parses numbers into doubles and formats them again.
            let power: f64 = power_text.parse().unwrap();
            let reformatted = order.replacen(&format!("{{\"power\":{}", power_text), &format!("{{\"power\":{power:?}"), 1);
            if outcome::orders_json(&accepted.canonical).is_some() {
                prop_assert_eq!(outcome::decide(reformatted.as_bytes()), Ok(Outcome::Accepted(accepted)));
            }
        }
    }

    #[test]
    fn summary_counts_every_outcome_once(kinds in vec(0_u8..3, 0..60)) {
        let outcomes: Vec<_> = (0..).zip(&kinds).map(|(position, kind)| match kind {
            0 => OrderOutcome::Accepted { position, power: Some(Amount::parse("0.1").unwrap()) },
            1 => OrderOutcome::Rejected { position, reason: "no".into() },
            _ => OrderOutcome::Failed { position, error: "Unavailable".into(), reason: "away".into() },
        }).collect();
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        let mut summary = Summary::new(slot, 1, "run", 1);
        outcomes.iter().for_each(|outcome| summary.add_order(outcome));
        let count = |kind| kinds.iter().filter(|other| **other == kind).count();
        prop_assert_eq!((summary.accepted, summary.rejected, summary.failed), (count(0), count(1), count(2)));
        let message: serde_json::Value = serde_json::from_str(&summary.message_json("local")).unwrap();
        let listed = message["rejections"].as_array().unwrap().len() as u64;
        prop_assert_eq!(listed + message["more_rejections"].as_u64().unwrap(), count(1) as u64);
    }
}
