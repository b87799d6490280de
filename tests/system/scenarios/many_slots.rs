//! Many slots at once, for minutes: `cargo xtask test many-slots` runs these on a cloud of their own, on which store-result is
//! throttled.

use std::thread;
use std::time::Duration;

use gridbid_local_cloud::results_run;
use gridbid_local_cloud::scenario::MANY_SLOTS_POLL_SECONDS;
use serde_json::json;

use crate::harness::{System, expected_files, fresh_slot, not_ready, ready, wait_until};

/// Time limit of a run, whose throttled calls wait for minutes.
const RUN_LIMIT: Duration = Duration::from_secs(900);
const ACCEPTED: &str = r#"{"order":"accepted","power":1}"#;

#[test]
fn no_slot_is_skipped_although_each_takes_several_periods() {
    let system = System::idle();
    let slots: Vec<String> = (0..60).map(|_| fresh_slot()).collect();
    let results = ready(&json!([{"order": "accepted", "power": 1}]));
    for slot in &slots {
        system.simulators.set_auction_bodies(slot, &[not_ready(), not_ready(), results.clone()]).unwrap();
    }

    let start = |slot: &String| {
        thread::sleep(Duration::from_secs(MANY_SLOTS_POLL_SECONDS));
        system.start(slot)
    };
    let arns: Vec<String> = slots.iter().map(start).collect();

    for (slot, arn) in slots.iter().zip(&arns) {
        let ended = results_run::follow(&system.cloud, arn, RUN_LIMIT, |_| ()).unwrap();
        assert_eq!(ended.status(), Some("done"), "{slot}: {}", ended.summary());
        assert_eq!(ended.count("polls"), 3);
        assert_eq!(system.filed(slot), expected_files(slot, &[(0, ACCEPTED)]));
        system.assert_released_by(slot, arn);
    }
}

#[test]
fn slots_that_end_together_after_an_outage_have_no_failed_order() {
    let system = System::idle();
    assert!(throttled_probes(&system) > 0, "store-result is not throttled");
    // Twelve hours of slots.
    let slots: Vec<String> = (0..144).map(|_| fresh_slot()).collect();
    for slot in &slots {
        system.simulators.set_auction_bodies(slot, &[not_ready()]).unwrap();
    }
    let arns: Vec<String> = slots.iter().map(|slot| system.start(slot)).collect();
    for slot in &slots {
        wait_until(RUN_LIMIT, "a poll of each slot", || system.simulators.auction_polls(slot).unwrap() > 0);
    }

    let results = ready(&json!([{"order": "accepted", "power": 1}, {"order": "rejected"}]));
    for slot in &slots {
        system.simulators.set_auction_bodies(slot, std::slice::from_ref(&results)).unwrap();
    }

    for (slot, arn) in slots.iter().zip(&arns) {
        let ended = results_run::follow(&system.cloud, arn, RUN_LIMIT, |_| ()).unwrap();
        assert_eq!(ended.status(), Some("done"), "{slot}: {}", ended.summary());
        assert_eq!(["accepted", "rejected", "failed"].map(|name| ended.count(name)), [1, 1, 0]);
        assert_eq!(system.filed(slot), expected_files(slot, &[(0, ACCEPTED)]));
        system.assert_released_by(slot, arn);
    }
}

/// The number of probes of store-result that are throttled out of 100 at once.
fn throttled_probes(system: &System) -> usize {
    let function = &system.names.function("store-result").unwrap().function_name;
    let is_throttled = || match system.cloud.invoke(function, &json!({"probe": "gridbid"})) {
        Ok(_) => false,
        Err(error) => {
            assert!(error.to_string().contains("TooManyRequests"), "{error}");
            true
        }
    };
    thread::scope(|scope| {
        let probes: Vec<_> = (0..100).map(|_| scope.spawn(is_throttled)).collect();
        probes.into_iter().filter_map(|probe| probe.join().unwrap().then_some(())).count()
    })
}
