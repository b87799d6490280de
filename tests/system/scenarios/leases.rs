//! One run at a time, one run per slot, and the lease of a dead run.

use std::collections::BTreeMap;
use std::time::Duration;

use gridbid_local_cloud::client::Item;
use gridbid_local_cloud::simulators::S3Fault;
use serde_json::json;

use crate::harness::{System, expected_files, fresh_slot, not_ready, ready, wait_until};

#[test]
fn same_slot_twice() {
    let (system, slot) = (System::idle(), fresh_slot());
    let first = system.run_with(&slot, &[ready(&json!([{"order": "accepted", "power": 1}]))]);
    assert_eq!(first.status(), Some("done"));
    let filed = system.filed(&slot);

    // The platform has other results now and must not be polled.
    let second = system.run_with(&slot, &[ready(&json!([{"order": "rejected"}]))]);

    assert_eq!(second.execution.status, "SUCCEEDED");
    assert_eq!(second.execution.output, json!({"slot": slot, "status": "already_done"}));
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 0);
    assert_eq!(system.filed(&slot), filed);
    assert_eq!(system.summary(&slot).unwrap()["run"], json!(first.arn));
    assert!(system.posts_about(&second.arn, 0).is_empty());
    assert!(system.posts_about(&first.arn, 0).is_empty());
    system.assert_released_by(&second.arn);
    assert!(system.is_done(&slot));
}

#[test]
fn second_start_during_a_run() {
    let (system, slot, other) = (System::idle(), fresh_slot(), fresh_slot());
    let orders = json!([{"order": "accepted", "power": 1}]);
    system.simulators.set_auction_bodies(&slot, &[not_ready(), not_ready(), not_ready(), ready(&orders)]).unwrap();
    let waiting = system.start(&slot);
    wait_until(Duration::from_secs(20), "the first poll", || system.simulators.auction_polls(&slot).unwrap() > 0);

    let same_slot = system.run(&slot);
    let other_slot = system.run(&other);

    for (ended, slot) in [(&same_slot, &slot), (&other_slot, &other)] {
        assert_eq!(ended.execution.status, "SUCCEEDED");
        assert_eq!(ended.execution.output, json!({"slot": slot, "status": "already_running"}));
        assert!(ended.polls.is_empty());
    }
    let first = system.follow(&waiting);
    assert_eq!(first.status(), Some("done"));
    assert_eq!(first.polls.len(), 4);
    assert_eq!(system.filed(&slot), expected_files(&slot, &[(0, r#"{"order":"accepted","power":1}"#)]));
    assert_eq!(system.run_item(&format!("slot#{other}")), None, "a late start leaves its slot open");
    assert!(system.filed(&other).is_empty());
    for ended in [&first, &same_slot, &other_slot] {
        assert!(system.posts_about(&ended.arn, 0).is_empty());
    }
    system.assert_released_by(&first.arn);
}

#[test]
fn lease_of_a_dead_run_is_taken_over_and_no_accepted_order_is_lost() {
    let (system, slot) = (System::idle(), fresh_slot());
    let first_results = json!([{"order": "accepted", "power": 1}, {"order": "accepted", "power": 2}]);
    let second_results =
        json!([{"order": "rejected"}, {"order": "accepted", "power": 2}, {"order": "accepted", "power": 3}]);

    // The first run dies after filing its orders and before closing.
    let summaries = S3Fault { puts_containing: "/summaries/".to_owned(), calls: 100, status: 503 };
    system.simulators.set_s3_fault(&summaries).unwrap();
    system.simulators.set_auction_bodies(&slot, &[ready(&first_results)]).unwrap();
    let dead = system.start(&slot);
    wait_until(Duration::from_secs(30), "close-run to fail", || failures(&system, &dead) > 0);
    system.cloud.stop_execution(&dead).unwrap();
    // The local cloud completes the current state: one attempt and three retries.
    wait_until(Duration::from_secs(60), "the stopped run's last attempt", || failures(&system, &dead) == 4);
    system.simulators.set_s3_fault(&S3Fault::default()).unwrap();
    assert_eq!(system.cloud.execution(&dead).unwrap().status, "ABORTED");
    let first_files = [(0, r#"{"order":"accepted","power":1}"#), (1, r#"{"order":"accepted","power":2}"#)];
    assert_eq!(system.filed(&slot), expected_files(&slot, &first_files));
    assert_eq!(system.summary(&slot), None);
    assert!(!system.is_done(&slot));

    // Its lease is still valid.
    let lock = system.run_item("lock").unwrap();
    assert_eq!(lock["owner"].1, dead);
    system.simulators.set_auction_bodies(&slot, &[ready(&second_results)]).unwrap();
    let too_early = system.run(&slot);
    assert_eq!(too_early.execution.output, json!({"slot": slot, "status": "already_running"}));
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 0);

    // It expires, and the next run gets other results.
    system.cloud.put_item(&system.names.runs_table, &with_expired_lease(lock)).unwrap();
    let ended = system.run(&slot);

    assert_eq!(ended.execution.status, "SUCCEEDED", "{}", ended.summary());
    let expected = json!({
        "slot": slot, "status": "done", "polls": 1, "accepted": 2, "rejected": 1, "failed": 0, "total_power": "5",
    });
    assert_eq!(ended.execution.output, expected);
    let all = [
        (0, r#"{"order":"accepted","power":1}"#),
        (1, r#"{"order":"accepted","power":2}"#),
        (2, r#"{"order":"accepted","power":3}"#),
    ];
    assert_eq!(system.filed(&slot), expected_files(&slot, &all));
    assert_eq!(system.summary(&slot).unwrap()["run"], json!(ended.arn));
    assert!(system.only_post_about(&dead).to_lowercase().contains("aborted"));
    let text = system.only_post_about(&ended.arn);
    assert_eq!(text, format!("Results run {slot} (local): 2 accepted, 1 rejected, 0 failed"));
    system.assert_nothing_undelivered();
    system.assert_released_by(&ended.arn);
    assert!(system.is_done(&slot));
}

#[test]
fn run_without_its_lease_fails_and_keeps_the_lock() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[not_ready()]).unwrap();
    let run = system.start(&slot);
    wait_until(Duration::from_secs(20), "the first poll", || system.simulators.auction_polls(&slot).unwrap() > 0);

    let mut lock = system.run_item("lock").unwrap();
    lock.insert("owner".to_owned(), ("S".to_owned(), "another run".to_owned()));
    system.cloud.put_item(&system.names.runs_table, &lock).unwrap();
    let ended = system.follow(&run);

    assert_eq!(ended.execution.status, "FAILED");
    assert_eq!(ended.execution.error.as_deref(), Some("LeaseLost"), "{}", ended.summary());
    assert!(system.filed(&slot).is_empty());
    assert_eq!(system.run_item("lock"), Some(lock), "the lock belongs to another run");
    assert!(!system.is_done(&slot));
    assert!(system.only_post_about(&run).to_lowercase().contains("failed"));
}

#[test]
fn slot_that_is_not_a_time_is_refused() {
    let system = System::idle();
    let ended = system.run("soon");
    assert_eq!(ended.execution.error.as_deref(), Some("ContractBroken"), "{}", ended.summary());
    assert_eq!(system.run_item("lock"), None);
    assert!(system.only_post_about(&ended.arn).to_lowercase().contains("failed"));
}

fn failures(system: &System, arn: &str) -> usize {
    system.cloud.history(arn).unwrap().iter().filter(|event| event.kind == "TaskFailed").count()
}

fn with_expired_lease(lock: Item) -> Item {
    let past = ("lease_until".to_owned(), ("N".to_owned(), "1".to_owned()));
    lock.into_iter().chain([past]).collect::<BTreeMap<_, _>>()
}
