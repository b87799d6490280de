//! Properties that hold for every input: nothing panics, verdicts do not depend on order or repetition, and what is
//! written reads back as what it was.

use gridbid_core::amount::{Amount, Total};
use gridbid_core::batch::{self, Limits};
use gridbid_core::expiry::{Instant, expires_at, is_live};
use gridbid_core::name::Slot;
use gridbid_core::outcome::{self, AnswerLimits, Outcome};
use gridbid_core::summary::{self, Told};
use proptest::collection::vec;
use proptest::prelude::*;

/// A number in one of JSON's many spellings.
fn number_text() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"
}

/// Text that is JSON, or nearly so.
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

/// A valid order as JSON, with an identity of the given number.
fn order_json() -> impl Strategy<Value = String> {
    ("[a-z0-9][a-zA-Z0-9_.:-]{0,3}", "[ -!#-\\[\\]-~é😀]{1,8}[a-z]", number_text()).prop_map(|(id, text, number)| {
        format!(r#"{{"record_id":"{id}","parameter_1":"{text}","parameter_2":{number}}}"#)
    })
}

/// The codes and pointers' fields of a verdict, without the orders' indexes, sorted.
fn verdict(body: &str) -> Vec<String> {
    match batch::read(body.as_bytes(), &Limits::default()) {
        Ok(batch) => {
            let mut orders: Vec<_> = batch.orders().iter().map(|order| format!("{order:?}")).collect();
            orders.sort();
            orders
        }
        Err(report) => {
            let mut told: Vec<_> = report
                .violations
                .iter()
                .map(|found| {
                    let field = found.field.splitn(3, '/').nth(2).unwrap_or("");
                    format!("{field} {}", found.code.as_str())
                })
                .collect();
            told.sort();
            told
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_core_panic(bytes in vec(any::<u8>(), 0..200), text in near_json()) {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            let _ = batch::read(bytes, &Limits::default());
            let _ = outcome::read_answer(bytes, &AnswerLimits::default());
            let _ = outcome::decide(bytes);
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = (Amount::parse(text), Slot::parse(text));
            }
        }
    }

    #[test]
    fn a_body_is_json_for_core_exactly_if_it_is_for_serde_json(text in near_json()) {
        // serde_json refuses half surrogate pairs, which RFC 8259's grammar allows, and numbers beyond a double.
        let ours = match batch::read(text.as_bytes(), &Limits { depth: 100, ..Limits::default() }) {
            Ok(_) => true,
            Err(report) => report.violations[0].code.as_str() != "not_json",
        };
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(_) => prop_assert!(ours),
            Err(error) => {
                let message = error.to_string();
                let lenient = ["surrogate", "hex escape", "out of range", "recursion"].iter().any(|word| message.contains(word));
                prop_assert!(!ours || lenient, "{message}");
            }
        }
    }

    #[test]
    fn a_report_says_as_much_as_it_counts(text in near_json()) {
        if let Err(report) = batch::read(text.as_bytes(), &Limits::default()) {
            prop_assert!(report.total >= 1);
            prop_assert_eq!(report.violations.len(), report.total.min(100) as usize);
            let indexes: Vec<_> = report.violations.iter().map(|found| found.index).collect();
            prop_assert!(indexes.is_sorted(), "input order: {indexes:?}");
        }
    }

    #[test]
    fn a_verdict_does_not_depend_on_the_order_of_orders(orders in vec(order_json(), 1..8)) {
        let forward = format!("[{}]", orders.join(","));
        let backward = format!("[{}]", orders.iter().rev().cloned().collect::<Vec<_>>().join(","));
        prop_assert_eq!(verdict(&forward), verdict(&backward));
    }

    #[test]
    fn an_orders_violations_do_not_depend_on_its_neighbours(bad in near_json(), good in order_json()) {
        let (alone, beside) = (format!("[{bad}]"), format!("[{bad},{good}]"));
        let read = |body: &str| batch::read(body.as_bytes(), &Limits::default()).err();
        if let (Some(alone), Some(beside)) = (read(&alone), read(&beside)) {
            let whole = |report: &gridbid_core::violation::Report| report.violations.iter().any(|found| found.index.is_none());
            if !whole(&alone) && !whole(&beside) {
                let first: Vec<_> = beside.violations.into_iter().filter(|found| found.index == Some(0)).collect();
                let expected: Vec<_> = alone.violations.into_iter().filter(|found| found.index == Some(0)).collect();
                prop_assert_eq!(first, expected);
            }
        }
    }

    #[test]
    fn an_amounts_text_reads_back_as_the_amount(text in number_text()) {
        if let Ok(amount) = Amount::parse(&text) {
            let canonical = amount.to_string();
            prop_assert_eq!(Amount::parse(&canonical), Ok(amount));
            prop_assert_eq!(Amount::parse(&canonical).unwrap().to_string(), canonical.clone());
            // The text is a JSON number of the same value, as far as a double can tell.
            let (given, written): (f64, f64) = (text.parse().unwrap(), canonical.parse().unwrap());
            prop_assert_eq!(given, written);
        }
    }

    #[test]
    fn moving_the_point_does_not_change_an_amount(digits in 1_u64.., shift in 0_i32..100) {
        let (digits, zeros) = (digits.to_string(), "0".repeat(shift as usize));
        let plain = Amount::parse(&format!("{digits}e-{shift}"));
        prop_assert_eq!(Amount::parse(&format!("{digits}{zeros}e-{}", 2 * shift)), plain);
        prop_assert_eq!(Amount::parse(&format!("0.{digits}e{}", digits.len() as i32 - shift)), plain);
    }

    #[test]
    fn a_total_of_integers_is_their_sum_in_any_order(mut numbers in vec(any::<i64>(), 0..50)) {
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
    fn an_instants_text_reads_back(seconds in 0_u64..253_402_300_800) {
        let instant = Instant::from_unix_seconds(seconds);
        prop_assert_eq!(Instant::parse(&instant.to_string()), Some(instant));
        prop_assert_eq!(Slot::parse(&instant.to_string()).unwrap().to_string(), instant.to_string());
    }

    #[test]
    fn an_order_lives_exactly_24_hours(accepted in 0_u64..250_000_000_000, later in 0_u64..200_000) {
        let end = expires_at(Instant::from_unix_seconds(accepted));
        prop_assert_eq!(is_live(end, Instant::from_unix_seconds(accepted + later)), later < 86_400);
    }

    #[test]
    fn what_is_passed_on_is_read_as_the_same_answer(text in near_json()) {
        let document = format!(r#"{{"results":true,"orders":[{text}]}}"#);
        if let Ok(answer) = outcome::read_answer(document.as_bytes(), &AnswerLimits::default()) {
            let passed_on = answer.to_json();
            prop_assert!(serde_json::from_str::<serde_json::Value>(&passed_on).is_ok());
            let again = outcome::read_answer(passed_on.as_bytes(), &AnswerLimits::default()).unwrap();
            prop_assert_eq!(again.to_json(), passed_on);
        }
    }

    #[test]
    fn canonical_bytes_are_a_fixed_point_and_survive_doubles(power_text in number_text(), note in "\\PC{0,8}") {
        let order = serde_json::json!({"note": note, "order": "accepted", "list": [1, {"b": 2, "a": null}]}).to_string();
        let order = order.replacen('{', &format!("{{\"power\":{power_text},"), 1);
        if let Ok(Outcome::Accepted(accepted)) = outcome::decide(order.as_bytes()) {
            let again = outcome::decide(accepted.canonical.as_bytes());
            prop_assert_eq!(again, Ok(Outcome::Accepted(accepted.clone())));
            // The way through the state machine: read into doubles and written again.
            let power: f64 = power_text.parse().unwrap();
            let carried = order.replacen(&format!("{{\"power\":{}", power_text), &format!("{{\"power\":{power:?}"), 1);
            prop_assert_eq!(outcome::decide(carried.as_bytes()), Ok(Outcome::Accepted(accepted)));
        }
    }

    #[test]
    fn a_summary_counts_every_outcome_once(kinds in vec(0_u8..3, 0..60)) {
        let told: Vec<_> = (0..).zip(&kinds).map(|(position, kind)| match kind {
            0 => Told::Accepted { position, power: Some(Amount::parse("0.1").unwrap()) },
            1 => Told::Rejected { position, why: "no".into() },
            _ => Told::Failed { position, error: "Unavailable".into(), why: "away".into() },
        }).collect();
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        let summary = summary::summarise(slot, "run", 1, &told);
        let count = |kind| kinds.iter().filter(|given| **given == kind).count() as u32;
        prop_assert_eq!((summary.accepted, summary.rejected, summary.failed), (count(0), count(1), count(2)));
        let message: serde_json::Value = serde_json::from_str(&summary.message_json("local")).unwrap();
        let listed = message["rejections"].as_array().unwrap().len() as u64;
        prop_assert_eq!(listed + message["more_rejections"].as_u64().unwrap(), u64::from(count(1)));
    }
}
