//! The paths through the state machine that a healthy system does not take: copies of it with one broken part.
//!
//! Each copy uses the same tables and functions as the original. It shows the path after a failure, not the retries before it:
//! the broken state of a copy is not retried. Together with the other scenarios
//! every state is entered and every catch taken; `cargo xtask test` counts that over all histories.

use gridbid_local_cloud::results_run::{self, FinishedRun};
use serde_json::{Value, json};

use crate::harness::{System, fresh_slot, not_ready, ready};

/// The key of an item.
const KEY: &str = "/Arguments/Key";

/// A key that the table does not have.
fn wrong_key() -> Value {
    json!({"no_such_key": {"S": "text"}})
}

/// Runs a slot on a copy with another value at a JSON pointer.
fn run_broken(system: &System, slot: &str, state: &str, pointer: &str, value: Value) -> FinishedRun {
    let copy = break_copy(system, slot, state, pointer, value);
    system.follow(&results_run::start(&system.cloud, &copy, slot).unwrap())
}

/// Creates the copy; returns its ARN.
fn break_copy(system: &System, slot: &str, state: &str, pointer: &str, value: Value) -> String {
    let machine = system.cloud.state_machine(&system.names.state_machine_arn).unwrap();
    let mut definition = machine.definition;
    *definition.pointer_mut(&format!("/States/{state}{pointer}")).expect("the pointer exists") = value;
    if let Some(retries) = definition.pointer_mut(&format!("/States/{state}/Retry")) {
        *retries = json!([]);
    }
    let name = format!("{}-{state}-{}", machine.name, slot.replace([':', '-'], ""));
    system.cloud.create_state_machine(&name, &definition, &machine.role_arn).unwrap()
}

/// Checks that the run has failed with its first error.
fn assert_failed(ended: &FinishedRun, error: &str) {
    assert_eq!(ended.execution.status, "FAILED");
    assert_eq!(ended.execution.error.as_deref(), Some(error), "{}", ended.summary());
}

const REFUSED: &str = "DynamoDB.ValidationException";

#[test]
fn slot_that_cannot_be_claimed_fails_the_run() {
    let (system, slot) = (System::idle(), fresh_slot());
    let ended = run_broken(&system, &slot, "ClaimSlot", KEY, wrong_key());
    assert_failed(&ended, REFUSED);
    assert_eq!(system.slot_item(&slot), None, "nothing is claimed");
}

#[test]
fn next_attempt_that_cannot_be_claimed_fails_the_run() {
    let (system, slot) = (System::idle(), fresh_slot());
    assert_eq!(system.run_with(&slot, &[ready(&json!([]))]).status(), Some("done"));
    let copy = break_copy(&system, &slot, "NextAttempt", KEY, wrong_key());
    let ended = system.follow(&results_run::start_again(&system.cloud, &copy, &slot).unwrap());
    assert_failed(&ended, REFUSED);
    assert!(system.is_done(&slot), "the slot is as before");
}

#[test]
fn slot_of_another_run_that_cannot_be_read_fails_the_run() {
    let (system, slot) = (System::idle(), fresh_slot());
    assert_eq!(system.run_with(&slot, &[ready(&json!([]))]).status(), Some("done"));
    let ended = run_broken(&system, &slot, "ReadSlot", KEY, wrong_key());
    assert_failed(&ended, REFUSED);
    assert!(system.is_done(&slot));
}

#[test]
fn run_does_not_need_the_count_of_open_slots() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([]))]).unwrap();
    let ended = run_broken(&system, &slot, "CountOpenSlots", "/Arguments/KeyConditionExpression", json!("#open"));
    assert_eq!(ended.status(), Some("done"), "{}", ended.summary());
}

#[test]
fn lease_that_is_lost_before_the_slot_is_done_leaves_it_to_its_new_owner() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([]))]).unwrap();
    let owner = "/Arguments/ExpressionAttributeValues/:run/S";
    let ended = run_broken(&system, &slot, "FinishRun", owner, json!("another run"));
    assert_failed(&ended, "LeaseLost");
    assert!(!system.is_done(&slot));
}

#[test]
fn lease_that_cannot_be_renewed_releases_the_slot() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[not_ready()]).unwrap();
    let ended = run_broken(&system, &slot, "RenewLease", KEY, wrong_key());
    assert_failed(&ended, REFUSED);
    system.assert_released_by(&slot, &ended.arn);
    assert!(!system.is_done(&slot));
}

#[test]
fn lease_that_is_lost_before_the_orders_files_none() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([{"order": "accepted"}]))]).unwrap();
    let owner = "/Arguments/ExpressionAttributeValues/:run/S";
    let ended = run_broken(&system, &slot, "HoldForOrders", owner, json!("another run"));
    assert_failed(&ended, "LeaseLost");
    assert!(system.filed(&slot).is_empty());
    assert_ne!(system.slot_item(&slot).unwrap()["lease_until"].1, "0", "a slot that may be another's is left alone");
}

#[test]
fn lease_that_cannot_be_held_for_the_orders_files_none() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([{"order": "accepted"}]))]).unwrap();
    let ended = run_broken(&system, &slot, "HoldForOrders", KEY, wrong_key());
    assert_failed(&ended, REFUSED);
    assert!(system.filed(&slot).is_empty());
    system.assert_released_by(&slot, &ended.arn);
}

#[test]
fn answer_that_is_neither_yes_nor_no_fails_the_run() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[not_ready()]).unwrap();
    let ended = run_broken(&system, &slot, "Collect", "/Output", json!({"results": "perhaps"}));
    assert_failed(&ended, "ContractBroken");
    system.assert_released_by(&slot, &ended.arn);
}

#[test]
fn map_that_fails_as_a_whole_releases_the_slot() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([{"order": "accepted"}]))]).unwrap();
    let ended = run_broken(&system, &slot, "StoreOrders", "/Items", json!("{% 1 %}"));
    assert_failed(&ended, "States.QueryEvaluationError");
    assert!(system.filed(&slot).is_empty());
    assert_eq!(system.summary(&slot), None);
    system.assert_released_by(&slot, &ended.arn);
}

#[test]
fn run_that_cannot_be_closed_releases_the_slot_and_leaves_it_open() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([{"order": "accepted"}]))]).unwrap();
    let ended = run_broken(&system, &slot, "CloseRun", "/Arguments/FunctionName", json!("gridbid-no-such-function"));
    assert_eq!(ended.execution.status, "FAILED");
    assert!(ended.execution.error.as_deref().unwrap().starts_with("Lambda."), "{}", ended.summary());
    assert_eq!(system.filed(&slot).len(), 1, "what was filed stays");
    assert!(!system.is_done(&slot));
    system.assert_released_by(&slot, &ended.arn);
}

#[test]
fn summary_without_a_number_of_failures_fails_the_run() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([]))]).unwrap();
    let ended = run_broken(&system, &slot, "CloseRun", "/Output", json!({"failed": "none"}));
    assert_failed(&ended, "ContractBroken");
    assert!(!system.is_done(&slot));
    system.assert_released_by(&slot, &ended.arn);
}

#[test]
fn run_that_cannot_be_finished_releases_the_slot_and_leaves_it_open() {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_bodies(&slot, &[ready(&json!([]))]).unwrap();
    let ended = run_broken(&system, &slot, "FinishRun", KEY, wrong_key());
    assert_eq!(ended.execution.status, "FAILED", "{}", ended.summary());
    assert!(!system.is_done(&slot));
    system.assert_released_by(&slot, &ended.arn);
}
