//! The coverage of the state machine by the scenarios, from the histories of all their runs.
//!
//! Every state must have been entered and every catch taken. The histories of the local cloud have no states inside a map, but
//! the output of the map has the outcome of each order, which shows them.

use std::collections::BTreeSet;

use gridbid_devkit::failure::Failure;
use gridbid_local_cloud::client::{Cloud, Event};
use serde_json::Value;

/// The statuses of finished executions.
const ENDED: [&str; 4] = ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"];
const NOT_STORED: &str = "OrderNotStored";
const STORED: &str = "StoreOrder";

/// A path through the state machine: a state, or a state and one of its catches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Covered {
    Entered(String),
    Caught(String, usize),
}

/// Reads the histories of the state machine and of its copies.
///
/// # Errors
/// When a state was never entered or a catch never taken.
pub fn check(cloud: &Cloud, state_machine_arn: &str) -> Result<String, Failure> {
    let definition = cloud.state_machine(state_machine_arn)?.definition;
    let (mut taken, mut runs) = (BTreeSet::new(), 0);
    let machines = cloud.state_machines()?;
    for machine in machines.iter().filter(|arn| arn.starts_with(state_machine_arn)) {
        for status in ENDED {
            for execution in cloud.executions(machine, status)? {
                runs += 1;
                taken.extend(taken_by(&definition, &cloud.history(&execution)?));
            }
        }
    }
    let all = everything_in(&definition);
    let missing: Vec<String> = all.difference(&taken).map(name).collect();
    if !missing.is_empty() {
        return Err(Failure::new(format!(
            "no scenario covers these parts of the state machine: {}",
            missing.join(", ")
        ))
        .with_hint("add a scenario to tests/system/scenarios/paths.rs, or remove them from the definition"));
    }
    let states = all.iter().filter(|covered| matches!(covered, Covered::Entered(_))).count();
    Ok(format!("{states} states entered, {} catches taken, in {runs} runs", all.len() - states))
}

fn name(covered: &Covered) -> String {
    match covered {
        Covered::Entered(state) => state.clone(),
        Covered::Caught(state, catch) => format!("catch {} of {state}", catch + 1),
    }
}

fn everything_in(definition: &Value) -> BTreeSet<Covered> {
    let mut ways = BTreeSet::new();
    for (name, state) in definition.get("States").and_then(Value::as_object).into_iter().flatten() {
        ways.insert(Covered::Entered(name.clone()));
        ways.extend((0..catches(state).len()).map(|catch| Covered::Caught(name.clone(), catch)));
        if let Some(inner) = state.get("ItemProcessor") {
            ways.extend(everything_in(inner));
        }
    }
    ways
}

fn catches(state: &Value) -> &[Value] {
    state.get("Catch").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn taken_by(definition: &Value, history: &[Event]) -> BTreeSet<Covered> {
    let mut taken = BTreeSet::new();
    let (mut last_state, mut before, mut failed) = (None::<&str>, "", false);
    for event in history {
        if event.kind.ends_with("StateEntered")
            && let Some(name) = event.state()
        {
            taken.insert(Covered::Entered(name.to_owned()));
            taken.extend(last_state.and_then(|from| caught(definition, from, name, failed)));
            last_state = Some(name);
        } else if event.kind.ends_with("StateExited") {
            failed = before == "TaskFailed";
            taken.extend(event.output().iter().filter(|_| event.kind == "MapStateExited").flat_map(of_orders));
        }
        before = &event.kind;
    }
    taken
}

/// The catch that leads from one state to the next, if any.
fn caught(definition: &Value, from: &str, to: &str, failed: bool) -> Option<Covered> {
    let state = definition.get("States")?.get(from)?;
    let leads_there = |next: &Value| next.get("Next").and_then(Value::as_str) == Some(to);
    let catch = catches(state).iter().position(leads_there)?;
    // When success leads to the same state, only the failure distinguishes them.
    (failed || !leads_there(state)).then(|| Covered::Caught(from.to_owned(), catch))
}

/// What the outcomes of a map's orders show.
fn of_orders(output: &Value) -> BTreeSet<Covered> {
    let mut ways = BTreeSet::new();
    for order in output.as_array().into_iter().flatten() {
        ways.insert(Covered::Entered(STORED.to_owned()));
        let catch = match order.get("outcome").and_then(Value::as_str) {
            Some("rejected") => 0,
            Some("failed") => 1,
            _ => continue,
        };
        ways.insert(Covered::Entered(NOT_STORED.to_owned()));
        ways.insert(Covered::Caught(STORED.to_owned(), catch));
    }
    ways
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition() -> Value {
        json!({"States": {
            "Claim": {"Type": "Task", "Catch": [{"Next": "Busy"}, {"Next": "Release"}], "Next": "Map"},
            "Busy": {"Type": "Succeed"},
            "Map": {"Type": "Map", "Next": "Release", "ItemProcessor": {"States": {
                "StoreOrder": {"Catch": [{"Next": "OrderNotStored"}, {"Next": "OrderNotStored"}]}, "OrderNotStored": {},
            }}},
            "Release": {"Type": "Task", "Catch": [{"Next": "Failed"}], "Next": "Failed"},
            "Failed": {"Type": "Fail"},
        }})
    }

    fn history(steps: &[(&str, &str)]) -> Vec<Event> {
        let event = |(kind, text): &(&str, &str)| {
            let (name, output) = text.split_once(' ').unwrap_or((text, "{}"));
            let whole = json!({"stateEventDetails": {"name": name, "output": output}});
            Event { id: 1, kind: (*kind).to_owned(), whole }
        };
        steps.iter().map(event).collect()
    }

    fn covered_by(steps: &[(&str, &str)]) -> Vec<String> {
        taken_by(&definition(), &history(steps)).iter().map(name).collect()
    }

    #[test]
    fn every_state_and_every_catch_is_counted() {
        assert_eq!(everything_in(&definition()).len(), 7 + 5);
    }

    #[test]
    fn catch_is_identified_by_the_next_state() {
        let steps = [
            ("TaskStateEntered", "Claim"),
            ("TaskFailed", ""),
            ("TaskStateExited", "Claim"),
            ("TaskStateEntered", "Busy"),
        ];
        assert_eq!(covered_by(&steps), ["Busy", "Claim", "catch 1 of Claim"]);
    }

    #[test]
    fn failure_identifies_a_catch_when_success_leads_to_the_same_state() {
        let good = [
            ("TaskStateEntered", "Release"),
            ("TaskSucceeded", ""),
            ("TaskStateExited", "Release"),
            ("FailStateEntered", "Failed"),
        ];
        assert_eq!(covered_by(&good), ["Failed", "Release"]);
        let bad = [
            ("TaskStateEntered", "Release"),
            ("TaskFailed", ""),
            ("TaskStateExited", "Release"),
            ("FailStateEntered", "Failed"),
        ];
        assert_eq!(covered_by(&bad), ["Failed", "Release", "catch 1 of Release"]);
    }

    #[test]
    fn output_of_a_map_shows_the_states_inside() {
        let steps =
            [("MapStateEntered", "Map"), ("MapStateExited", r#"Map [{"outcome":"accepted"},{"outcome":"failed"}]"#)];
        assert_eq!(covered_by(&steps), ["Map", "OrderNotStored", "StoreOrder", "catch 2 of StoreOrder"]);
    }
}
