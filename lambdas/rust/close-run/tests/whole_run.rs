//! A whole run over one archive in memory, as the state machine invokes the functions: answers of any size end in a summary,
//! reports and objects that agree to the order.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::Duration;

use gridbid_adapters::{
    HandlerError, Invocation,
    deadline::Deadline,
    memory::{MemoryArchive, MemoryNotifier, MemoryPlatform},
    platform::PlatformResponse,
};
use gridbid_close_run::CloseRun;
use gridbid_collect_results::CollectResults;
use gridbid_core::expiry::Timestamp;
use gridbid_store_result::StoreResult;
use serde_json::{Value, json};

const SLOT: &str = "2026-11-22T07:05:00Z";
const FOLDER: &str = "2026-11-22/20261122T070500Z/1";

fn invocation() -> Invocation {
    Invocation::new(Deadline::after(Duration::from_secs(300)), Timestamp::from_unix_seconds(0))
}

/// Every 7th order is rejected, every 101st is malformed.
fn document(orders: usize) -> String {
    let order = |position: usize| match position {
        position if position % 101 == 100 => r#"{"order":"maybe"}"#.to_owned(),
        position if position % 7 == 6 => format!(r#"{{"order":"rejected","record_id":"id-{position}"}}"#),
        position => format!(r#"{{"order":"accepted","power":0.5,"record_id":"id-{position}"}}"#),
    };
    let orders: Vec<_> = (0..orders).map(order).collect();
    format!(r#"{{"results":true,"orders":[{}]}}"#, orders.join(","))
}

fn expected(orders: usize) -> [usize; 3] {
    let count = |kind: fn(usize) -> bool| (0..orders).filter(|position| kind(*position)).count();
    let failed = count(|position| position % 101 == 100);
    let rejected = count(|position| position % 7 == 6 && position % 101 != 100);
    [orders - rejected - failed, rejected, failed]
}

/// The state machine's catches of StoreOrder.
fn caught(position: u64, error: &HandlerError) -> Value {
    match error {
        HandlerError::OrderRejected(why) => json!({"position": position, "outcome": "rejected", "why": why}),
        error => json!({"position": position, "outcome": "failed", "error": error.name(), "why": error.to_string()}),
    }
}

/// Stores every item, some of them twice.
async fn store(archive: &MemoryArchive, results: &Value) -> Vec<Value> {
    let function = StoreResult::new(archive);
    let orders = results["orders"].as_array().into_iter().flatten().enumerate();
    let orders = orders.map(|(position, order)| json!({"position": position, "order": order}));
    let items = orders.chain(results["batches"].as_array().into_iter().flatten().cloned());
    let mut outcomes = Vec::new();
    for (index, item) in items.enumerate() {
        let event = json!({"slot": SLOT, "attempt": 1, "run": "arn:run", "item": item}).to_string();
        let mut outcome = function.store(&event, &mut invocation()).await;
        if index % 3 == 0 {
            let again = function.store(&event, &mut invocation()).await;
            assert_eq!(again, outcome);
            outcome = again;
        }
        outcomes.push(match outcome {
            Ok(output) => serde_json::from_str(&output).unwrap(),
            Err(error) => caught(item["position"].as_u64().unwrap(), &error),
        });
    }
    outcomes
}

/// Runs a slot; the platform answers once.
async fn run(archive: &MemoryArchive, document: Option<String>) -> Value {
    let responses = document.map(|document| Ok(PlatformResponse::Document(document.into_bytes())));
    let collect = CollectResults::new(MemoryPlatform::new(responses), archive);
    let event = json!({"slot": SLOT, "attempt": 1, "poll": 1, "run": "arn:run", "open_slots": null}).to_string();
    let results = collect.collect(&event, &mut invocation()).await.unwrap();
    let outcomes = store(archive, &serde_json::from_str(&results).unwrap()).await;
    let close = CloseRun::new(archive, MemoryNotifier::new(), "local".to_owned());
    let event = json!({"slot": SLOT, "attempt": 1, "run": "arn:run", "polls": 1, "outcomes": outcomes}).to_string();
    serde_json::from_str(&close.close(&event, &mut invocation()).await.unwrap()).unwrap()
}

#[tokio::test]
async fn runs_of_any_size_agree_to_the_order() {
    for orders in [0, 1, 500, 501, 20_000, 100_000] {
        let archive = MemoryArchive::new();
        let output = run(&archive, Some(document(orders))).await;
        let [accepted, rejected, failed] = expected(orders);
        let power = format!("{}", accepted as f64 / 2.0);
        let counts = json!({"accepted": accepted, "rejected": rejected, "failed": failed, "total_power": power});
        assert_eq!(output, counts, "{orders} orders");

        let objects = archive.objects();
        let summary: Value = serde_json::from_str(&objects["summaries/2026-11-22/20261122T070500Z.json"]).unwrap();
        for (name, count) in [("accepted", accepted), ("rejected", rejected), ("failed", failed)] {
            assert_eq!(summary[name], count, "{orders} orders");
        }
        let of = |kind: &str| {
            let prefix = format!("{kind}/{FOLDER}/");
            objects
                .iter()
                .filter(move |(key, _)| key.starts_with(&prefix))
                .map(|(_, content)| content)
                .collect::<Vec<_>>()
        };
        let stored: usize = of("results").iter().map(|content| content.lines().count()).sum();
        assert_eq!(stored, accepted, "{orders} orders");
        assert_eq!(of("reports").is_empty(), orders <= 500, "{orders} orders");
        if orders > 500 {
            let reports: Vec<Value> =
                of("reports").iter().map(|report| serde_json::from_str(report).unwrap()).collect();
            for (name, count) in [("accepted", accepted), ("rejected", rejected), ("failed", failed)] {
                let sum: u64 = reports.iter().map(|report| report[name].as_u64().unwrap()).sum();
                assert_eq!(sum, count as u64, "{orders} orders");
            }
        }

        // Another run of the attempt asks nobody and ends the same.
        assert_eq!(run(&archive, None).await, output);
        assert_eq!(archive.objects(), objects);
    }
}
