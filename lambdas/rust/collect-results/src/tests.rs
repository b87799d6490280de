//! Tests of the function on a platform in memory, and of the platform that an environment selects.

use std::time::Duration;

use gridbid_adapters::{
    AdapterError,
    deadline::Deadline,
    memory::{MemoryLog, MemoryPlatform},
    random_platform::RandomPlatform,
};
use gridbid_core::{expiry::Timestamp, name::Slot};
use serde_json::{Value, json};

use super::*;

const EVENT: &str = r#"{"slot":"2026-11-22T07:05:00Z","poll":2,"run":"arn:run"}"#;

fn invocation() -> Invocation {
    Invocation::new(Deadline::after(Duration::from_secs(5)), Timestamp::from_unix_seconds(0))
}

/// The function on a platform that returns this document.
fn function(document: &str) -> CollectResults<MemoryPlatform> {
    CollectResults::new(MemoryPlatform::new([Ok(PlatformResponse::Document(document.into()))]))
}

async fn collect(document: &str) -> Result<String, HandlerError> {
    function(document).collect(EVENT, &mut invocation()).await
}

#[tokio::test]
async fn not_ready_is_a_result() {
    let function = function(r#"{"results": false}"#);
    let mut invocation = invocation();
    assert_eq!(function.collect(EVENT, &mut invocation).await.unwrap(), r#"{"results":false}"#);
    assert_eq!(function.platform().polls(), [(Slot::parse("2026-11-22T07:05:00Z").unwrap(), 2)]);
    assert_eq!(
        (invocation.log.ready, invocation.log.poll, invocation.log.run.as_deref()),
        (Some(false), Some(2), Some("arn:run"))
    );
}

#[tokio::test]
async fn results_of_the_random_platform_are_returned() {
    let ready = CollectResults::new(RandomPlatform { seed: None, ready_percent: 100 });
    let mut invocation = invocation();
    assert_eq!(
        ready.collect(EVENT, &mut invocation).await.unwrap(),
        r#"{"results":true,"orders":[{"order":"accepted","power":1},{"order":"rejected"}]}"#
    );
    assert_eq!((invocation.log.ready, invocation.log.orders), (Some(true), Some(2)));
    let never = CollectResults::new(RandomPlatform { seed: None, ready_percent: 0 });
    assert_eq!(never.collect(EVENT, &mut invocation).await.unwrap(), r#"{"results":false}"#);
}

#[tokio::test]
async fn a_malformed_order_is_marked_and_the_others_returned() {
    let results =
        collect(r#"{"results":true,"orders":[{"order":"accepted","power":1.2345678901234567},{"order":"rejected"}]}"#)
            .await
            .unwrap();
    let results: Value = serde_json::from_str(&results).unwrap();
    assert_eq!(results["orders"][0]["malformed"]["code"], "too_precise");
    assert_eq!(results["orders"][1], json!({"order": "rejected"}));
}

#[tokio::test]
async fn invalid_results_break_the_contract_with_their_code() {
    let many = format!(r#"{{"results":true,"orders":[{}]}}"#, vec![r#"{"order":"accepted"}"#; 501].join(","));
    for (document, code) in [
        ("<html>", "not_json"),
        ("{}", "missing_results"),
        (r#"{"results":"yes"}"#, "wrong_results"),
        (r#"{"results":true}"#, "missing_orders"),
        (many.as_str(), "results_too_large"),
    ] {
        let error = collect(document).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken");
        assert!(error.to_string().starts_with(&format!("{code}: ")), "{error}");
    }
}

#[tokio::test]
async fn results_above_the_limit_report_their_length() {
    for (bytes, sentence) in [
        (Some(20_000_000), "results_too_large: the platform's answer has 20000000 bytes: at most 204800"),
        (None, "results_too_large: the platform's answer has more than 204800 bytes"),
    ] {
        let function = CollectResults::new(MemoryPlatform::new([Ok(PlatformResponse::TooLarge { bytes })]));
        let mut invocation = invocation();
        let error = function.collect(EVENT, &mut invocation).await.unwrap_err();
        assert_eq!(error, HandlerError::ContractBroken(sentence.into()));
        assert_eq!(invocation.log.code, Some("results_too_large"));
    }
}

#[tokio::test]
async fn an_unreachable_platform_is_unavailable_and_a_refusal_breaks_the_contract() {
    let unreachable = MemoryPlatform::new([Err(AdapterError::Unavailable("status 503".into()))]);
    assert_eq!(
        CollectResults::new(unreachable).collect(EVENT, &mut invocation()).await.unwrap_err().name(),
        "Unavailable"
    );
    let refusing = MemoryPlatform::new([Err(AdapterError::Broken("status 403".into()))]);
    assert_eq!(
        CollectResults::new(refusing).collect(EVENT, &mut invocation()).await.unwrap_err().name(),
        "ContractBroken"
    );
}

#[tokio::test]
async fn malformed_events_break_the_contract() {
    for event in
        [json!({}), json!({"slot": "soon", "poll": 1, "run": "r"}), json!({"slot": "x", "poll": -1, "run": "r"})]
    {
        let function = CollectResults::new(MemoryPlatform::default());
        assert_eq!(function.collect(&event.to_string(), &mut invocation()).await.unwrap_err().name(), "ContractBroken");
        assert!(function.platform().polls().is_empty());
    }
}

#[tokio::test]
async fn log_lines_hold_no_content_of_results() {
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
        let line = log_line(EVENT, document).await;
        assert!(!line.to_string().contains(MARKER), "{document}: {line}");
        assert_eq!((&line["outcome"], &line["slot"]), (&json!(outcome), &json!("2026-11-22T07:05:00Z")), "{line}");
    }
    for event in [r#"{"slot":"MARKER","poll":2,"run":"arn:run"}"#, r#"{"slot":"x","poll":"MARKER"}"#, r#""MARKER""#] {
        let line = log_line(event, r#"{"results":false}"#).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["error"], "ContractBroken", "{event}: {line}");
    }
}

/// The log line of one invocation on a platform that returns this document.
async fn log_line(event: &str, document: &str) -> Value {
    let (log, function) = (MemoryLog::default(), function(document));
    let _output = log.invoke(event, async |event, invocation| function.collect(event, invocation).await).await;
    serde_json::from_str(&log.text()).unwrap()
}

async fn configure(variables: &[(&str, &str)]) -> Result<ConfiguredPlatform, StartError> {
    ConfiguredPlatform::from_environment(&mut Environment::from_pairs(variables)).await
}

#[tokio::test]
async fn without_a_url_the_platform_is_random() {
    let Ok(ConfiguredPlatform::Random(platform)) = configure(&[]).await else { panic!("no random platform") };
    assert_eq!(platform, RandomPlatform { seed: None, ready_percent: 50 });
    let settings = [("AUCTION_RANDOM_SEED", "18446744073709551615"), ("AUCTION_RANDOM_READY_PERCENT", "100")];
    let Ok(ConfiguredPlatform::Random(platform)) = configure(&settings).await else { panic!("no random platform") };
    assert_eq!(platform, RandomPlatform { seed: Some(u64::MAX), ready_percent: 100 });
}

#[tokio::test]
async fn with_a_url_the_platform_is_http() {
    let platform = configure(&[("AUCTION_PLATFORM_URL", "https://platform.example/results")]).await;
    assert!(matches!(platform, Ok(ConfiguredPlatform::Http(_))));
}

#[tokio::test]
async fn all_problems_are_listed() {
    let error = configure(&[
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
        "the environment is not complete: AUCTION_PLATFORM_URL is not an http or https URL, \
         AWS_REGION is missing, AWS_ACCESS_KEY_ID is missing, AWS_SECRET_ACCESS_KEY is missing, \
         AUCTION_RANDOM_SEED is not a whole number below 2^64, \
         AUCTION_RANDOM_READY_PERCENT is not a whole number from 0 to 100"
    );
}
