//! Tests of the function on an archive in memory.

use std::time::Duration;

use gridbid_adapters::{
    deadline::Deadline,
    memory::{Fault, MemoryArchive, MemoryLog},
};
use gridbid_core::expiry::Timestamp;
use serde_json::{Value, json};

use super::*;

const KEY: &str = "results/2026-11-22/20261122T070500Z/0007-";

fn invocation() -> Invocation {
    Invocation::new(Deadline::after(Duration::from_secs(5)), Timestamp::from_unix_seconds(0))
}

fn event(order: &str) -> String {
    format!(r#"{{"slot":"2026-11-22T07:05:00Z","run":"arn:run","position":7,"order":{order}}}"#)
}

async fn store(function: &StoreResult<MemoryArchive>, order: &str) -> Result<String, HandlerError> {
    function.store(&event(order), &mut invocation()).await
}

fn function() -> StoreResult<MemoryArchive> {
    StoreResult::new(MemoryArchive::new())
}

#[tokio::test]
async fn an_accepted_order_is_stored_under_a_derived_key() {
    let function = function();
    let output = store(&function, r#"{ "power": 2.10, "order": "accepted" }"#).await.unwrap();
    let objects = function.archive().objects();
    let (key, json) = objects.first_key_value().unwrap();
    assert_eq!(json, r#"{"order":"accepted","power":2.1}"#);
    assert!(key.starts_with(KEY) && key.len() == KEY.len() + 16 + ".json".len(), "{key}");
    assert_eq!(output, format!(r#"{{"position":7,"outcome":"accepted","power":"2.1","key":"{key}"}}"#));
}

#[tokio::test]
async fn output_without_power_omits_it() {
    let output = store(&function(), r#"{"status":"accepted"}"#).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&output).unwrap().get("power"), None);
}

#[tokio::test]
async fn output_has_at_most_200_bytes() {
    let function = function();
    let order = r#"{"order":"accepted","power":-1.23456789012345e-130}"#;
    let event = event(order).replace(r#""position":7"#, r#""position":4294967295"#);
    let output = function.store(&event, &mut invocation()).await.unwrap();
    assert!(output.len() <= 200, "{} bytes: {output}", output.len());
}

#[tokio::test]
async fn storing_again_is_idempotent() {
    let function = StoreResult::new(MemoryArchive::new().with_fault(Fault::LoseResponse));
    let order = r#"{"order":"accepted","power":1}"#;
    assert_eq!(store(&function, order).await.unwrap_err().name(), "Unavailable");
    let stored = function.archive().objects();
    let mut again = invocation();
    let output = function.store(&event(order), &mut again).await.unwrap();
    assert!(output.contains(r#""outcome":"accepted""#));
    assert_eq!((again.log.stored, again.log.unchanged), (None, Some(1)));
    assert_eq!(function.archive().objects(), stored);
    // Other content for the same slot and position is another object.
    store(&function, r#"{"order":"accepted","power":2}"#).await.unwrap();
    assert_eq!(function.archive().objects().len(), 2);
}

#[tokio::test]
async fn a_rejected_order_is_raised_and_not_stored() {
    let function = function();
    let error = store(&function, r#"{"order":"rejected","record_id":"unique_id_1"}"#).await.unwrap_err();
    assert_eq!(error, HandlerError::OrderRejected("the auction rejected `unique_id_1`".into()));
    assert!(function.archive().objects().is_empty());
}

#[tokio::test]
async fn a_malformed_order_breaks_the_contract() {
    for (order, code, message) in [
        (r#"{"order":"pending"}"#, "unknown_status", "the status `pending` is neither `accepted` nor `rejected`"),
        (
            r#"{"malformed":{"code":"too_precise","message":"a number has 17 significant digits: at most 15"}}"#,
            "too_precise",
            "a number has 17 significant digits: at most 15",
        ),
    ] {
        let function = function();
        let error = store(&function, order).await.unwrap_err();
        assert_eq!(error, HandlerError::MalformedOrder { code, message: message.into() });
        assert_eq!(error.name(), "ContractBroken");
        assert!(function.archive().objects().is_empty());
    }
}

#[tokio::test]
async fn log_lines_hold_no_content_of_an_order() {
    const MARKER: &str = "MARKER";
    for (order, outcome, code) in [
        (r#"{"order":"accepted","record_id":"MARKER","MARKER":"MARKER"}"#, "ok", Value::Null),
        (r#"{"order":"rejected","record_id":"MARKER","MARKER":["MARKER"]}"#, "rejected", Value::Null),
        (r#"{"order":"MARKER"}"#, "fault", json!("unknown_status")),
        (r#"{"order":"accepted","MARKER":1,"MARKER":2}"#, "fault", json!("duplicate_field")),
        (r#"{"order":"accepted","power":"MARKER"}"#, "fault", json!("wrong_type")),
        (r#"{"malformed":{"code":"too_precise","message":"MARKER"}}"#, "fault", json!("too_precise")),
        (r#""MARKER""#, "fault", json!("not_an_object")),
    ] {
        let line = log_line(&event(order)).await;
        assert!(!line.to_string().contains(MARKER), "{order}: {line}");
        assert_eq!((&line["outcome"], &line["code"]), (&json!(outcome), &code), "{order}: {line}");
        assert_eq!((&line["slot"], &line["position"]), (&json!("2026-11-22T07:05:00Z"), &json!(7)), "{order}: {line}");
    }
    for event in [
        r#"{"slot":"MARKER","run":"arn:run","position":7,"order":{"order":"accepted"}}"#,
        r#"{"slot":"2026-11-22T07:05:00Z","run":"arn:run","position":"MARKER","order":{"MARKER":"MARKER"}}"#,
        r#"{"MARKER":"MARKER"}"#,
        r#""MARKER""#,
    ] {
        let line = log_line(event).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["error"], "ContractBroken", "{event}: {line}");
    }
}

/// The log line of one invocation.
async fn log_line(event: &str) -> Value {
    let (log, function) = (MemoryLog::default(), function());
    let _output = log.invoke(event, async |event, invocation| function.store(event, invocation).await).await;
    serde_json::from_str(&log.text()).unwrap()
}

#[tokio::test]
async fn a_throttle_is_unavailable_and_a_refusal_breaks_the_contract() {
    for (fault, name) in [(Fault::Throttle, "Unavailable"), (Fault::Deny, "ContractBroken")] {
        let function = StoreResult::new(MemoryArchive::new().with_fault(fault));
        assert_eq!(store(&function, r#"{"order":"accepted"}"#).await.unwrap_err().name(), name);
        assert!(function.archive().objects().is_empty());
    }
}

#[tokio::test]
async fn malformed_events_break_the_contract() {
    for event in [
        json!({}),
        json!({"slot": "2026-11-22T07:05:00Z", "run": "r", "position": -1, "order": {}}),
        json!({"slot": "yesterday", "run": "r", "position": 0, "order": {"order": "accepted"}}),
    ] {
        let error = function().store(&event.to_string(), &mut invocation()).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken", "{event}");
    }
}

#[tokio::test]
async fn the_bucket_is_required() {
    let mut environment = Environment::from_pairs(&[
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
    ]);
    let error = StoreResult::start(&mut environment).await.unwrap_err();
    assert_eq!(error.to_string(), "the environment is not complete: RESULTS_BUCKET is missing");
}
