//! The function against a platform in memory, and the platform that an environment asks for.

use std::time::Duration;

use gridbid_adapters::{
    AdapterError,
    deadline::Deadline,
    platform::{MemoryPlatform, RandomPlatform},
    telemetry::MemoryLog,
};
use gridbid_core::{expiry::Instant, name::Slot};
use serde_json::{Value, json};

use super::*;

const EVENT: &str = r#"{"slot":"2026-11-22T07:05:00Z","poll":2,"run":"arn:run"}"#;

fn call() -> Call {
    Call::new(Deadline::after(Duration::from_secs(5)), Instant::from_unix_seconds(0))
}

/// The function over a platform that answers with this document.
fn over(document: &str) -> CollectResults<MemoryPlatform> {
    CollectResults::new(MemoryPlatform::new([Ok(PlatformResponse::Document(document.into()))]))
}

async fn collected(document: &str) -> Result<String, HandlerError> {
    over(document).answer(EVENT, &mut call()).await
}

#[tokio::test]
async fn not_ready_is_an_answer() {
    let function = over(r#"{"results": false}"#);
    let mut call = call();
    assert_eq!(function.answer(EVENT, &mut call).await.unwrap(), r#"{"results":false}"#);
    assert_eq!(function.platform().asked(), [(Slot::parse("2026-11-22T07:05:00Z").unwrap(), 2)]);
    assert_eq!((call.notes.ready, call.notes.poll, call.notes.run.as_deref()), (Some(false), Some(2), Some("arn:run")));
}

#[tokio::test]
async fn the_tasks_document_is_passed_on() {
    let ready = CollectResults::new(RandomPlatform { seed: None, ready_percent: 100 });
    let mut call = call();
    assert_eq!(
        ready.answer(EVENT, &mut call).await.unwrap(),
        r#"{"results":true,"orders":[{"order":"accepted","power":1},{"order":"rejected"}]}"#
    );
    assert_eq!((call.notes.ready, call.notes.orders), (Some(true), Some(2)));
    let never = CollectResults::new(RandomPlatform { seed: None, ready_percent: 0 });
    assert_eq!(never.answer(EVENT, &mut call).await.unwrap(), r#"{"results":false}"#);
}

#[tokio::test]
async fn a_malformed_order_is_marked_and_the_others_go_on() {
    let answer = collected(
        r#"{"results":true,"orders":[{"order":"accepted","power":1.2345678901234567},{"order":"rejected"}]}"#,
    )
    .await
    .unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["orders"][0]["malformed"]["code"], "too_precise");
    assert_eq!(answer["orders"][1], json!({"order": "rejected"}));
}

#[tokio::test]
async fn an_answer_that_core_refuses_is_a_broken_contract_with_its_code() {
    let many = format!(r#"{{"results":true,"orders":[{}]}}"#, vec![r#"{"order":"accepted"}"#; 501].join(","));
    for (document, code) in [
        ("<html>", "not_json"),
        ("{}", "missing_results"),
        (r#"{"results":"yes"}"#, "wrong_results"),
        (r#"{"results":true}"#, "missing_orders"),
        (many.as_str(), "results_too_large"),
    ] {
        let error = collected(document).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken");
        assert!(error.to_string().starts_with(&format!("{code}: ")), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_was_not_read_says_its_length_or_the_limit() {
    for (bytes, sentence) in [
        (Some(20_000_000), "results_too_large: the platform's answer has 20000000 bytes: at most 204800"),
        (None, "results_too_large: the platform's answer has more than 204800 bytes"),
    ] {
        let function = CollectResults::new(MemoryPlatform::new([Ok(PlatformResponse::TooLarge { bytes })]));
        let mut call = call();
        let error = function.answer(EVENT, &mut call).await.unwrap_err();
        assert_eq!(error, HandlerError::ContractBroken(sentence.into()));
        assert_eq!(call.notes.code, Some("results_too_large"));
    }
}

#[tokio::test]
async fn a_platform_that_is_away_is_told_from_one_that_refuses() {
    let away = MemoryPlatform::new([Err(AdapterError::Unavailable("status 503".into()))]);
    assert_eq!(CollectResults::new(away).answer(EVENT, &mut call()).await.unwrap_err().name(), "Unavailable");
    let refusing = MemoryPlatform::new([Err(AdapterError::Broken("status 403".into()))]);
    assert_eq!(CollectResults::new(refusing).answer(EVENT, &mut call()).await.unwrap_err().name(), "ContractBroken");
}

#[tokio::test]
async fn an_event_of_another_form_is_a_broken_contract() {
    for event in
        [json!({}), json!({"slot": "soon", "poll": 1, "run": "r"}), json!({"slot": "x", "poll": -1, "run": "r"})]
    {
        let function = CollectResults::new(MemoryPlatform::default());
        assert_eq!(function.answer(&event.to_string(), &mut call()).await.unwrap_err().name(), "ContractBroken");
        assert!(function.platform().asked().is_empty());
    }
}

#[tokio::test]
async fn the_log_holds_nothing_of_results() {
    const MARKER: &str = "MARKER";
    let many = format!(r#"{{"results":true,"orders":[{}]}}"#, vec![r#"{"order":"MARKER"}"#; 501].join(","));
    for (document, outcome) in [
        (r#"{"results":false,"MARKER":"MARKER"}"#, "ok"),
        (r#"{"results":true,"orders":[{"order":"accepted","record_id":"MARKER"},{"order":"MARKER"},"MARKER"]}"#, "ok"),
        (r#"{"results":true,"orders":[{"order":"accepted","MARKER":1,"MARKER":2}]}"#, "ok"),
        (many.as_str(), "fault"),
        (r#"{"results":"MARKER","orders":["MARKER"]}"#, "fault"),
        (r#"{"results":true,"orders":"MARKER"}"#, "fault"),
        (r#"{"results":true,"orders":["MARKER",MARKER]}"#, "fault"),
        (r#"["MARKER"]"#, "fault"),
        ("MARKER", "fault"),
    ] {
        let line = logged(EVENT, document).await;
        assert!(!line.to_string().contains(MARKER), "{document}: {line}");
        assert_eq!((&line["outcome"], &line["slot"]), (&json!(outcome), &json!("2026-11-22T07:05:00Z")), "{line}");
    }
    for event in [r#"{"slot":"MARKER","poll":2,"run":"arn:run"}"#, r#"{"slot":"x","poll":"MARKER"}"#, r#""MARKER""#] {
        let line = logged(event, r#"{"results":false}"#).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["error"], "ContractBroken", "{event}: {line}");
    }
}

/// The line that one invocation logs, when the platform answers with this document.
async fn logged(event: &str, document: &str) -> Value {
    let (log, function) = (MemoryLog::default(), over(document));
    let _output = log.invoke(event, async |event, call| function.answer(event, call).await).await;
    serde_json::from_str(&log.text()).unwrap()
}

async fn configured(variables: &[(&str, &str)]) -> Result<ConfiguredPlatform, StartError> {
    ConfiguredPlatform::start(&mut Environment::of(variables)).await
}

#[tokio::test]
async fn without_an_address_the_platform_is_the_tasks() {
    let Ok(ConfiguredPlatform::Random(platform)) = configured(&[]).await else { panic!("no random platform") };
    assert_eq!(platform, RandomPlatform { seed: None, ready_percent: 50 });
    let settings = [("AUCTION_RANDOM_SEED", "18446744073709551615"), ("AUCTION_RANDOM_READY_PERCENT", "100")];
    let Ok(ConfiguredPlatform::Random(platform)) = configured(&settings).await else { panic!("no random platform") };
    assert_eq!(platform, RandomPlatform { seed: Some(u64::MAX), ready_percent: 100 });
}

#[tokio::test]
async fn with_an_address_the_platform_is_asked_over_http() {
    let platform = configured(&[("AUCTION_PLATFORM_URL", "https://platform.example/results")]).await;
    assert!(matches!(platform, Ok(ConfiguredPlatform::Http(_))));
}

#[tokio::test]
async fn all_that_is_wrong_is_listed() {
    let error = configured(&[
        ("AUCTION_PLATFORM_URL", "platform.example"),
        ("AUCTION_PLATFORM_TOKEN_SECRET", "token"),
        ("AUCTION_RANDOM_SEED", "-1"),
        ("AUCTION_RANDOM_READY_PERCENT", "101"),
    ])
    .await
    .map(|_| ())
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment is not complete: AUCTION_PLATFORM_URL is not an http or https address, \
         AWS_REGION is missing, AWS_ACCESS_KEY_ID is missing, AWS_SECRET_ACCESS_KEY is missing, \
         AUCTION_RANDOM_SEED is not a whole number below 2^64, \
         AUCTION_RANDOM_READY_PERCENT is not a whole number from 0 to 100"
    );
}
