//! Tests of the function on a platform in memory, and of the platform that an environment selects.

use std::time::Duration;

use gridbid_adapters::{
    AdapterError,
    deadline::Deadline,
    memory::{Fault, MemoryArchive, MemoryLog, MemoryPlatform},
    random_platform::RandomPlatform,
};
use gridbid_core::{expiry::Timestamp, name::Slot};
use serde_json::{Value, json};

use super::*;

const EVENT: &str = r#"{"slot":"2026-11-22T07:05:00Z","attempt":3,"poll":2,"run":"arn:run","open_slots":4}"#;
const MANIFEST: &str = "answers/2026-11-22/20261122T070500Z/3/manifest.json";

fn invocation() -> Invocation {
    Invocation::new(Deadline::after(Duration::from_secs(5)), Timestamp::from_unix_seconds(0))
}

type TestedFunction = CollectResults<MemoryPlatform, MemoryArchive>;

/// The function on a platform that returns this document once, and on an archive.
fn with_archive(document: &str, archive: MemoryArchive) -> TestedFunction {
    CollectResults::new(MemoryPlatform::new([Ok(PlatformResponse::Document(document.into()))]), archive)
}

fn function(document: &str) -> TestedFunction {
    with_archive(document, MemoryArchive::new())
}

/// A document with this many accepted orders.
fn document(orders: usize) -> String {
    let orders: Vec<_> = (0..orders).map(|index| format!(r#"{{"order":"accepted","power":{index}}}"#)).collect();
    format!(r#"{{"results":true,"orders":[{}]}}"#, orders.join(","))
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
    assert_eq!((invocation.log.attempt, invocation.log.open_slots), (Some(3), Some(4)));
    assert!(function.archive().objects().is_empty());
}

#[tokio::test]
async fn results_of_the_random_platform_are_returned() {
    let ready = CollectResults::new(RandomPlatform { seed: None, ready_percent: 100 }, MemoryArchive::new());
    let mut invocation = invocation();
    assert_eq!(
        ready.collect(EVENT, &mut invocation).await.unwrap(),
        r#"{"results":true,"orders":[{"order":"accepted","power":1},{"order":"rejected"}]}"#
    );
    assert_eq!((invocation.log.ready, invocation.log.orders), (Some(true), Some(2)));
    let never = CollectResults::new(RandomPlatform { seed: None, ready_percent: 0 }, MemoryArchive::new());
    assert_eq!(never.collect(EVENT, &mut invocation).await.unwrap(), r#"{"results":false}"#);
}

#[tokio::test]
async fn malformed_order_is_marked_and_the_others_returned() {
    let results = collect(r#"{"results":true,"orders":[{"order":"accepted","power":1e126},{"order":"rejected"}]}"#)
        .await
        .unwrap();
    let results: Value = serde_json::from_str(&results).unwrap();
    assert_eq!(results["orders"][0]["malformed"]["code"], "out_of_range");
    assert_eq!(results["orders"][1], json!({"order": "rejected"}));
}

#[tokio::test]
async fn numbers_beyond_a_double_travel_by_reference() {
    let function = function(
        r#"{"results":true,"orders":[{"order":"accepted","power":0.30000000000000004},{"order":"rejected"}]}"#,
    );
    for _ in 0..2 {
        let results: Value = serde_json::from_str(&function.collect(EVENT, &mut invocation()).await.unwrap()).unwrap();
        assert_eq!((&results["orders"], &results["batches"][0]["count"]), (&Value::Null, &json!(2)));
        let lines = &function.archive().objects()[results["batches"][0]["key"].as_str().unwrap()];
        assert_eq!(lines, "{\"order\":\"accepted\",\"power\":0.30000000000000004}\n{\"order\":\"rejected\"}\n");
    }
}

#[tokio::test]
async fn invalid_results_break_the_contract_with_their_code() {
    for (document, code) in [
        ("<html>", "not_json"),
        ("{}", "missing_results"),
        (r#"{"results":"yes"}"#, "wrong_results"),
        (r#"{"results":true}"#, "missing_orders"),
        (r#"{"results":true,"orders":{}}"#, "wrong_orders"),
        (&"[".repeat(100), "nested_too_deep"),
    ] {
        let function = function(document);
        let error = function.collect(EVENT, &mut invocation()).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken");
        assert!(error.to_string().starts_with(&format!("{code}: ")), "{error}");
        assert!(function.archive().objects().is_empty());
    }
}

#[tokio::test]
async fn results_above_the_limit_report_their_length() {
    for (bytes, sentence) in [
        (Some(400_000_000), "results_too_large: the platform's answer has 400000000 bytes: at most 268435456"),
        (None, "results_too_large: the platform's answer has more than 268435456 bytes"),
    ] {
        let function =
            CollectResults::new(MemoryPlatform::new([Ok(PlatformResponse::TooLarge { bytes })]), MemoryArchive::new());
        let mut invocation = invocation();
        let error = function.collect(EVENT, &mut invocation).await.unwrap_err();
        assert_eq!(error, HandlerError::ContractBroken(sentence.into()));
        assert_eq!(invocation.log.code, Some("results_too_large"));
    }
}

#[tokio::test]
async fn first_results_of_an_attempt_are_frozen() {
    let function = function(&document(2));
    let results = function.collect(EVENT, &mut invocation()).await.unwrap();
    let objects = function.archive().objects();
    let manifest: Value = serde_json::from_str(&objects[MANIFEST]).unwrap();
    assert_eq!(
        (&manifest["slot"], &manifest["attempt"], &manifest["total"]),
        (&json!("2026-11-22T07:05:00Z"), &json!(3), &json!(2))
    );
    let batch = manifest["batches"][0]["key"].as_str().unwrap();
    assert_eq!(objects[batch], "{\"order\":\"accepted\",\"power\":0}\n{\"order\":\"accepted\",\"power\":1}\n");
    assert_eq!(objects.len(), 2);

    // The platform is not asked again, whatever it would answer.
    for _ in 0..2 {
        assert_eq!(function.collect(EVENT, &mut invocation()).await.unwrap(), results);
    }
    assert_eq!(function.platform().polls().len(), 1);
    assert_eq!(function.archive().objects(), objects);

    // Another attempt is.
    let next = EVENT.replace("\"attempt\":3", "\"attempt\":4");
    assert_eq!(function.collect(&next, &mut invocation()).await.unwrap_err().name(), "Unavailable");
    assert_eq!(function.platform().polls().len(), 2);
}

#[tokio::test]
async fn large_results_are_returned_by_reference() {
    for (orders, batches) in [(0, None), (1, None), (500, None), (501, Some(2)), (20_000, Some(40))] {
        let function = function(&document(orders));
        let mut invocation = invocation();
        let results = function.collect(EVENT, &mut invocation).await.unwrap();
        let parsed: Value = serde_json::from_str(&results).unwrap();
        assert_eq!(parsed["results"], true);
        assert_eq!(parsed["orders"].as_array().map(Vec::len), batches.is_none().then_some(orders));
        assert_eq!(parsed["batches"].as_array().map(Vec::len), batches);
        assert_eq!((invocation.log.orders, invocation.log.ready), (Some(orders), Some(true)));
        let objects = function.archive().objects();
        for batch in parsed["batches"].as_array().into_iter().flatten() {
            let lines = &objects[batch["key"].as_str().unwrap()];
            assert_eq!(lines.lines().count() as u64, batch["count"].as_u64().unwrap());
        }
        assert_eq!(function.collect(EVENT, &mut self::invocation()).await.unwrap(), results);
    }
}

#[tokio::test]
async fn few_large_orders_are_returned_by_reference() {
    let order = format!(r#"{{"order":"accepted","note":"{}"}}"#, "x".repeat(1_000));
    let document = format!(r#"{{"results":true,"orders":[{}]}}"#, vec![order; 300].join(","));
    let results: Value = serde_json::from_str(&collect(&document).await.unwrap()).unwrap();
    assert_eq!(results["batches"][0]["count"], 300);
    assert_eq!(results.get("orders"), None);
}

#[tokio::test]
async fn of_two_collectors_the_first_manifest_counts() {
    // The other collector got other orders and wrote its manifest after this one looked for a manifest.
    let first = function(&document(3));
    let results = first.collect(EVENT, &mut invocation()).await.unwrap();
    let won = first.archive().objects();
    let others = won.clone();
    let archive = MemoryArchive::new()
        .with_fault(Fault::None)
        .with_fault(Fault::ConcurrentWrite(Box::new(move |objects| objects.extend(others))));
    let second = with_archive(&document(700), archive);
    assert_eq!(second.collect(EVENT, &mut invocation()).await.unwrap(), results);
    let objects = second.archive().objects();
    assert_eq!(objects[MANIFEST], won[MANIFEST]);
    // Its own batches are not named by the manifest.
    assert_eq!(objects.len(), won.len() + 2);
}

#[tokio::test]
async fn collector_with_the_same_orders_agrees() {
    let first = function(&document(3));
    let results = first.collect(EVENT, &mut invocation()).await.unwrap();
    let others = first.archive().objects();
    let archive = MemoryArchive::new()
        .with_fault(Fault::None)
        .with_fault(Fault::ConcurrentWrite(Box::new(move |objects| objects.extend(others))));
    let second = with_archive(&document(3), archive);
    assert_eq!(second.collect(EVENT, &mut invocation()).await.unwrap(), results);
    assert_eq!(second.archive().objects(), first.archive().objects());
}

#[tokio::test]
async fn lost_response_of_the_archive_is_repaired_by_the_next_poll() {
    for lost in 1..=2 {
        let archive = (0..lost).fold(MemoryArchive::new(), |archive, _| archive.with_fault(Fault::None));
        let responses =
            [Ok(PlatformResponse::Document(document(3).into())), Ok(PlatformResponse::Document(document(3).into()))];
        let function = CollectResults::new(MemoryPlatform::new(responses), archive.with_fault(Fault::LoseResponse));
        assert_eq!(function.collect(EVENT, &mut invocation()).await.unwrap_err().name(), "Unavailable");
        let results: Value = serde_json::from_str(&function.collect(EVENT, &mut invocation()).await.unwrap()).unwrap();
        assert_eq!(results["orders"].as_array().unwrap().len(), 3);
        assert_eq!(function.archive().objects().len(), 2);
    }
}

#[tokio::test]
async fn broken_frozen_answer_breaks_the_contract() {
    let function = function(&document(3));
    function.collect(EVENT, &mut invocation()).await.unwrap();
    for broken in [None, Some("{}")] {
        let mut objects = function.archive().objects();
        match broken {
            Some(content) => drop(objects.insert(MANIFEST.to_owned(), content.to_owned())),
            None => objects.retain(|key, _| key == MANIFEST),
        }
        let archive = MemoryArchive::new().with_fault(Fault::ConcurrentWrite(Box::new(move |all| *all = objects)));
        let again = with_archive(&document(3), archive);
        assert_eq!(again.collect(EVENT, &mut invocation()).await.unwrap_err().name(), "ContractBroken");
        assert!(again.platform().polls().is_empty());
    }
}

#[tokio::test]
async fn unreachable_platform_is_unavailable_and_a_refusal_breaks_the_contract() {
    let unreachable = MemoryPlatform::new([Err(AdapterError::Unavailable("status 503".into()))]);
    assert_eq!(
        CollectResults::new(unreachable, MemoryArchive::new())
            .collect(EVENT, &mut invocation())
            .await
            .unwrap_err()
            .name(),
        "Unavailable"
    );
    let refusing = MemoryPlatform::new([Err(AdapterError::Broken("status 403".into()))]);
    assert_eq!(
        CollectResults::new(refusing, MemoryArchive::new()).collect(EVENT, &mut invocation()).await.unwrap_err().name(),
        "ContractBroken"
    );
}

#[tokio::test]
async fn malformed_events_break_the_contract() {
    for event in [
        json!({}),
        json!({"slot": "soon", "attempt": 1, "poll": 1, "run": "r"}),
        json!({"slot": "2026-11-22T07:05:00Z", "poll": 1, "run": "r"}),
    ] {
        let function = CollectResults::new(MemoryPlatform::default(), MemoryArchive::new());
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
        (many.as_str(), "ok"),
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
    for event in
        [r#"{"slot":"MARKER","attempt":1,"poll":2,"run":"arn:run"}"#, r#"{"slot":"x","poll":"MARKER"}"#, r#""MARKER""#]
    {
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
