//! A results run as a person sees it: started, followed state by state, and told when it has ended.
//!
//! Reads the execution's history and nothing else: what is told is what Step Functions saw. Called by the main job, by
//! `cargo xtask run` and by the system tests.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::client::{Cloud, Event, Execution};
use crate::failure::Failure;
use crate::interrupt;

/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The execution's ARN, which is the run's id.
    pub arn: String,
    /// How it ended.
    pub execution: Execution,
    /// What collect-results answered, each time.
    pub answers: Vec<Value>,
    /// What became of each order, by position.
    pub outcomes: Vec<Value>,
}

impl Ended {
    /// `done`, `already_running`, `already_done`, or nothing for a run that failed.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.execution.output.get("status").and_then(Value::as_str)
    }

    /// A count of the run's output.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.execution.output.get(name).and_then(Value::as_u64).unwrap_or_default()
    }

    /// How it ended, in a few words.
    #[must_use]
    pub fn told(&self) -> String {
        let Execution { status, output, error, cause, .. } = &self.execution;
        match error {
            Some(error) => format!("{status}: {error}: {}", cause.as_deref().unwrap_or("no cause was given")),
            None => format!("{status} {output}"),
        }
    }
}

/// Starts a run for a slot.
///
/// # Errors
/// When the state machine is not there.
pub fn start(cloud: &Cloud, state_machine_arn: &str, slot: &str) -> Result<String, Failure> {
    Ok(cloud.start_execution(state_machine_arn, &json!({ "slot": slot }))?)
}

/// Follows a run to its end and hands a line to `tell` whenever something happened.
///
/// # Errors
/// When it does not end within the limit, or the cloud does not answer.
pub fn follow(cloud: &Cloud, arn: &str, limit: Duration, mut tell: impl FnMut(&str)) -> Result<Ended, Failure> {
    let deadline = Instant::now() + limit;
    let (mut seen, mut answers, mut outcomes) = (0, Vec::new(), Vec::new());
    loop {
        // Asked first: whatever happened before an end that is seen here is in the history.
        let execution = cloud.execution(arn)?;
        for event in cloud.history(arn)?.into_iter().filter(|event| event.id > seen).collect::<Vec<_>>() {
            seen = seen.max(event.id);
            if let Some(answer) = answer(&event) {
                answers.push(answer.clone());
                tell(&told_answer(answers.len(), &answer));
            }
            for outcome in outcomes_of(&event) {
                tell(&told_outcome(&outcome));
                outcomes.push(outcome);
            }
        }
        if execution.has_ended() {
            return Ok(Ended { arn: arn.to_owned(), execution, answers, outcomes });
        }
        interrupt::check()?;
        if Instant::now() > deadline {
            let sentence = format!("the results run did not end within {} s", limit.as_secs());
            return Err(Failure::new(sentence).with_todo("`cargo xtask logs collect-results` shows what it was asked"));
        }
        thread::sleep(LOOK);
    }
}

/// What collect-results answered, when the event is its end.
fn answer(event: &Event) -> Option<Value> {
    (event.kind == "TaskStateExited" && event.state() == Some("Collect")).then(|| event.output()).flatten()
}

/// What became of the orders, when the event is the map's end.
fn outcomes_of(event: &Event) -> Vec<Value> {
    if event.kind != "MapStateExited" {
        return Vec::new();
    }
    event.output().and_then(|output| output.as_array().cloned()).unwrap_or_default()
}

fn told_answer(number: usize, answer: &Value) -> String {
    let orders = answer.get("orders").and_then(Value::as_array).map(Vec::len);
    match (answer.get("results"), orders) {
        (Some(Value::Bool(false)), _) => format!("collect-results, question {number}: not ready yet"),
        (Some(Value::Bool(true)), Some(orders)) => {
            format!("collect-results, question {number}: ready, {orders} orders")
        }
        _ => format!("collect-results, question {number}: {answer}"),
    }
}

fn told_outcome(outcome: &Value) -> String {
    let text = |name: &str| {
        outcome.get(name).map_or_else(String::new, |value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    let told = match text("outcome").as_str() {
        "accepted" => format!("accepted, filed as {}", text("key")),
        "failed" => format!("failed: {}: {}", text("error"), text("why")),
        other => format!("{other}: {}", text("why")),
    };
    format!("store-result, order {}: {told}", text("position"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(kind: &str, state: &str, output: &Value) -> Event {
        let whole = json!({"stateExitedEventDetails": {"name": state, "output": output.to_string()}});
        Event { id: 1, kind: kind.to_owned(), whole }
    }

    #[test]
    fn answers_are_told_as_they_came() {
        let ready = json!({"results": true, "orders": [{}, {}]});
        assert_eq!(answer(&left("TaskStateExited", "Collect", &ready)), Some(ready.clone()));
        assert_eq!(answer(&left("TaskStateExited", "CloseRun", &ready)), None);
        assert_eq!(told_answer(3, &ready), "collect-results, question 3: ready, 2 orders");
        assert_eq!(told_answer(1, &json!({"results": false})), "collect-results, question 1: not ready yet");
        assert_eq!(told_answer(1, &json!({"results": "no"})), "collect-results, question 1: {\"results\":\"no\"}");
    }

    #[test]
    fn outcomes_are_told_by_position() {
        let outcomes = json!([{"position": 0, "outcome": "accepted", "key": "k"}, {"position": 1, "outcome": "rejected", "why": "w"}]);
        let told: Vec<_> =
            outcomes_of(&left("MapStateExited", "StoreOrders", &outcomes)).iter().map(told_outcome).collect();
        assert_eq!(told, ["store-result, order 0: accepted, filed as k", "store-result, order 1: rejected: w"]);
    }
}
