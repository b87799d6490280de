//! The function against an archive in memory: what is filed, and what the state machine is told.

use std::time::Duration;

use gridbid_adapters::{archive::MemoryArchive, deadline::Deadline, disturbance::Disturbance, telemetry::MemoryLog};
use gridbid_core::expiry::Instant;
use serde_json::{Value, json};

use super::*;

const KEY: &str = "results/2026-11-22/20261122T070500Z/0007-";

fn call() -> Call {
    Call::new(Deadline::after(Duration::from_secs(5)), Instant::from_unix_seconds(0))
}

fn event(order: &str) -> String {
    format!(r#"{{"slot":"2026-11-22T07:05:00Z","run":"arn:run","position":7,"order":{order}}}"#)
}

async fn file(function: &StoreResult<MemoryArchive>, order: &str) -> Result<String, HandlerError> {
    function.answer(&event(order), &mut call()).await
}

fn function() -> StoreResult<MemoryArchive> {
    StoreResult::new(MemoryArchive::new())
}

#[tokio::test]
async fn an_accepted_order_is_filed_under_a_key_of_its_content() {
    let function = function();
    let answer = file(&function, r#"{ "power": 2.10, "order": "accepted" }"#).await.unwrap();
    let files = function.archive().files();
    let (key, json) = files.first_key_value().unwrap();
    assert_eq!(json, r#"{"order":"accepted","power":2.1}"#);
    assert!(key.starts_with(KEY) && key.len() == KEY.len() + 16 + ".json".len(), "{key}");
    assert_eq!(answer, format!(r#"{{"position":7,"outcome":"accepted","power":"2.1","key":"{key}"}}"#));
}

#[tokio::test]
async fn an_order_without_power_has_none() {
    let answer = file(&function(), r#"{"status":"accepted"}"#).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap().get("power"), None);
}

#[tokio::test]
async fn the_longest_answer_has_at_most_200_bytes() {
    let function = function();
    let order = r#"{"order":"accepted","power":-1.23456789012345e-130}"#;
    let event = event(order).replace(r#""position":7"#, r#""position":4294967295"#);
    let answer = function.answer(&event, &mut call()).await.unwrap();
    assert!(answer.len() <= 200, "{} bytes: {answer}", answer.len());
}

#[tokio::test]
async fn filing_again_ends_the_same() {
    let function = StoreResult::new(MemoryArchive::new().then(Disturbance::LoseAnswer));
    let order = r#"{"order":"accepted","power":1}"#;
    assert_eq!(file(&function, order).await.unwrap_err().name(), "Unavailable");
    let filed = function.archive().files();
    let mut again = call();
    let answer = function.answer(&event(order), &mut again).await.unwrap();
    assert!(answer.contains(r#""outcome":"accepted""#));
    assert_eq!((again.notes.stored, again.notes.unchanged), (None, Some(1)));
    assert_eq!(function.archive().files(), filed);
    // Another answer of the platform for the same slot and position is another file.
    file(&function, r#"{"order":"accepted","power":2}"#).await.unwrap();
    assert_eq!(function.archive().files().len(), 2);
}

#[tokio::test]
async fn a_rejected_order_is_raised_and_not_filed() {
    let function = function();
    let error = file(&function, r#"{"order":"rejected","record_id":"unique_id_1"}"#).await.unwrap_err();
    assert_eq!(error, HandlerError::OrderRejected("the auction rejected `unique_id_1`".into()));
    assert!(function.archive().files().is_empty());
}

#[tokio::test]
async fn an_order_that_cannot_be_used_is_a_broken_contract() {
    for (order, code, message) in [
        (r#"{"order":"pending"}"#, "unknown_status", "the status `pending` is neither `accepted` nor `rejected`"),
        (
            r#"{"malformed":{"code":"too_precise","message":"a number has 17 significant digits: at most 15"}}"#,
            "too_precise",
            "a number has 17 significant digits: at most 15",
        ),
    ] {
        let function = function();
        let error = file(&function, order).await.unwrap_err();
        assert_eq!(error, HandlerError::MalformedOrder { code, message: message.into() });
        assert_eq!(error.name(), "ContractBroken");
        assert!(function.archive().files().is_empty());
    }
}

#[tokio::test]
async fn the_log_holds_nothing_of_an_order() {
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
        let line = logged(&event(order)).await;
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
        let line = logged(event).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["error"], "ContractBroken", "{event}: {line}");
    }
}

/// The line that one invocation logs.
async fn logged(event: &str) -> Value {
    let (log, function) = (MemoryLog::default(), function());
    let _output = log.invoke(event, async |event, call| function.answer(event, call).await).await;
    serde_json::from_str(&log.text()).unwrap()
}

#[tokio::test]
async fn an_archive_that_is_away_is_told_from_one_that_refuses() {
    for (disturbance, name) in [(Disturbance::Throttle, "Unavailable"), (Disturbance::Deny, "ContractBroken")] {
        let function = StoreResult::new(MemoryArchive::new().then(disturbance));
        assert_eq!(file(&function, r#"{"order":"accepted"}"#).await.unwrap_err().name(), name);
        assert!(function.archive().files().is_empty());
    }
}

#[tokio::test]
async fn an_event_of_another_form_is_a_broken_contract() {
    for event in [
        json!({}),
        json!({"slot": "2026-11-22T07:05:00Z", "run": "r", "position": -1, "order": {}}),
        json!({"slot": "yesterday", "run": "r", "position": 0, "order": {"order": "accepted"}}),
    ] {
        let error = function().answer(&event.to_string(), &mut call()).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken", "{event}");
    }
}

#[tokio::test]
async fn the_bucket_has_to_be_named() {
    let mut environment =
        Environment::of(&[("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key")]);
    let error = StoreResult::start(&mut environment).await.unwrap_err();
    assert_eq!(error.to_string(), "the environment is not complete: RESULTS_BUCKET is missing");
}
