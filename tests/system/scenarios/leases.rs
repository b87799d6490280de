//! One run at a time, one run per slot, and what a run that died leaves behind.

use std::collections::BTreeMap;
use std::time::Duration;

use gridbid_local_cloud::client::Item;
use gridbid_local_cloud::simulators::S3Fault;
use serde_json::json;

use crate::harness::{System, expected_files, fresh_slot, not_ready, ready, wait_until};

#[test]
fn the_same_slot_twice() {
    let (system, slot) = (System::quiet(), fresh_slot());
    let first = system.run_with(&slot, &[ready(&json!([{"order": "accepted", "power": 1}]))]);
    assert_eq!(first.status(), Some("done"));
    let filed = system.filed(&slot);

    // The platform would answer something else now: it must not be asked.
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
fn a_second_start_while_a_run_waits() {
    let (system, slot, other) = (System::quiet(), fresh_slot(), fresh_slot());
    let orders = json!([{"order": "accepted", "power": 1}]);
    system.simulators.set_auction_bodies(&slot, &[not_ready(), not_ready(), not_ready(), ready(&orders)]).unwrap();
    let waiting = system.start(&slot);
    wait_until(Duration::from_secs(20), "the first question", || system.simulators.auction_polls(&slot).unwrap() > 0);

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
    assert_eq!(system.run_item(&format!("slot#{other}")), None, "a start that came too late leaves its slot open");
    assert!(system.filed(&other).is_empty());
    for ended in [&first, &same_slot, &other_slot] {
        assert!(system.posts_about(&ended.arn, 0).is_empty());
    }
    system.assert_released_by(&first.arn);
}

#[test]
fn a_dead_runs_lease_is_taken_over_and_no_accepted_order_is_lost() {
    let (system, slot) = (System::quiet(), fresh_slot());
    let first_answer = json!([{"order": "accepted", "power": 1}, {"order": "accepted", "power": 2}]);
    let second_answer =
        json!([{"order": "rejected"}, {"order": "accepted", "power": 2}, {"order": "accepted", "power": 3}]);

    // The first run dies after it has filed its orders and before it is closed.
    let summaries = S3Fault { puts_containing: "/summaries/".to_owned(), calls: 100, status: 503 };
    system.simulators.set_s3_fault(&summaries).unwrap();
    system.simulators.set_auction_bodies(&slot, &[ready(&first_answer)]).unwrap();
    let dead = system.start(&slot);
    wait_until(Duration::from_secs(30), "close-run to fail", || failures(&system, &dead) > 0);
    system.cloud.stop_execution(&dead).unwrap();
    // The local cloud lets the state that was going on come to its end: one attempt and three more.
    wait_until(Duration::from_secs(60), "the stopped run's last attempt", || failures(&system, &dead) == 4);
    system.simulators.set_s3_fault(&S3Fault::default()).unwrap();
    assert_eq!(system.cloud.execution(&dead).unwrap().status, "ABORTED");
    let first_files = [(0, r#"{"order":"accepted","power":1}"#), (1, r#"{"order":"accepted","power":2}"#)];
    assert_eq!(system.filed(&slot), expected_files(&slot, &first_files));
    assert_eq!(system.summary(&slot), None);
    assert!(!system.is_done(&slot));

    // Its lease still holds.
    let lock = system.run_item("lock").unwrap();
    assert_eq!(lock["owner"].1, dead);
    system.simulators.set_auction_bodies(&slot, &[ready(&second_answer)]).unwrap();
    let too_early = system.run(&slot);
    assert_eq!(too_early.execution.output, json!({"slot": slot, "status": "already_running"}));
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 0);

    // It runs out, and the next run has another answer.
    system.cloud.put_item(&system.names.runs_table, &ran_out(lock)).unwrap();
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
    let told = system.only_post_about(&ended.arn);
    assert_eq!(told, format!("Results run {slot} (local): 2 accepted, 1 rejected, 0 failed"));
    system.assert_nothing_undelivered();
    system.assert_released_by(&ended.arn);
    assert!(system.is_done(&slot));
}

#[test]
fn a_run_that_lost_its_lease_ends_and_leaves_the_lock_alone() {
    let (system, slot) = (System::quiet(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[not_ready()]).unwrap();
    let run = system.start(&slot);
    wait_until(Duration::from_secs(20), "the first question", || system.simulators.auction_polls(&slot).unwrap() > 0);

    let mut lock = system.run_item("lock").unwrap();
    lock.insert("owner".to_owned(), ("S".to_owned(), "another run".to_owned()));
    system.cloud.put_item(&system.names.runs_table, &lock).unwrap();
    let ended = system.follow(&run);

    assert_eq!(ended.execution.status, "FAILED");
    assert_eq!(ended.execution.error.as_deref(), Some("LeaseLost"), "{}", ended.summary());
    assert!(system.filed(&slot).is_empty());
    assert_eq!(system.run_item("lock"), Some(lock), "the lock is another run's now");
    assert!(!system.is_done(&slot));
    assert!(system.only_post_about(&run).to_lowercase().contains("failed"));
}

#[test]
fn a_slot_that_is_no_time_is_refused() {
    let system = System::quiet();
    let ended = system.run("soon");
    assert_eq!(ended.execution.error.as_deref(), Some("ContractBroken"), "{}", ended.summary());
    assert_eq!(system.run_item("lock"), None);
    assert!(system.only_post_about(&ended.arn).to_lowercase().contains("failed"));
}

fn failures(system: &System, arn: &str) -> usize {
    system.cloud.history(arn).unwrap().iter().filter(|event| event.kind == "TaskFailed").count()
}

fn ran_out(lock: Item) -> Item {
    let past = ("lease_until".to_owned(), ("N".to_owned(), "1".to_owned()));
    lock.into_iter().chain([past]).collect::<BTreeMap<_, _>>()
}
