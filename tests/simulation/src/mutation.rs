//! Mutations of the system: each takes away one protection, which the simulation has to notice.
//!
//! A mutation either patches the state machine's definition in memory, or changes what the adapters of the simulation do.
//! The product has no switch for it.

use serde_json::Value;

/// A protection outside of the state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A put of an order requires that no live order has its id.
    PutCondition,
    /// A request is one transaction.
    Transaction,
    /// A read returns the last write.
    ConsistentRead,
    /// The platform recognizes an order that it was sent before.
    IdempotencyKey,
    /// A response is stored only on the order that it is about.
    WriteBackCondition,
    /// One message reports an expired order.
    ReportClaim,
    /// An order is dropped only after it was reported.
    ReportBeforeDrop,
    /// Failed messages of an event stay in the queue.
    PartialBatchResponse,
    /// A message that is not an order is dropped only after it was copied.
    DeadLetters,
    /// An object of a run is written once.
    PutIfAbsent,
    /// A run decides the answer that the attempt's first run froze.
    FrozenAnswer,
    /// A run of an earlier attempt does not replace a summary.
    LateAttempt,
}

/// One mutation.
#[derive(Clone, Debug)]
pub struct Mutation {
    pub name: &'static str,
    change: Change,
    /// The seed that found it.
    pub seed: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Remove(Protection),
    Patch(fn(&mut Value)),
}

impl Mutation {
    const fn remove(name: &'static str, protection: Protection, seed: u64) -> Self {
        Self { name, change: Change::Remove(protection), seed }
    }

    const fn patch_with(name: &'static str, patch: fn(&mut Value), seed: u64) -> Self {
        Self { name, change: Change::Patch(patch), seed }
    }

    pub fn removes(&self, protection: Protection) -> bool {
        matches!(self.change, Change::Remove(removed) if removed == protection)
    }

    /// Changes the state machine's definition.
    pub fn patch(&self, definition: &mut Value) {
        if let Change::Patch(patch) = self.change {
            let before = definition.clone();
            patch(definition);
            assert_ne!(*definition, before, "`{}` changes nothing", self.name);
        }
    }

    /// All mutations.
    pub fn all() -> Vec<Self> {
        vec![
            Self::remove("orders are put without a condition", Protection::PutCondition, 0),
            Self::remove("the orders of a request are put one by one", Protection::Transaction, 0),
            Self::remove("orders are read without consistency", Protection::ConsistentRead, 0),
            Self::remove("orders are submitted without an idempotency key", Protection::IdempotencyKey, 9),
            Self::remove("the write-back has no condition", Protection::WriteBackCondition, 19),
            Self::remove("an expired order is reported without a claim", Protection::ReportClaim, 20),
            Self::remove("an order is dropped although its report failed", Protection::ReportBeforeDrop, 53),
            Self::remove("failed messages of an event are deleted", Protection::PartialBatchResponse, 9),
            Self::remove("a poisoned message is dropped although its copy failed", Protection::DeadLetters, 66),
            Self::remove("objects of a run are overwritten", Protection::PutIfAbsent, 746),
            Self::remove("the answer of an attempt is not read again", Protection::FrozenAnswer, 4),
            Self::remove("a late attempt replaces the summary", Protection::LateAttempt, 76),
            Self::patch_with("the claim has no condition", |machine| remove_condition(machine, "ClaimSlot"), 0),
            Self::patch_with(
                "asking again needs no free lease",
                |machine| {
                    machine["States"]["NextAttempt"]["Arguments"]["ConditionExpression"] =
                        "attribute_not_exists(asked_by) OR asked_by <> :run".into();
                },
                1,
            ),
            Self::patch_with(
                "a repeated request begins two attempts",
                |machine| {
                    machine["States"]["NextAttempt"]["Arguments"]["ConditionExpression"] =
                        "attribute_not_exists(lease_until) OR lease_until < :now OR asked_by = :run".into();
                },
                1026,
            ),
            Self::patch_with(
                "the lease is renewed without a condition",
                |machine| remove_condition(machine, "RenewLease"),
                100,
            ),
            Self::patch_with(
                "the lease is extended without a condition",
                |machine| remove_condition(machine, "HoldForOrders"),
                586,
            ),
            Self::patch_with(
                "a slot is finished without a condition",
                |machine| remove_condition(machine, "FinishRun"),
                561,
            ),
            Self::patch_with(
                "a slot is released without a condition",
                |machine| remove_condition(machine, "ReleaseAfterFailure"),
                16,
            ),
            Self::patch_with(
                "the lease is not renewed",
                |machine| {
                    machine["States"]["WaitForResults"]["Next"] = "Collect".into();
                },
                2,
            ),
            Self::patch_with(
                "the lease is not extended for the orders",
                |machine| {
                    machine["States"]["CheckAnswer"]["Choices"][0]["Next"] = "StoreOrders".into();
                },
                0,
            ),
            Self::patch_with(
                "a failed run is not released",
                |machine| {
                    for state in machine["States"].as_object_mut().unwrap().values_mut() {
                        replace(state, "ReleaseAfterFailure", "Failed");
                    }
                },
                0,
            ),
            Self::patch_with("a claim is not retried", |machine| remove_retry(&mut machine["States"]["ClaimSlot"]), 0),
            Self::patch_with(
                "an outage of the platform fails the run",
                |machine| {
                    machine["States"]["Collect"]["Catch"].as_array_mut().unwrap().remove(0);
                },
                7,
            ),
            Self::patch_with("storing an order is not retried", |machine| remove_retry(store_order(machine)), 9),
            Self::patch_with(
                "a rejected order is not caught by name",
                |machine| {
                    store_order(machine)["Catch"].as_array_mut().unwrap().remove(0);
                },
                0,
            ),
            Self::patch_with(
                "a failed order stops the others",
                |machine| {
                    store_order(machine)["Catch"].as_array_mut().unwrap().remove(1);
                },
                17,
            ),
            Self::patch_with(
                "closing a run is not retried",
                |machine| remove_retry(&mut machine["States"]["CloseRun"]),
                2,
            ),
            Self::patch_with(
                "a run with failed orders counts as done",
                |machine| {
                    machine["States"]["CheckSummary"]["Choices"][1]["Next"] = "FinishRun".into();
                },
                10,
            ),
            Self::patch_with(
                "finishing a run is not retried",
                |machine| remove_retry(&mut machine["States"]["FinishRun"]),
                62,
            ),
            Self::patch_with(
                "open slots are not counted",
                |machine| {
                    machine["States"]["CountOpenSlots"]["Assign"]["open_slots"] = 0.into();
                },
                0,
            ),
            Self::patch_with(
                "a slot that is not done is not marked as open",
                |machine| {
                    let update = &mut machine["States"]["ClaimSlot"]["Arguments"]["UpdateExpression"];
                    *update = update.as_str().unwrap().replace("#open = :open, ", "").into();
                },
                0,
            ),
        ]
    }
}

fn remove_condition(machine: &mut Value, state: &str) {
    machine["States"][state]["Arguments"].as_object_mut().unwrap().remove("ConditionExpression");
}

fn remove_retry(state: &mut Value) {
    state.as_object_mut().unwrap().remove("Retry");
}

fn store_order(machine: &mut Value) -> &mut Value {
    &mut machine["States"]["StoreOrders"]["ItemProcessor"]["States"]["StoreOrder"]
}

/// Replaces a text in every place.
fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, from, to)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, from, to)),
        _ => {}
    }
}
