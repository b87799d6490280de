//! Starts a results run and follows it through the history of its execution.

use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::failure::Failure;
use gridbid_devkit::interrupt;
use serde_json::{Value, json};

use crate::client::{Cloud, Event, Execution, Item};

/// Interval between two reads of the history.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRun {
    /// The ARN of the execution, which is the id of the run.
    pub arn: String,
    /// The finished execution.
    pub execution: Execution,
    /// The output of collect-results for each poll.
    pub polls: Vec<Value>,
    /// The outcome of each order, by position; of each batch for large results.
    pub outcomes: Vec<Value>,
}

impl FinishedRun {
    /// `done`, `already_running`, `already_done`, or none for a failed run.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.execution.output.get("status").and_then(Value::as_str)
    }

    /// A count in the output of the run.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.execution.output.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// The status of the execution with its output or error.
    #[must_use]
    pub fn summary(&self) -> String {
        let Execution { status, output, error, cause, .. } = &self.execution;
        match error {
            Some(error) => format!("{status}: {error}: {}", cause.as_deref().unwrap_or("no cause")),
            None => format!("{status} {output}"),
        }
    }
}

/// Starts a run for a slot.
///
/// # Errors
/// When the state machine does not exist.
pub fn start(cloud: &Cloud, state_machine_arn: &str, slot: &str) -> Result<String, Failure> {
    Ok(cloud.start_execution(state_machine_arn, &json!({ "slot": slot }))?)
}

/// Starts a run that asks the platform again: the slot's next attempt.
///
/// # Errors
/// When the state machine does not exist.
pub fn start_again(cloud: &Cloud, state_machine_arn: &str, slot: &str) -> Result<String, Failure> {
    Ok(cloud.start_execution(state_machine_arn, &json!({ "slot": slot, "ask_again": true }))?)
}

/// The item of a slot in the runs table, if any.
///
/// # Errors
/// When the table does not exist.
pub fn slot_item(cloud: &Cloud, runs_table: &str, slot: &str) -> Result<Option<Item>, Failure> {
    let id = format!("slot#{slot}");
    let items = cloud.items(runs_table)?;
    Ok(items.into_iter().find(|item| item.get("id").is_some_and(|(_, text)| *text == id)))
}

/// Follows a run to its end and passes a line to `say` for each poll and each order.
///
/// # Errors
/// When it does not end within the limit, or a call fails.
pub fn follow(cloud: &Cloud, arn: &str, limit: Duration, mut say: impl FnMut(&str)) -> Result<FinishedRun, Failure> {
    let deadline = Instant::now() + limit;
    let (mut seen, mut polls, mut outcomes) = (0, Vec::new(), Vec::new());
    loop {
        // Read before the history, which then is complete when the execution has ended.
        let execution = cloud.execution(arn)?;
        for event in cloud.history(arn)?.into_iter().filter(|event| event.id > seen).collect::<Vec<_>>() {
            seen = seen.max(event.id);
            if let Some(output) = poll_output(&event) {
                say(&format_poll(polls.len() + 1, &output));
                polls.push(output);
            }
            for outcome in outcomes_of(&event) {
                say(&format_outcome(&outcome));
                outcomes.push(outcome);
            }
        }
        if execution.has_ended() {
            return Ok(FinishedRun { arn: arn.to_owned(), execution, polls, outcomes });
        }
        interrupt::check()?;
        if Instant::now() > deadline {
            let message = format!("the results run did not end within {} s", limit.as_secs());
            return Err(Failure::new(message).with_hint("`cargo xtask logs collect-results` shows its polls"));
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// The output of collect-results, when the event is its end.
fn poll_output(event: &Event) -> Option<Value> {
    (event.kind == "TaskStateExited" && event.state() == Some("Collect")).then(|| event.output()).flatten()
}

/// The outcomes of the orders, when the event is the end of the map.
fn outcomes_of(event: &Event) -> Vec<Value> {
    if event.kind != "MapStateExited" {
        return Vec::new();
    }
    event.output().and_then(|output| output.as_array().cloned()).unwrap_or_default()
}

fn format_poll(number: usize, output: &Value) -> String {
    let orders = output.get("orders").and_then(Value::as_array).map(Vec::len);
    match (output.get("results"), orders) {
        (Some(Value::Bool(false)), _) => format!("collect-results, poll {number}: not ready yet"),
        (Some(Value::Bool(true)), Some(orders)) => {
            format!("collect-results, poll {number}: ready, {orders} orders")
        }
        (Some(Value::Bool(true)), None) => {
            let batches = output.get("batches").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let orders: u64 = batches.iter().filter_map(|batch| batch.get("count")?.as_u64()).sum();
            format!("collect-results, poll {number}: ready, {orders} orders in {} batches", batches.len())
        }
        _ => format!("collect-results, poll {number}: {output}"),
    }
}

fn format_outcome(outcome: &Value) -> String {
    let text = |name: &str| outcome.get(name).map(value_text).unwrap_or_default();
    let place =
        if outcome.get("n").is_some() { format!("batch {}", text("n")) } else { format!("order {}", text("position")) };
    let summary = match text("outcome").as_str() {
        "batch" => {
            format!("{} accepted, {} rejected, {} failed", text("accepted"), text("rejected"), text("failed"))
        }
        "accepted" => format!("accepted, filed as {}", text("key")),
        "failed" => format!("failed: {}: {}", text("error"), text("why")),
        other => format!("{other}: {}", text("why")),
    };
    format!("store-result, {place}: {summary}")
}

/// A string without its quotes, or any other value as JSON.
#[must_use]
pub fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(kind: &str, state: &str, output: &Value) -> Event {
        let whole = json!({"stateExitedEventDetails": {"name": state, "output": output.to_string()}});
        Event { id: 1, kind: kind.to_owned(), whole }
    }

    #[test]
    fn polls_are_formatted_with_their_output() {
        let ready = json!({"results": true, "orders": [{}, {}]});
        assert_eq!(poll_output(&exited("TaskStateExited", "Collect", &ready)), Some(ready.clone()));
        assert_eq!(poll_output(&exited("TaskStateExited", "CloseRun", &ready)), None);
        assert_eq!(format_poll(3, &ready), "collect-results, poll 3: ready, 2 orders");
        let batches = json!({"results": true, "batches": [{"n": 0, "count": 500}, {"n": 1, "count": 1}]});
        assert_eq!(format_poll(1, &batches), "collect-results, poll 1: ready, 501 orders in 2 batches");
        assert_eq!(format_poll(1, &json!({"results": false})), "collect-results, poll 1: not ready yet");
        assert_eq!(format_poll(1, &json!({"results": "no"})), "collect-results, poll 1: {\"results\":\"no\"}");
    }

    #[test]
    fn outcomes_are_formatted_by_position() {
        let outcomes = json!([{"position": 0, "outcome": "accepted", "key": "k"}, {"position": 1, "outcome": "rejected", "why": "w"},
            {"n": 2, "outcome": "batch", "accepted": 3, "rejected": 2, "failed": 0},
            {"n": 3, "first": 9, "count": 5, "outcome": "failed", "error": "Unavailable", "why": "w"}]);
        let lines: Vec<_> =
            outcomes_of(&exited("MapStateExited", "StoreOrders", &outcomes)).iter().map(format_outcome).collect();
        let expected = [
            "store-result, order 0: accepted, filed as k",
            "store-result, order 1: rejected: w",
            "store-result, batch 2: 3 accepted, 2 rejected, 0 failed",
            "store-result, batch 3: failed: Unavailable: w",
        ];
        assert_eq!(lines, expected);
    }
}
