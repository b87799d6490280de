//! Tests of the function on an archive in memory.

use std::time::Duration;

use gridbid_adapters::{
    deadline::Deadline,
    memory::{Fault, MemoryArchive, MemoryLog},
};
use gridbid_core::expiry::Timestamp;
use serde_json::{Value, json};

use super::*;

const KEY: &str = "results/2026-11-22/20261122T070500Z/2/0007-";
const BATCH: &str = "answers/2026-11-22/20261122T070500Z/2/digest/3.jsonl";

fn invocation() -> Invocation {
    Invocation::new(Deadline::after(Duration::from_secs(5)), Timestamp::from_unix_seconds(0))
}

fn event(order: &str) -> String {
    let item = format!(r#"{{"position":7,"order":{order}}}"#);
    format!(r#"{{"slot":"2026-11-22T07:05:00Z","attempt":2,"run":"arn:run","item":{item}}}"#)
}

fn batch_event(count: u32) -> String {
    let item = format!(r#"{{"n":3,"key":"{BATCH}","count":{count},"first":1500}}"#);
    format!(r#"{{"slot":"2026-11-22T07:05:00Z","attempt":2,"run":"arn:run","item":{item}}}"#)
}

/// A function whose archive contains `BATCH` from its first call on; `faults` apply to the calls after that.
fn with_batch(
    lines: &'static str,
    faults: impl IntoIterator<Item = Fault<gridbid_adapters::memory::Objects>>,
) -> StoreResult<MemoryArchive> {
    let write = Fault::ConcurrentWrite(Box::new(|objects: &mut gridbid_adapters::memory::Objects| {
        objects.insert(BATCH.to_owned(), lines.to_owned());
    }));
    StoreResult::new(faults.into_iter().fold(MemoryArchive::new().with_fault(write), MemoryArchive::with_fault))
}

async fn store(function: &StoreResult<MemoryArchive>, order: &str) -> Result<String, HandlerError> {
    function.store(&event(order), &mut invocation()).await
}

fn function() -> StoreResult<MemoryArchive> {
    StoreResult::new(MemoryArchive::new())
}

#[tokio::test]
async fn accepted_order_is_stored_under_a_derived_key() {
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
async fn rejected_order_is_raised_and_not_stored() {
    let function = function();
    let error = store(&function, r#"{"order":"rejected","record_id":"unique_id_1"}"#).await.unwrap_err();
    assert_eq!(error, HandlerError::OrderRejected("the auction rejected `unique_id_1`".into()));
    assert!(function.archive().objects().is_empty());
}

#[tokio::test]
async fn malformed_order_breaks_the_contract() {
    for (order, code, message) in [
        (r#"{"order":"pending"}"#, "unknown_status", "the status `pending` is neither `accepted` nor `rejected`"),
        (
            r#"{"malformed":{"code":"too_precise","message":"a number has 39 significant digits: at most 38"}}"#,
            "too_precise",
            "a number has 39 significant digits: at most 38",
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
        r#"{"slot":"MARKER","attempt":1,"run":"arn:run","item":{"position":7,"order":{"order":"accepted"}}}"#,
        r#"{"slot":"2026-11-22T07:05:00Z","attempt":1,"run":"arn:run","item":{"position":"MARKER","order":{"MARKER":"MARKER"}}}"#,
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
async fn throttle_is_unavailable_and_a_refusal_breaks_the_contract() {
    for (fault, name) in [(Fault::Throttle, "Unavailable"), (Fault::Deny, "ContractBroken")] {
        let function = StoreResult::new(MemoryArchive::new().with_fault(fault));
        assert_eq!(store(&function, r#"{"order":"accepted"}"#).await.unwrap_err().name(), name);
        assert!(function.archive().objects().is_empty());
    }
}

const LINES: &str = concat!(
    "{\"order\":\"accepted\",\"power\":0.1}\n",
    "{\"order\":\"rejected\",\"record_id\":\"b\"}\n",
    "{\"malformed\":{\"code\":\"unknown_status\",\"message\":\"no\"}}\n",
    "{\"order\":\"accepted\",\"power\":0.2}\n",
);

#[tokio::test]
async fn batch_is_stored_with_its_report() {
    let function = with_batch(LINES, []);
    let mut invocation = invocation();
    let output = function.store(&batch_event(4), &mut invocation).await.unwrap();
    assert_eq!(output, r#"{"n":3,"outcome":"batch","accepted":2,"rejected":1,"failed":1}"#);
    let objects = function.archive().objects();
    assert_eq!(
        objects["results/2026-11-22/20261122T070500Z/2/3.jsonl"],
        "{\"order\":\"accepted\",\"power\":0.1}\n{\"order\":\"accepted\",\"power\":0.2}\n"
    );
    let report: Value = serde_json::from_str(&objects["reports/2026-11-22/20261122T070500Z/2/3.json"]).unwrap();
    assert_eq!((&report["total_power"], &report["rejections"][0]["position"]), (&json!("0.3"), &json!(1501)));
    assert_eq!(objects.len(), 3);
    assert_eq!((invocation.log.batch, invocation.log.stored, invocation.log.accepted), (Some(3), Some(2), Some(2)));
}

#[tokio::test]
async fn batch_that_is_stored_again_ends_the_same() {
    // The response of either write is lost.
    for lost in 0..2 {
        let faults = (0..lost).map(|_| Fault::None).chain([Fault::LoseResponse]);
        let function = with_batch(LINES, faults);
        let first = function.store(&batch_event(4), &mut invocation()).await;
        assert_eq!(first.unwrap_err().name(), "Unavailable");
        let output = function.store(&batch_event(4), &mut invocation()).await.unwrap();
        assert_eq!(output, r#"{"n":3,"outcome":"batch","accepted":2,"rejected":1,"failed":1}"#);
        let again = with_batch(LINES, []);
        again.store(&batch_event(4), &mut invocation()).await.unwrap();
        assert_eq!(function.archive().objects(), again.archive().objects());
    }
}

#[tokio::test]
async fn batch_without_accepted_orders_has_only_a_report() {
    let function = with_batch("{\"order\":\"rejected\"}\n", []);
    function.store(&batch_event(1), &mut invocation()).await.unwrap();
    let keys: Vec<_> = function.archive().objects().into_keys().collect();
    assert_eq!(keys, [BATCH, "reports/2026-11-22/20261122T070500Z/2/3.json"]);
}

#[tokio::test]
async fn missing_or_incomplete_batch_breaks_the_contract() {
    let function = function();
    assert_eq!(function.store(&batch_event(4), &mut invocation()).await.unwrap_err().name(), "ContractBroken");
    let function = with_batch(LINES, []);
    assert_eq!(function.store(&batch_event(5), &mut invocation()).await.unwrap_err().name(), "ContractBroken");
    assert_eq!(function.archive().objects().len(), 1);
}

#[tokio::test]
async fn malformed_events_break_the_contract() {
    for event in [
        json!({}),
        json!({"slot": "2026-11-22T07:05:00Z", "attempt": 1, "run": "r", "item": {"position": -1, "order": {}}}),
        json!({"slot": "2026-11-22T07:05:00Z", "run": "r", "item": {"position": 1, "order": {}}}),
        json!({"slot": "2026-11-22T07:05:00Z", "attempt": 1, "run": "r", "item": {"position": 1}}),
        json!({"slot": "2026-11-22T07:05:00Z", "attempt": 1, "run": "r", "item": {"n": 1, "count": 1, "first": 1}}),
        json!({"slot": "yesterday", "attempt": 1, "run": "r", "item": {"position": 0, "order": {"order": "accepted"}}}),
    ] {
        let error = function().store(&event.to_string(), &mut invocation()).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken", "{event}");
    }
}

#[tokio::test]
async fn bucket_is_required() {
    let mut environment = Environment::from_pairs(&[
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
    ]);
    let error = StoreResult::start(&mut environment).await.unwrap_err();
    assert_eq!(error.to_string(), "the environment is not complete: RESULTS_BUCKET is missing");
}
