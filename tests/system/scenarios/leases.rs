//! Slots are independent; one run has a slot at a time; the lease of a dead run is taken over.

use std::thread;
use std::time::Duration;

use gridbid_local_cloud::client::Item;
use gridbid_local_cloud::simulators::S3Fault;
use serde_json::json;

use crate::harness::{System, expected_files, expected_files_of, fresh_slot, not_ready, ready, wait_until};

const ACCEPTED: &str = r#"{"order":"accepted","power":1}"#;

#[test]
fn done_slot_stays_as_it_is() {
    let (system, slot) = (System::idle(), fresh_slot());
    let first = system.run_with(&slot, &[ready(&json!([{"order": "accepted", "power": 1}]))]);
    assert_eq!(first.status(), Some("done"));
    let (filed, item) = (system.filed(&slot), system.slot_item(&slot));

    // The platform has other results now and must not be asked.
    let second = system.run_with(&slot, &[ready(&json!([{"order": "rejected"}]))]);

    assert_eq!(second.execution.status, "SUCCEEDED");
    assert_eq!(second.execution.output, json!({"slot": slot, "status": "already_done"}));
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 0);
    assert_eq!((system.filed(&slot), system.slot_item(&slot)), (filed, item));
    assert_eq!(system.summary(&slot).unwrap()["run"], json!(first.arn));
    assert!(system.posts_about(&second.arn, 0).is_empty());
    assert!(system.posts_about(&first.arn, 0).is_empty());
    assert!(system.is_done(&slot));
}

#[test]
fn next_attempt_asks_the_platform_again_and_leaves_the_first_alone() {
    let (system, slot) = (System::idle(), fresh_slot());
    assert_eq!(system.run_with(&slot, &[ready(&json!([{"order": "accepted", "power": 1}]))]).status(), Some("done"));
    let answers = system.objects("answers", &slot);
    let orders = json!([{"order": "rejected"}, {"order": "accepted", "power": 2}]);
    system.simulators.set_auction_bodies(&slot, &[ready(&orders)]).unwrap();

    let ended = system.run_again(&slot);

    let expected = json!({
        "slot": slot, "attempt": 2, "status": "done", "polls": 1, "accepted": 1, "rejected": 1, "failed": 0, "total_power": "2",
    });
    assert_eq!(ended.execution.output, expected, "{}", ended.summary());
    let mut files = expected_files(&slot, &[(0, ACCEPTED)]);
    files.extend(expected_files_of(&slot, 2, &[(1, r#"{"order":"accepted","power":2}"#)]));
    assert_eq!(system.filed(&slot), files);
    let summary = system.summary(&slot).unwrap();
    assert_eq!((&summary["attempt"], &summary["run"]), (&json!(2), &json!(ended.arn)));
    let now = system.objects("answers", &slot);
    assert!(answers.iter().all(|(key, content)| now.get(key) == Some(content)), "nothing is moved or deleted");
    assert!(now.len() > answers.len());
    assert!(system.is_done(&slot));
    assert_eq!(system.run(&slot).status(), Some("already_done"));
}

#[test]
fn next_attempt_is_refused_while_the_slot_is_leased() {
    let (system, slot) = (System::idle(), fresh_slot());
    let results = ready(&json!([{"order": "accepted", "power": 1}]));
    system.simulators.set_auction_bodies(&slot, &[not_ready(), not_ready(), not_ready(), results]).unwrap();
    let running = system.start(&slot);
    wait_until(Duration::from_secs(20), "the first poll", || system.simulators.auction_polls(&slot).unwrap() > 0);

    let refused = system.run_again(&slot);

    assert_eq!(refused.execution.output, json!({"slot": slot, "status": "already_running"}));
    let ended = system.follow(&running);
    assert_eq!((ended.status(), &ended.execution.output["attempt"]), (Some("done"), &json!(1)));
}

#[test]
fn ten_slots_are_done_although_the_platform_is_late_for_the_first() {
    let system = System::idle();
    let slots: Vec<String> = (0..10).map(|_| fresh_slot()).collect();
    let results = ready(&json!([{"order": "accepted", "power": 1}]));
    for (index, slot) in slots.iter().enumerate() {
        let late = if index == 0 { 4 } else { 0 };
        let bodies: Vec<_> = (0..late).map(|_| not_ready()).chain([results.clone()]).collect();
        system.simulators.set_auction_bodies(slot, &bodies).unwrap();
    }

    let arns: Vec<String> = slots.iter().map(|slot| system.start(slot)).collect();
    let ended: Vec<_> = arns.iter().map(|arn| system.follow(arn)).collect();

    for (index, (slot, ended)) in slots.iter().zip(&ended).enumerate() {
        assert_eq!(ended.status(), Some("done"), "{}", ended.summary());
        assert_eq!(ended.count("polls"), if index == 0 { 5 } else { 1 });
        assert_eq!(system.filed(slot), expected_files(slot, &[(0, ACCEPTED)]));
        assert!(system.is_done(slot));
        system.assert_released_by(slot, &ended.arn);
    }
    system.assert_nothing_undelivered();
}

#[test]
fn one_of_ten_starts_of_a_slot_runs() {
    let (system, slot) = (System::idle(), fresh_slot());
    let results = ready(&json!([{"order": "accepted", "power": 1}]));
    system.simulators.set_auction_bodies(&slot, &[not_ready(), results]).unwrap();

    let arns: Vec<String> = thread::scope(|scope| {
        let starts: Vec<_> = (0..10).map(|_| scope.spawn(|| system.start(&slot))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let ended: Vec<_> = arns.iter().map(|arn| system.follow(arn)).collect();

    assert!(ended.iter().all(|ended| ended.execution.status == "SUCCEEDED"));
    let mut runs = ended.iter().filter(|ended| ended.status() == Some("done"));
    let run = runs.next().expect("one run has the slot");
    assert!(runs.next().is_none(), "two runs had the slot");
    let others = ended.iter().filter(|ended| ended.arn != run.arn);
    assert!(others.clone().all(|ended| matches!(ended.status(), Some("already_running" | "already_done"))));
    assert!(others.clone().all(|ended| ended.polls.is_empty()));
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 2);
    assert_eq!(system.filed(&slot), expected_files(&slot, &[(0, ACCEPTED)]));
    assert_eq!(system.summary(&slot).unwrap()["run"], json!(run.arn));
    system.assert_released_by(&slot, &run.arn);
}

#[test]
fn lease_of_a_dead_run_is_taken_over_with_the_frozen_answer() {
    let (system, slot) = (System::idle(), fresh_slot());
    let orders = json!([{"order": "accepted", "power": 1}, {"order": "rejected"}, {"order": "accepted", "power": 2}]);

    // The first run dies after storing its orders and before closing.
    let summaries = S3Fault { puts_containing: "/summaries/".to_owned(), calls: 100, status: 503 };
    system.simulators.set_s3_fault(&summaries).unwrap();
    system.simulators.set_auction_bodies(&slot, &[ready(&orders)]).unwrap();
    let dead = system.start(&slot);
    wait_until(Duration::from_secs(30), "close-run to fail", || failures(&system, &dead) > 0);
    system.cloud.stop_execution(&dead).unwrap();
    // The local cloud completes the current state: one attempt and three retries.
    wait_until(Duration::from_secs(180), "the stopped run's last attempt", || failures(&system, &dead) == 4);
    system.simulators.set_s3_fault(&S3Fault::default()).unwrap();
    assert_eq!(system.cloud.execution(&dead).unwrap().status, "ABORTED");
    let files = expected_files(&slot, &[(0, ACCEPTED), (2, r#"{"order":"accepted","power":2}"#)]);
    assert_eq!(system.filed(&slot), files);
    assert_eq!(system.summary(&slot), None);
    assert!(!system.is_done(&slot));

    // Its lease is still valid, and the platform has other results now.
    let item = system.slot_item(&slot).unwrap();
    assert_eq!(item["owner"].1, dead);
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([{"order": "rejected"}]))]).unwrap();
    let too_early = system.run(&slot);
    assert_eq!(too_early.execution.output, json!({"slot": slot, "status": "already_running"}));

    // It expires, and the next run decides the frozen answer: it asks nobody.
    system.cloud.put_item(&system.names.runs_table, &with_expired_lease(item)).unwrap();
    let ended = system.run(&slot);

    assert_eq!(ended.execution.status, "SUCCEEDED", "{}", ended.summary());
    let expected = json!({
        "slot": slot, "attempt": 1, "status": "done", "polls": 1,
        "accepted": 2, "rejected": 1, "failed": 0, "total_power": "3",
    });
    assert_eq!(ended.execution.output, expected);
    assert_eq!(system.simulators.auction_polls(&slot).unwrap(), 0);
    assert_eq!(system.filed(&slot), files);
    assert_eq!(system.summary(&slot).unwrap()["run"], json!(ended.arn));
    assert!(system.only_post_about(&dead).to_lowercase().contains("aborted"));
    let text = system.only_post_about(&ended.arn);
    assert_eq!(text, format!("Results run {slot} (local): 2 accepted, 1 rejected, 0 failed"));
    system.assert_nothing_undelivered();
    system.assert_released_by(&slot, &ended.arn);
    assert!(system.is_done(&slot));
}

#[test]
fn run_without_its_lease_fails_and_leaves_the_slot_to_its_owner() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[not_ready()]).unwrap();
    let run = system.start(&slot);
    wait_until(Duration::from_secs(20), "the first poll", || system.simulators.auction_polls(&slot).unwrap() > 0);

    let mut item = system.slot_item(&slot).unwrap();
    item.insert("owner".to_owned(), ("S".to_owned(), "another run".to_owned()));
    system.cloud.put_item(&system.names.runs_table, &item).unwrap();
    let ended = system.follow(&run);

    assert_eq!(ended.execution.status, "FAILED");
    assert_eq!(ended.execution.error.as_deref(), Some("LeaseLost"), "{}", ended.summary());
    assert!(system.filed(&slot).is_empty());
    assert_eq!(system.slot_item(&slot), Some(item), "the slot belongs to another run");
    assert!(!system.is_done(&slot));
    assert!(system.only_post_about(&run).to_lowercase().contains("failed"));
}

#[test]
fn slot_that_is_not_a_time_is_refused() {
    let system = System::idle();
    let ended = system.run("soon");
    assert_eq!(ended.execution.error.as_deref(), Some("ContractBroken"), "{}", ended.summary());
    assert_eq!(system.slot_item("soon"), None);
    assert!(system.only_post_about(&ended.arn).to_lowercase().contains("failed"));
}

/// Failed attempts of close-run: unlike a rejected order, an archive that refuses the summary is `Unavailable`.
fn failures(system: &System, arn: &str) -> usize {
    let history = system.cloud.history(arn).unwrap();
    history.iter().filter(|event| event.whole["taskFailedEventDetails"]["error"] == "Unavailable").count()
}

fn with_expired_lease(mut item: Item) -> Item {
    item.insert("lease_until".to_owned(), ("N".to_owned(), "1".to_owned()));
    item
}
