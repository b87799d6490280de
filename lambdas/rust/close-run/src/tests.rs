//! Tests of the function on an archive and a topic in memory.

use std::time::Duration;

use gridbid_adapters::{
    deadline::Deadline,
    memory::{Fault, MemoryArchive, MemoryLog, MemoryNotifier},
};
use gridbid_core::expiry::Timestamp;
use serde_json::{Value, json};

use super::*;

const KEY: &str = "summaries/2026-11-22/20261122T070500Z.json";

type TestedFunction = CloseRun<MemoryArchive, MemoryNotifier>;

fn function(archive: MemoryArchive, notifier: MemoryNotifier) -> TestedFunction {
    CloseRun::new(archive, notifier, "local".into())
}

fn faultless() -> TestedFunction {
    function(MemoryArchive::new(), MemoryNotifier::new())
}

async fn close(function: &TestedFunction, event: &Value) -> Result<String, HandlerError> {
    let mut invocation = Invocation::new(Deadline::after(Duration::from_secs(5)), Timestamp::from_unix_seconds(0));
    function.close(&event.to_string(), &mut invocation).await
}

fn event(outcomes: &Value) -> Value {
    json!({"slot": "2026-11-22T07:05:00Z", "attempt": 2, "run": "arn:run", "polls": 3, "outcomes": outcomes})
}

fn mixed() -> Value {
    event(&json!([
        {"position": 0, "outcome": "accepted", "power": "2.1", "key": "results/x"},
        {"position": 1, "outcome": "rejected", "why": "the auction rejected the order"},
        {"position": 2, "outcome": "failed", "error": "Unavailable", "why": "S3 PutObject: SlowDown (503)"},
        {"position": 3, "outcome": "accepted", "key": "results/y"},
    ]))
}

#[tokio::test]
async fn summary_is_stored_and_failures_are_published() {
    let function = faultless();
    let output = close(&function, &mixed()).await.unwrap();
    assert_eq!(output, r#"{"accepted":2,"rejected":1,"failed":1,"total_power":"2.1"}"#);
    let summary = json!({
        "slot": "2026-11-22T07:05:00Z", "attempt": 2, "run": "arn:run", "polls": 3,
        "accepted": 2, "rejected": 1, "failed": 1, "total_power": "2.1",
        "rejections": [{"position": 1, "why": "the auction rejected the order"}],
        "failures": [{"position": 2, "error": "Unavailable", "why": "S3 PutObject: SlowDown (503)"}],
        "more_rejections": 0, "more_failures": 0,
    });
    let objects = function.archive().objects();
    assert_eq!(objects.keys().collect::<Vec<_>>(), [KEY]);
    assert_eq!(serde_json::from_str::<Value>(&objects[KEY]).unwrap(), summary);
    let mut message = summary;
    message["kind"] = json!("run_summary");
    message["environment"] = json!("local");
    let messages = function.notifier().messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(&messages[0]).unwrap(), message);
}

#[tokio::test]
async fn run_of_accepted_orders_is_stored_and_not_published() {
    for outcomes in [json!([]), json!([{"position": 0, "outcome": "accepted", "power": "1"}])] {
        let function = faultless();
        close(&function, &event(&outcomes)).await.unwrap();
        assert_eq!(function.archive().objects().len(), 1);
        assert!(function.notifier().messages().is_empty());
    }
}

#[tokio::test]
async fn closing_again_is_idempotent() {
    let function = function(MemoryArchive::new(), MemoryNotifier::new().with_fault(Fault::LoseResponse));
    assert_eq!(close(&function, &mixed()).await.unwrap_err().name(), "Unavailable");
    let stored = function.archive().objects();
    assert_eq!(stored.len(), 1);
    close(&function, &mixed()).await.unwrap();
    assert_eq!(function.archive().objects(), stored);
    // At least once: published twice, with the same run id.
    let messages = function.notifier().messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0], messages[1]);
}

#[tokio::test]
async fn summary_that_is_not_stored_is_not_published() {
    for (fault, name) in [(Fault::Throttle, "Unavailable"), (Fault::Deny, "ContractBroken")] {
        let function = function(MemoryArchive::new().with_fault(fault), MemoryNotifier::new());
        assert_eq!(close(&function, &mixed()).await.unwrap_err().name(), name);
        assert!(function.notifier().messages().is_empty());
    }
    let function = function(MemoryArchive::new(), MemoryNotifier::new().with_fault(Fault::Deny));
    assert_eq!(close(&function, &mixed()).await.unwrap_err().name(), "ContractBroken");
}

#[tokio::test]
async fn malformed_events_break_the_contract() {
    let mut soon = event(&json!([]));
    soon["slot"] = json!("soon");
    for event in [
        json!({}),
        soon,
        event(&json!([{"position": 0, "outcome": "lost"}])),
        event(&json!([{"position": 0, "outcome": "rejected"}])),
        event(&json!([{"position": 0, "outcome": "accepted", "power": "much"}])),
        event(&json!([{"outcome": "failed", "error": "x", "why": "y"}])),
        event(&json!([{"n": 0, "outcome": "batch", "accepted": 1, "rejected": 0}])),
    ] {
        let function = faultless();
        assert_eq!(close(&function, &event).await.unwrap_err().name(), "ContractBroken", "{event}");
        assert!(function.archive().objects().is_empty());
    }
}

#[tokio::test]
async fn log_lines_hold_no_content_of_outcomes() {
    const MARKER: &str = "MARKER";
    let mut elsewhere = event(&json!([]));
    elsewhere["slot"] = json!(MARKER);
    for (event, outcome) in [
        (
            event(&json!([
                {"position": 0, "outcome": "accepted", "power": "2.1", "key": MARKER},
                {"position": 1, "outcome": "rejected", "why": MARKER},
                {"position": 2, "outcome": "failed", "error": MARKER, "why": MARKER},
            ])),
            "ok",
        ),
        (event(&json!([{"position": 0, "outcome": "accepted", "power": MARKER}])), "fault"),
        (event(&json!([{"position": 0, "outcome": MARKER}])), "fault"),
        (event(&json!([{"position": MARKER, "outcome": "rejected", "why": MARKER}])), "fault"),
        (elsewhere, "fault"),
    ] {
        let (log, function) = (MemoryLog::default(), faultless());
        let _output =
            log.invoke(&event.to_string(), async |event, invocation| function.close(event, invocation).await).await;
        let line: Value = serde_json::from_str(&log.text()).unwrap();
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["outcome"], outcome, "{event}: {line}");
    }
}

#[tokio::test]
async fn missing_variables_are_listed_once() {
    let error = CloseRun::start(&mut Environment::from_pairs(&[])).await.map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment is not complete: AWS_REGION is missing, AWS_ACCESS_KEY_ID is missing, \
         AWS_SECRET_ACCESS_KEY is missing, RESULTS_BUCKET is missing, NOTIFICATIONS_TOPIC_ARN is missing, \
         GRIDBID_ENVIRONMENT is missing"
    );
}

const REPORT: &str = r#"{"n":3,"first":1500,"count":3,"accepted":1,"rejected":1,"failed":1,"total_power":"0.5","rejections":[{"position":1501,"why":"no"}],"failures":[{"position":1502,"error":"ContractBroken","why":"what"}]}"#;

fn with_objects(objects: &'static [(&'static str, &'static str)]) -> TestedFunction {
    let write = Fault::ConcurrentWrite(Box::new(|all: &mut gridbid_adapters::memory::Objects| {
        all.extend(objects.iter().map(|(key, content)| ((*key).to_owned(), (*content).to_owned())));
    }));
    function(MemoryArchive::new().with_fault(write), MemoryNotifier::new())
}

#[tokio::test]
async fn reports_of_batches_are_added_up() {
    let function = with_objects(&[("reports/2026-11-22/20261122T070500Z/2/3.json", REPORT)]);
    let outcomes = json!([
        {"n": 3, "outcome": "batch", "accepted": 1, "rejected": 1, "failed": 1},
        {"n": 4, "first": 1503, "count": 500, "outcome": "failed", "error": "Unavailable", "why": "away"},
    ]);
    let output = close(&function, &event(&outcomes)).await.unwrap();
    assert_eq!(output, r#"{"accepted":1,"rejected":1,"failed":501,"total_power":"0.5"}"#);
    let summary: Value = serde_json::from_str(&function.archive().objects()[KEY]).unwrap();
    assert_eq!(summary["reports"], "reports/2026-11-22/20261122T070500Z/2/");
    assert_eq!(summary["failures"][1], json!({"position": 1503, "count": 500, "error": "Unavailable", "why": "away"}));
    assert_eq!(summary["more_failures"], 0);
}

#[tokio::test]
async fn missing_or_contradictory_report_breaks_the_contract() {
    let outcomes = json!([{"n": 3, "outcome": "batch", "accepted": 2, "rejected": 1, "failed": 0}]);
    for function in [faultless(), with_objects(&[("reports/2026-11-22/20261122T070500Z/2/3.json", REPORT)])] {
        assert_eq!(close(&function, &event(&outcomes)).await.unwrap_err().name(), "ContractBroken");
        assert!(!function.archive().objects().contains_key(KEY));
    }
}

#[tokio::test]
async fn late_run_does_not_replace_the_summary_of_a_later_attempt() {
    let late = with_objects(&[(KEY, r#"{"attempt":3}"#)]);
    assert_eq!(close(&late, &mixed()).await.unwrap_err().name(), "ContractBroken");
    assert_eq!(late.archive().objects()[KEY], r#"{"attempt":3}"#);
    assert!(late.notifier().messages().is_empty());
    for older in [r#"{"attempt":2}"#, r#"{"slot":"x"}"#, ""] {
        let archive = MemoryArchive::new().with_fault(Fault::ConcurrentWrite(Box::new(
            |all: &mut gridbid_adapters::memory::Objects| {
                all.insert(KEY.to_owned(), older.to_owned());
            },
        )));
        let function = function(archive, MemoryNotifier::new());
        close(&function, &mixed()).await.unwrap();
        assert!(function.archive().objects()[KEY].contains("arn:run"));
    }
}
