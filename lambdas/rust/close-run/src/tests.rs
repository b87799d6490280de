//! The function against an archive and a topic in memory: what is filed, told and answered.

use std::time::Duration;

use gridbid_adapters::{
    archive::{MemoryArchive, memory::Files},
    deadline::Deadline,
    disturbance::Disturbance,
    notices::MemoryNotices,
    telemetry::MemoryLog,
};
use gridbid_core::expiry::Instant;
use serde_json::{Value, json};

use super::*;

const KEY: &str = "summaries/2026-11-22/20261122T070500Z.json";

type Closing = CloseRun<MemoryArchive, MemoryNotices>;

fn closing(archive: MemoryArchive, notices: MemoryNotices) -> Closing {
    CloseRun::new(archive, notices, "local".into())
}

fn undisturbed() -> Closing {
    closing(MemoryArchive::new(), MemoryNotices::new())
}

async fn close(function: &Closing, event: &Value) -> Result<String, HandlerError> {
    let mut call = Call::new(Deadline::after(Duration::from_secs(5)), Instant::from_unix_seconds(0));
    function.answer(&event.to_string(), &mut call).await
}

fn event(outcomes: &Value) -> Value {
    json!({"slot": "2026-11-22T07:05:00Z", "run": "arn:run", "polls": 3, "outcomes": outcomes})
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
async fn a_summary_is_filed_and_what_went_wrong_is_told() {
    let function = undisturbed();
    let answer = close(&function, &mixed()).await.unwrap();
    assert_eq!(answer, r#"{"accepted":2,"rejected":1,"failed":1,"total_power":"2.1"}"#);
    let summary = json!({
        "slot": "2026-11-22T07:05:00Z", "run": "arn:run", "polls": 3,
        "accepted": 2, "rejected": 1, "failed": 1, "total_power": "2.1",
        "rejections": [{"position": 1, "why": "the auction rejected the order"}],
        "failures": [{"position": 2, "error": "Unavailable", "why": "S3 PutObject: SlowDown (503)"}],
    });
    let files = function.archive().files();
    assert_eq!(files.keys().collect::<Vec<_>>(), [KEY]);
    assert_eq!(serde_json::from_str::<Value>(&files[KEY]).unwrap(), summary);
    let mut told = summary;
    told["kind"] = json!("run_summary");
    told["environment"] = json!("local");
    told["more_rejections"] = json!(0);
    told["more_failures"] = json!(0);
    let messages = function.notices().messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(&messages[0]).unwrap(), told);
}

#[tokio::test]
async fn a_run_without_trouble_is_filed_and_not_told() {
    for outcomes in [json!([]), json!([{"position": 0, "outcome": "accepted", "power": "1"}])] {
        let function = undisturbed();
        close(&function, &event(&outcomes)).await.unwrap();
        assert_eq!(function.archive().files().len(), 1);
        assert!(function.notices().messages().is_empty());
    }
}

#[tokio::test]
async fn closing_again_files_the_same() {
    let function = closing(MemoryArchive::new(), MemoryNotices::new().then(Disturbance::LoseAnswer));
    assert_eq!(close(&function, &mixed()).await.unwrap_err().name(), "Unavailable");
    let filed: Files = function.archive().files();
    assert_eq!(filed.len(), 1);
    close(&function, &mixed()).await.unwrap();
    assert_eq!(function.archive().files(), filed);
    // Told twice, with the same run's id, rather than not at all.
    let messages = function.notices().messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0], messages[1]);
}

#[tokio::test]
async fn nothing_is_told_that_is_not_filed() {
    for (disturbance, name) in [(Disturbance::Throttle, "Unavailable"), (Disturbance::Deny, "ContractBroken")] {
        let function = closing(MemoryArchive::new().then(disturbance), MemoryNotices::new());
        assert_eq!(close(&function, &mixed()).await.unwrap_err().name(), name);
        assert!(function.notices().messages().is_empty());
    }
    let function = closing(MemoryArchive::new(), MemoryNotices::new().then(Disturbance::Deny));
    assert_eq!(close(&function, &mixed()).await.unwrap_err().name(), "ContractBroken");
}

#[tokio::test]
async fn an_event_of_another_form_is_a_broken_contract() {
    let mut soon = event(&json!([]));
    soon["slot"] = json!("soon");
    for event in [
        json!({}),
        soon,
        event(&json!([{"position": 0, "outcome": "lost"}])),
        event(&json!([{"position": 0, "outcome": "rejected"}])),
        event(&json!([{"position": 0, "outcome": "accepted", "power": "much"}])),
    ] {
        let function = undisturbed();
        assert_eq!(close(&function, &event).await.unwrap_err().name(), "ContractBroken", "{event}");
        assert!(function.archive().files().is_empty());
    }
}

#[tokio::test]
async fn the_log_holds_nothing_of_outcomes() {
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
        let (log, function) = (MemoryLog::default(), undisturbed());
        let _output = log.invoke(&event.to_string(), async |event, call| function.answer(event, call).await).await;
        let line: Value = serde_json::from_str(&log.text()).unwrap();
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["outcome"], outcome, "{event}: {line}");
    }
}

#[tokio::test]
async fn all_that_is_missing_is_listed_once() {
    let error = CloseRun::start(&mut Environment::of(&[])).await.map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment is not complete: AWS_REGION is missing, AWS_ACCESS_KEY_ID is missing, \
         AWS_SECRET_ACCESS_KEY is missing, RESULTS_BUCKET is missing, NOTIFICATIONS_TOPIC_ARN is missing, \
         GRIDBID_ENVIRONMENT is missing"
    );
}
