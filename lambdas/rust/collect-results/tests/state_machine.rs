//! The limits of Step Functions, and the leases of a run, computed for the worst case from the state machine's definition.
//!
//! Quotas: 25,000 events in an execution's history, and 256 KiB of input or output of a state
//! (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use gridbid_core::{
    name::{Digest, Slot, answer_key},
    outcome::{BatchLimits, ResultsLimits},
};
use serde_json::{Map, Value, json};

const DEFINITION: &str = include_str!("../../../../terraform/modules/results-run/run.asl.json");
const VARIABLES: &str = include_str!("../../../../terraform/modules/results-run/variables.tf");

const MAX_EVENTS: u64 = 25_000;
const MAX_STATE_BYTES: usize = 256 * 1024;
/// The states between two polls.
const POLL: [&str; 4] = ["Collect", "CheckAnswer", "WaitForResults", "RenewLease"];
/// The closed list of errors that a task with a function retries; see docs/operations.md.
const TRANSIENT: [&str; 11] = [
    "Unavailable",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "States.Timeout",
];

fn machine() -> Value {
    serde_json::from_str(DEFINITION).unwrap()
}

fn states(machine: &Value) -> &Map<String, Value> {
    machine["States"].as_object().unwrap()
}

fn item_states(machine: &Value) -> &Map<String, Value> {
    states(&machine["States"]["StoreOrders"]["ItemProcessor"])
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn retries(state: &Value) -> Vec<&Value> {
    state["Retry"].as_array().into_iter().flatten().collect()
}

/// The number in a text between two others.
fn between(text: &str, before: &str, after: &str) -> u64 {
    let Some((number, _)) = text.split_once(before).and_then(|(_, rest)| rest.split_once(after)) else {
        panic!("no number between `{before}` and `{after}`")
    };
    number.trim().parse().unwrap()
}

fn max_polls() -> u64 {
    between(VARIABLES, "var.deadline_seconds / var.poll_seconds <=", "\n")
}

/// The most attempts of a task. Each retrier counts on its own.
fn attempts(state: &Value) -> u64 {
    1 + retries(state).iter().map(|retry| number(&retry["MaxAttempts"])).sum::<u64>()
}

/// The most events of one pass through a state, without those of a map's items.
fn events(state: &Value) -> u64 {
    match state["Type"].as_str().unwrap() {
        // Entered and exited; scheduled, started, and ended for each attempt.
        "Task" => 2 + 3 * attempts(state),
        // Entered, started, succeeded, exited.
        "Map" => 4,
        _ => 2,
    }
}

/// The most transitions of one pass through a state: a retry is billed as one.
fn transitions(state: &Value) -> u64 {
    if state["Type"] == "Task" { attempts(state) } else { 1 }
}

/// The most of a quantity in an execution with as many polls as possible: every state once, and the loop of polls.
fn of_execution(count: impl Fn(&Value) -> u64, items: u64, per_item: u64) -> u64 {
    let machine = machine();
    let once: u64 = states(&machine).values().map(&count).sum();
    let poll: u64 = POLL.iter().map(|name| count(&machine["States"][name])).sum();
    let item: u64 = item_states(&machine).values().map(&count).sum();
    once + (max_polls() - 1) * poll + items * (item + per_item)
}

/// The most seconds of a task: the timeout of every attempt, and the backoff before each retry.
fn seconds(state: &Value) -> u64 {
    let backoff = |retry: &Value| -> u64 {
        let cap = retry["MaxDelaySeconds"].as_u64().unwrap_or(u64::MAX);
        (0..number(&retry["MaxAttempts"]))
            .map(|attempt| {
                let delay =
                    number(&retry["IntervalSeconds"]) * number(&retry["BackoffRate"]).pow(attempt.try_into().unwrap());
                delay.min(cap)
            })
            .sum()
    };
    attempts(state) * number(&state["TimeoutSeconds"]) + retries(state).iter().map(|retry| backoff(retry)).sum::<u64>()
}

fn tasks_with_functions(machine: &Value) -> Vec<&Value> {
    let all = states(machine).values().chain(item_states(machine).values());
    all.filter(|state| state["Resource"] == "arn:aws:states:::lambda:invoke").collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn history_of_the_largest_run_is_below_the_quota() {
    let (limits, batches) = (ResultsLimits::default(), BatchLimits::default());
    // An item begins and ends; the execution too.
    for items in [u64::from(limits.orders), batches.max_batches() as u64] {
        let events = 2 + of_execution(events, items, 2);
        assert!(events < MAX_EVENTS, "{items} items: {events} events");
    }
}

#[test]
fn state_of_the_largest_run_is_below_the_quota() {
    let limits = ResultsLimits::default();
    // `lambda:invoke` adds metadata to a function's output.
    let metadata = 4_000;
    let answer = r#"{"results":true,"orders":[]}"#.len() + limits.bytes as usize + metadata;
    assert!(answer < MAX_STATE_BYTES, "{answer} bytes of orders");

    let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
    let max_batches = BatchLimits::default().max_batches();
    let key = answer_key(&slot, u32::MAX, &Digest::of(b""), u32::MAX);
    let batch = json!({"n": u32::MAX, "key": key, "count": u32::MAX, "first": u32::MAX}).to_string();
    let batches = max_batches * (batch.len() + 1) + metadata;
    assert!(batches < MAX_STATE_BYTES, "{batches} bytes of batches");

    // The longest outcomes: see the catches of StoreOrder. A message has at most 90 bytes, whose escapes are two bytes.
    let failed = json!({
        "n": u32::MAX, "first": u32::MAX, "count": u32::MAX, "outcome": "failed",
        "error": "e".repeat(40), "why": "w".repeat(100),
    });
    let rejected = json!({"position": u32::MAX, "outcome": "rejected", "why": "\"".repeat(90)});
    let longest = failed.to_string().len().max(rejected.to_string().len());
    let items = max_batches.max(limits.orders as usize);
    let outcomes = items * (longest + 1) + metadata;
    assert!(outcomes < MAX_STATE_BYTES, "{outcomes} bytes of outcomes");
}

#[test]
fn large_runs_need_few_transitions() {
    let orders = 100_000_u64;
    let items = orders.div_ceil(BatchLimits::default().batch_orders(orders.try_into().unwrap()) as u64);
    let transitions = of_execution(transitions, items, 0);
    assert!(transitions * 20 <= orders, "{transitions} transitions for {orders} orders");
}

#[test]
fn functions_are_retried_on_the_closed_list_of_errors() {
    let machine = machine();
    let tasks = tasks_with_functions(&machine);
    assert_eq!(tasks.len(), 3);
    for task in tasks {
        let retried: Vec<_> = retries(task).iter().flat_map(|retry| names(&retry["ErrorEquals"])).collect();
        assert_eq!(retried.len(), TRANSIENT.len(), "{retried:?}");
        assert_eq!(BTreeSet::from_iter(retried), BTreeSet::from(TRANSIENT));
        for retry in retries(task) {
            assert!(number(&retry["BackoffRate"]) > 1 && retry["JitterStrategy"] == "FULL", "{retry}");
            assert!(retry["MaxDelaySeconds"].is_u64(), "{retry}");
        }
    }
    // The polls that follow are a retry of their own.
    let collect = &machine["States"]["Collect"]["Catch"];
    assert_eq!((names(&collect[0]["ErrorEquals"]), &collect[0]["Next"]), (TRANSIENT.to_vec(), &json!("CheckAnswer")));
    assert_eq!(
        collect[1],
        json!({
            "ErrorEquals": ["States.ALL"],
            "Assign": {"polls": "{% $polls + 1 %}", "problem": "{% $states.errorOutput %}"},
            "Next": "ReleaseAfterFailure",
        })
    );
}

#[test]
fn only_order_rejected_makes_an_order_rejected() {
    let machine = machine();
    let catches = machine["States"]["StoreOrders"]["ItemProcessor"]["States"]["StoreOrder"]["Catch"].clone();
    assert_eq!(
        (&catches[0]["ErrorEquals"], &catches[0]["Output"]["outcome"]),
        (&json!(["OrderRejected"]), &json!("rejected"))
    );
    assert_eq!(catches[1]["ErrorEquals"], json!(["States.ALL"]));
    assert!(catches[1]["Output"].as_str().unwrap().contains("'outcome': 'failed'"), "{}", catches[1]);
    assert_eq!(catches.as_array().unwrap().len(), 2);
}

#[test]
fn throttling_is_retried_for_as_long_as_a_lease() {
    let machine = machine();
    for name in ["StoreOrder", "CloseRun"] {
        let task = states(&machine).get(name).or_else(|| item_states(&machine).get(name)).unwrap();
        let throttled = retries(task)[0];
        assert_eq!(throttled["ErrorEquals"], json!(["Lambda.TooManyRequestsException"]));
        let only = json!({"TimeoutSeconds": 0, "Retry": [throttled]});
        assert!(seconds(&only) >= 600, "{name}: {} seconds", seconds(&only));
    }
}

#[test]
fn failed_conditions_are_not_retried() {
    let machine = machine();
    let updates = states(&machine).values().filter(|state| state["Resource"] == "arn:aws:states:::dynamodb:updateItem");
    let updates: Vec<_> = updates.collect();
    assert_eq!(updates.len(), 6);
    for update in updates {
        let refused = json!({"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "MaxAttempts": 0});
        assert_eq!(update["Retry"][0], refused);
        assert_eq!(update["Arguments"]["Key"], json!({"id": {"S": "{% 'slot#' & $slot %}"}}));
    }
}

#[test]
fn leases_outlast_the_worst_case() {
    let machine = machine();
    let worst = |names: &[&str]| -> u64 { names.iter().map(|name| seconds(&machine["States"][name])).sum() };
    let margin = between(VARIABLES, "var.lease_seconds >= 1.1 * var.poll_seconds +", "&&");
    assert!(worst(&["ClaimSlot", "CountOpenSlots", "Collect", "HoldForOrders"]) <= margin, "{margin}");
    assert!(worst(&["Collect", "RenewLease", "RenewLease"]) <= margin, "{margin}");

    let hold =
        machine["States"]["HoldForOrders"]["Arguments"]["ExpressionAttributeValues"][":until"]["N"].as_str().unwrap();
    assert!(worst(&["CloseRun", "FinishRun"]) <= between(hold, "$lease_seconds +", "+"), "{hold}");
    assert!(seconds(&item_states(&machine)["StoreOrder"]) <= between(hold, "+ 2000 +", "*"), "{hold}");
    assert_eq!(
        between(hold, "$ceil($count($items) /", ")"),
        number(&machine["States"]["StoreOrders"]["MaxConcurrency"])
    );
    assert_eq!(between(hold, "/ 1000) +", ";"), number(&machine["TimeoutSeconds"]), "{hold}");
}

#[test]
fn tasks_have_timeouts() {
    let machine = machine();
    for (name, state) in states(&machine).iter().chain(item_states(&machine)) {
        assert!(state["Type"] != "Task" || state["TimeoutSeconds"].is_u64(), "{name}");
    }
}
