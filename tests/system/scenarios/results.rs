//! Results runs for each kind of response of the auction platform, up to 500 orders. More are in `sizes`.

use gridbid_local_cloud::scenario::{DEADLINE_SECONDS, POLL_SECONDS};
use gridbid_local_cloud::simulators::{AuctionResponse, S3Fault};
use serde_json::{Value, json};

use crate::harness::{System, expected_files, fresh_slot, not_ready, path, ready, result_key};

fn output(slot: &str, polls: u64, accepted: u64, rejected: u64, total_power: &str) -> Value {
    json!({
        "slot": slot, "attempt": 1, "status": "done", "polls": polls,
        "accepted": accepted, "rejected": rejected, "failed": 0, "total_power": total_power,
    })
}

#[test]
fn not_ready_twice_then_ready() {
    let (system, slot) = (System::idle(), fresh_slot());
    let orders = json!([{"order": "accepted"}, {"order": "rejected"}]);

    let ended = system.run_with(&slot, &[not_ready(), not_ready(), ready(&orders)]);

    assert_eq!(ended.execution.status, "SUCCEEDED");
    assert_eq!(ended.execution.output, output(&slot, 3, 1, 1, "0"));
    assert_eq!(ended.polls[..2], [not_ready(), not_ready()]);
    assert_eq!(ended.polls[2]["orders"].as_array().unwrap().len(), 2);
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 3);
    assert_eq!(system.filed(&slot), expected_files(&slot, &[(0, r#"{"order":"accepted"}"#)]));
    let text = system.only_post_about(&ended.arn);
    assert_eq!(text, format!("Results run {slot} (local): 1 accepted, 1 rejected, 0 failed"));
    system.assert_nothing_undelivered();
    system.assert_released_by(&slot, &ended.arn);
    assert!(system.is_done(&slot));
}

#[test]
fn all_orders_accepted() {
    let (system, slot) = (System::idle(), fresh_slot());
    let orders = json!([
        {"order": "accepted", "power": 1},
        {"status": "accepted", "record_id": "unique_id_2", "power": 0.1},
        {"order": "accepted", "power": 0.2},
    ]);

    let ended = system.run_with(&slot, &[ready(&orders)]);

    assert_eq!(ended.execution.status, "SUCCEEDED");
    assert_eq!(ended.execution.output, output(&slot, 1, 3, 0, "1.3"));
    let files = [
        (0, r#"{"order":"accepted","power":1}"#),
        (1, r#"{"power":0.1,"record_id":"unique_id_2","status":"accepted"}"#),
        (2, r#"{"order":"accepted","power":0.2}"#),
    ];
    assert_eq!(system.filed(&slot), expected_files(&slot, &files));
    let expected = json!({
        "slot": slot, "attempt": 1, "run": ended.arn, "polls": 1, "accepted": 3, "rejected": 0, "failed": 0,
        "total_power": "1.3", "rejections": [], "failures": [], "more_rejections": 0, "more_failures": 0,
    });
    assert_eq!(system.summary(&slot), Some(expected));
    assert!(system.posts_about(&ended.arn, 0).is_empty());
    system.assert_nothing_undelivered();
    system.assert_released_by(&slot, &ended.arn);
    assert!(system.is_done(&slot));
}

#[test]
fn all_orders_rejected() {
    let (system, slot) = (System::idle(), fresh_slot());
    let orders = json!([{"order": "rejected"}, {"status": "rejected", "record_id": "unique_id_2"}]);

    let ended = system.run_with(&slot, &[ready(&orders)]);

    assert_eq!(ended.execution.status, "SUCCEEDED");
    assert_eq!(ended.execution.output, output(&slot, 1, 0, 2, "0"));
    assert!(system.filed(&slot).is_empty());
    let summary = system.summary(&slot).unwrap();
    let rejected: Vec<u64> =
        summary["rejections"].as_array().unwrap().iter().map(|one| one["position"].as_u64().unwrap()).collect();
    assert_eq!(rejected, [0, 1]);
    assert_eq!(summary["rejections"][1]["why"], "the auction rejected `unique_id_2`");
    let text = system.only_post_about(&ended.arn);
    assert_eq!(text, format!("Results run {slot} (local): 0 accepted, 2 rejected, 0 failed"));
    system.assert_nothing_undelivered();
    system.assert_released_by(&slot, &ended.arn);
    assert!(system.is_done(&slot));
}

#[test]
fn no_orders_at_all() {
    let (system, slot) = (System::idle(), fresh_slot());

    let ended = system.run_with(&slot, &[ready(&json!([]))]);

    assert_eq!(ended.execution.output, output(&slot, 1, 0, 0, "0"));
    assert!(system.filed(&slot).is_empty());
    assert_eq!(system.summary(&slot).unwrap()["accepted"], 0);
    assert!(system.posts_about(&ended.arn, 0).is_empty());
    assert!(system.is_done(&slot));
}

#[test]
fn mix_of_five_hundred_orders() {
    let (system, slot) = (System::idle(), fresh_slot());
    let order = |index: usize| match index % 5 {
        0 => json!({"order": "rejected"}),
        _ => json!({"order": "accepted", "power": 0.5, "record_id": format!("id-{index}")}),
    };
    let orders: Vec<Value> = (0..500).map(order).collect();

    let ended = system.run_with(&slot, &[ready(&json!(orders))]);

    assert_eq!(ended.execution.status, "SUCCEEDED", "{}", ended.summary());
    assert_eq!(ended.execution.output, output(&slot, 1, 400, 100, "200"));
    let contents: Vec<(usize, String)> = (0..500)
        .filter(|index| index % 5 != 0)
        .map(|index| (index, format!(r#"{{"order":"accepted","power":0.5,"record_id":"id-{index}"}}"#)))
        .collect();
    let contents: Vec<(usize, &str)> = contents.iter().map(|(index, content)| (*index, content.as_str())).collect();
    assert_eq!(system.filed(&slot), expected_files(&slot, &contents));
    assert_eq!(system.summary(&slot).unwrap()["rejections"].as_array().unwrap().len(), 100);
    let posts = system.posts_about(&ended.arn, 1);
    assert!(posts[0].message.to_string().contains("80 more"), "{:?}", posts[0]);
    system.assert_nothing_undelivered();
}

#[test]
fn unknown_status_fails_only_that_order() {
    let (system, slot) = (System::idle(), fresh_slot());
    let orders = json!([{"order": "accepted", "power": 1}, {"order": "maybe"}, {"order": "rejected"}, {"order": "accepted", "power": 2}]);

    let ended = system.run_with(&slot, &[ready(&orders)]);

    assert_eq!(ended.execution.status, "FAILED");
    assert_eq!(ended.execution.error.as_deref(), Some("OrdersFailed"));
    assert_eq!(ended.execution.cause.as_deref(), Some("2 accepted, 1 rejected, 1 failed"));
    let files = [(0, r#"{"order":"accepted","power":1}"#), (3, r#"{"order":"accepted","power":2}"#)];
    assert_eq!(system.filed(&slot), expected_files(&slot, &files));
    let summary = system.summary(&slot).unwrap();
    assert_eq!((&summary["accepted"], &summary["rejected"], &summary["failed"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!(
        (&summary["failures"][0]["position"], &summary["failures"][0]["error"]),
        (&json!(1), &json!("ContractBroken"))
    );
    let text = system.only_post_about(&ended.arn);
    assert_eq!(text, format!("Results run {slot} (local): 2 accepted, 1 rejected, 1 failed"));
    system.assert_nothing_undelivered();
    system.assert_released_by(&slot, &ended.arn);
    assert!(!system.is_done(&slot), "a slot with a failed order can be run again");
}

/// A run that fails before any order: nothing is filed, the failure is notified, the slot stays open.
fn breaks_the_contract(body: &Value, code: &str) {
    let (system, slot) = (System::idle(), fresh_slot());

    let ended = system.run_with(&slot, std::slice::from_ref(body));

    assert_eq!(ended.execution.status, "FAILED");
    assert_eq!(ended.execution.error.as_deref(), Some("ContractBroken"), "{}", ended.summary());
    assert!(ended.execution.cause.as_deref().unwrap().contains(code), "{}", ended.summary());
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 1, "a broken contract is not polled again");
    assert!(system.filed(&slot).is_empty());
    assert_eq!(system.summary(&slot), None);
    let text = system.only_post_about(&ended.arn);
    assert!(text.to_lowercase().contains("failed"), "{text}");
    system.assert_nothing_undelivered();
    system.assert_released_by(&slot, &ended.arn);
    assert!(!system.is_done(&slot));
}

#[test]
fn results_are_missing() {
    breaks_the_contract(&json!({"orders": [{"order": "accepted"}]}), "missing_results");
}

#[test]
fn results_are_not_a_boolean() {
    breaks_the_contract(&json!({"results": "true", "orders": []}), "wrong_results");
}

#[test]
fn orders_are_missing() {
    breaks_the_contract(&ready(&Value::Null), "orders");
}

#[test]
fn deadline_passes() {
    let (system, slot) = (System::idle(), fresh_slot());

    let ended = system.run_with(&slot, &[not_ready()]);

    assert_eq!(ended.execution.status, "FAILED");
    assert_eq!(ended.execution.error.as_deref(), Some("DeadlinePassed"), "{}", ended.summary());
    let polls = system.simulators.auction_polls(&slot).unwrap();
    assert!((2..=DEADLINE_SECONDS / POLL_SECONDS).contains(&polls), "{polls} polls");
    assert_eq!(ended.polls.len() as u64, polls);
    assert!(system.filed(&slot).is_empty());
    assert_eq!(system.summary(&slot), None);
    assert!(system.only_post_about(&ended.arn).to_lowercase().contains("failed"));
    system.assert_nothing_undelivered();
    system.assert_released_by(&slot, &ended.arn);
    assert!(!system.is_done(&slot));
}

#[test]
fn outage_until_the_deadline_fails_the_run_with_the_last_problem() {
    let (system, slot) = (System::idle(), fresh_slot());
    let away = AuctionResponse::Scripted { status: 503, body: "away".to_owned() };
    system.simulators.set_auction_responses(&slot, vec![away]).unwrap();

    let ended = system.run(&slot);

    assert_eq!(ended.execution.error.as_deref(), Some("DeadlinePassed"), "{}", ended.summary());
    assert!(ended.execution.cause.as_deref().unwrap().contains("status 503"), "{}", ended.summary());
    assert!(!system.is_done(&slot));

    // Run again when the platform is there.
    let ended = system.run_with(&slot, &[not_ready(), json!({"results": true, "orders": [{"order": "accepted"}]})]);
    assert_eq!(ended.status(), Some("done"), "{}", ended.summary());
}

#[test]
fn filing_an_order_is_unavailable_once() {
    let (system, slot) = (System::idle(), fresh_slot());
    let orders = json!([{"order": "accepted", "power": 1}, {"order": "accepted", "power": 2}]);
    let fault = S3Fault { puts_containing: format!("{}/1/0001-", path(&slot)), calls: 1, status: 503 };
    system.simulators.set_s3_fault(&fault).unwrap();

    let ended = system.run_with(&slot, &[ready(&orders)]);

    assert_eq!(ended.execution.status, "SUCCEEDED", "{}", ended.summary());
    assert_eq!(ended.execution.output, output(&slot, 1, 2, 0, "3"));
    let history = system.cloud.history(&ended.arn).unwrap();
    let failed: Vec<&Value> = history
        .iter()
        .filter(|event| event.kind == "TaskFailed")
        .map(|event| &event.whole["taskFailedEventDetails"]["error"])
        .collect();
    assert_eq!(failed, [&json!("Unavailable")]);
    let files = [(0, r#"{"order":"accepted","power":1}"#), (1, r#"{"order":"accepted","power":2}"#)];
    assert_eq!(system.filed(&slot), expected_files(&slot, &files));
    assert!(system.posts_about(&ended.arn, 0).is_empty());
    assert!(system.is_done(&slot));
}

#[test]
fn filing_an_order_stays_unavailable() {
    let (system, slot) = (System::idle(), fresh_slot());
    let orders = json!([{"order": "accepted", "power": 1}, {"order": "accepted", "power": 2}]);
    let fault = S3Fault { puts_containing: format!("{}/1/0001-", path(&slot)), calls: 100, status: 503 };
    system.simulators.set_s3_fault(&fault).unwrap();

    let ended = system.run_with(&slot, &[ready(&orders)]);

    assert_eq!(ended.execution.error.as_deref(), Some("OrdersFailed"), "{}", ended.summary());
    assert_eq!(system.filed(&slot), expected_files(&slot, &[(0, r#"{"order":"accepted","power":1}"#)]));
    assert_eq!(system.summary(&slot).unwrap()["failures"][0]["error"], "Unavailable");
    system.only_post_about(&ended.arn);
    assert!(!system.is_done(&slot));

    // Run again when S3 works: stored orders stay, missing ones are stored. The platform is not asked again.
    system.simulators.set_s3_fault(&S3Fault::default()).unwrap();
    let ended = system.run_with(&slot, &[not_ready()]);
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 0);
    assert_eq!(ended.execution.output, output(&slot, 1, 2, 0, "3"));
    let files = system.filed(&slot);
    assert_eq!(files.len(), 2);
    assert!(files.contains_key(&result_key(&slot, 1, 1, r#"{"order":"accepted","power":2}"#)));
    assert!(system.is_done(&slot));
    assert!(system.posts_about(&ended.arn, 0).is_empty());
}
