//! Which ways through the state machine the scenarios have taken, from the histories of all their runs.
//!
//! Every state must have been entered and every catch taken. The local cloud's histories do not name the states inside a
//! map, but the map's output says what became of each order, and each outcome is a way of its own.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cloud::client::{Cloud, Event};
use gridbid_devkit::failure::Failure;

/// All statuses that an execution that has ended may have.
const ENDED: [&str; 4] = ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"];
const NOT_FILED: &str = "OrderNotFiled";
const STORED: &str = "StoreOrder";

/// A state, or a state and which of its catches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Entered(String),
    Caught(String, usize),
}

/// Looks through the histories of the state machine and of its copies.
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
    let all = all_ways(&definition);
    let missing: Vec<String> = all.difference(&taken).map(told).collect();
    if !missing.is_empty() {
        return Err(Failure::new(format!(
            "no scenario takes these ways through the state machine: {}",
            missing.join(", ")
        ))
        .with_hint("add a scenario to xtask/tests/system/paths.rs, or take the way out of the definition"));
    }
    let states = all.iter().filter(|way| matches!(way, Way::Entered(_))).count();
    Ok(format!("{states} states entered, {} catches taken, in {runs} runs", all.len() - states))
}

fn told(way: &Way) -> String {
    match way {
        Way::Entered(state) => state.clone(),
        Way::Caught(state, catch) => format!("catch {} of {state}", catch + 1),
    }
}

fn all_ways(definition: &Value) -> BTreeSet<Way> {
    let mut ways = BTreeSet::new();
    for (name, state) in definition.get("States").and_then(Value::as_object).into_iter().flatten() {
        ways.insert(Way::Entered(name.clone()));
        ways.extend((0..catches(state).len()).map(|catch| Way::Caught(name.clone(), catch)));
        if let Some(inner) = state.get("ItemProcessor") {
            ways.extend(all_ways(inner));
        }
    }
    ways
}

fn catches(state: &Value) -> &[Value] {
    state.get("Catch").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn taken_by(definition: &Value, history: &[Event]) -> BTreeSet<Way> {
    let mut taken = BTreeSet::new();
    let (mut last_state, mut before, mut failed) = (None::<&str>, "", false);
    for event in history {
        if event.kind.ends_with("StateEntered")
            && let Some(name) = event.state()
        {
            taken.insert(Way::Entered(name.to_owned()));
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

/// The catch that leads from one state to the next, if it is one that does.
fn caught(definition: &Value, from: &str, to: &str, failed: bool) -> Option<Way> {
    let state = definition.get("States")?.get(from)?;
    let leads_there = |next: &Value| next.get("Next").and_then(Value::as_str) == Some(to);
    let catch = catches(state).iter().position(leads_there)?;
    // Where a good end leads to the same state, only its failure tells.
    (failed || !leads_there(state)).then(|| Way::Caught(from.to_owned(), catch))
}

/// What became of the orders of a map.
fn of_orders(output: &Value) -> BTreeSet<Way> {
    let mut ways = BTreeSet::new();
    for order in output.as_array().into_iter().flatten() {
        ways.insert(Way::Entered(STORED.to_owned()));
        let catch = match order.get("outcome").and_then(Value::as_str) {
            Some("rejected") => 0,
            Some("failed") => 1,
            _ => continue,
        };
        ways.insert(Way::Entered(NOT_FILED.to_owned()));
        ways.insert(Way::Caught(STORED.to_owned(), catch));
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
                "StoreOrder": {"Catch": [{"Next": "OrderNotFiled"}, {"Next": "OrderNotFiled"}]}, "OrderNotFiled": {},
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

    fn ways(steps: &[(&str, &str)]) -> Vec<String> {
        taken_by(&definition(), &history(steps)).iter().map(told).collect()
    }

    #[test]
    fn every_state_and_every_catch_is_a_way() {
        assert_eq!(all_ways(&definition()).len(), 7 + 5);
    }

    #[test]
    fn the_next_state_tells_which_catch_it_was() {
        let steps = [
            ("TaskStateEntered", "Claim"),
            ("TaskFailed", ""),
            ("TaskStateExited", "Claim"),
            ("TaskStateEntered", "Busy"),
        ];
        assert_eq!(ways(&steps), ["Busy", "Claim", "catch 1 of Claim"]);
    }

    #[test]
    fn a_failure_tells_a_catch_where_a_good_end_leads_to_the_same_state() {
        let good = [
            ("TaskStateEntered", "Release"),
            ("TaskSucceeded", ""),
            ("TaskStateExited", "Release"),
            ("FailStateEntered", "Failed"),
        ];
        assert_eq!(ways(&good), ["Failed", "Release"]);
        let bad = [
            ("TaskStateEntered", "Release"),
            ("TaskFailed", ""),
            ("TaskStateExited", "Release"),
            ("FailStateEntered", "Failed"),
        ];
        assert_eq!(ways(&bad), ["Failed", "Release", "catch 1 of Release"]);
    }

    #[test]
    fn a_maps_output_tells_what_became_of_its_orders() {
        let steps =
            [("MapStateEntered", "Map"), ("MapStateExited", r#"Map [{"outcome":"accepted"},{"outcome":"failed"}]"#)];
        assert_eq!(ways(&steps), ["Map", "OrderNotFiled", "StoreOrder", "catch 2 of StoreOrder"]);
    }
}
