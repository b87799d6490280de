//! The contract that every resource of every environment keeps, wherever it is made.
//!
//! `terraform test` sees one module at a time; here its plans of whole environments and of an account's own root are read,
//! resource by resource, as `-json -verbose` prints them. So a new module is held to the contract without a test of its
//! own. The rules are in `environments::rules`. Called by `checks::terraform`.

mod policies;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::failure::Failure;

/// The file in `terraform/tests` whose runs plan something whole.
pub const TEST_FILE: &str = "environments.tftest.hcl";
/// The run that plans the laptop: what it lacks is not asked of it.
const LOCAL: &str = "local";
/// The run that plans production.
const PROD: &str = "prod";

/// A resource that a plan makes.
#[derive(Clone, Debug)]
struct Planned {
    address: String,
    kind: String,
    after: Value,
}

/// The plans of whole environments, by the names of the tests' runs.
#[derive(Clone, Debug, Default)]
pub struct Plans(BTreeMap<String, Vec<Planned>>);

impl Planned {
    /// The text of an attribute, empty if there is none.
    fn text(&self, name: &str) -> &str {
        self.after.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether an attribute is neither missing, null, false, empty nor zero.
    fn has(&self, name: &str) -> bool {
        match self.after.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(value)) => *value,
            Some(Value::Number(value)) => value.as_f64() != Some(0.0),
            Some(Value::String(value)) => !value.is_empty(),
            Some(Value::Array(values)) => !values.is_empty(),
            Some(Value::Object(values)) => !values.is_empty(),
        }
    }
}

impl Plans {
    /// Takes a line of `terraform test -json -verbose`: a plan is kept, anything else is nothing to this.
    pub fn take(&mut self, line: &str) {
        // Plans are the only long lines, and each is worth megabytes of the provider's schema.
        if !line.contains("\"test_plan\"") {
            return;
        }
        let Ok(mut message) = serde_json::from_str::<Value>(line) else { return };
        let Some(run) = message.get("@testrun").and_then(Value::as_str).map(str::to_owned) else { return };
        let Some(changes) = message.pointer_mut("/test_plan/resource_changes").and_then(Value::as_array_mut) else {
            return;
        };
        let planned = changes.iter_mut().filter(|change| change.get("mode").and_then(Value::as_str) == Some("managed"));
        self.0.insert(run, planned.filter_map(planned_by).collect());
    }

    /// Holds every plan to every rule, and the runbook to every alarm; tells how much was looked at.
    ///
    /// # Errors
    /// All that does not hold, each with its resource.
    pub fn check(&self, runbook: &str) -> Result<String, Failure> {
        let resources: usize = self.0.values().map(Vec::len).sum();
        if !self.0.contains_key(LOCAL) || !self.0.contains_key(PROD) || self.0.values().any(Vec::is_empty) {
            return Err(Failure::new("the plans of whole environments are missing: `terraform test` prints none")
                .with_todo(
                    "look at terraform/tests/environments.tftest.hcl: its runs are named by their environments",
                ));
        }
        let broken: Vec<String> = self.0.iter().flat_map(|(run, plan)| rules::broken(run, plan)).collect();
        let undocumented: Vec<String> = self.undocumented(runbook).into_iter().collect();
        if !undocumented.is_empty() {
            return Err(Failure::new(format!("the runbook does not say what to do on: {}", undocumented.join(", "))));
        }
        if broken.is_empty() {
            return Ok(format!("{resources} resources in {} plans keep it", self.0.len()));
        }
        Err(Failure::new(format!("the contract is broken:\n  {}", broken.join("\n  "))))
    }

    /// Alarms that the runbook does not name.
    fn undocumented(&self, runbook: &str) -> BTreeSet<String> {
        let alarms = self.0.iter().flat_map(|(run, plan)| {
            let alarms = plan.iter().filter(|planned| planned.kind == "aws_cloudwatch_metric_alarm");
            alarms.map(move |alarm| runbook_name(run, plan, alarm.text("alarm_name")))
        });
        alarms.filter(|name| !runbook.contains(&format!("`{name}`"))).collect()
    }
}

/// The name of an alarm as the runbook has it: without its environment, and any function as `<function>`.
fn runbook_name(run: &str, plan: &[Planned], alarm: &str) -> String {
    let prefix = format!("gridbid-{run}-");
    let name = alarm.strip_prefix(&prefix).unwrap_or(alarm);
    let functions = plan.iter().filter(|planned| planned.kind == "aws_lambda_function");
    // A queue may be called after a function too.
    let kind = functions
        .filter_map(|function| alarm.strip_prefix(function.text("function_name"))?.strip_prefix('-'))
        .find(|kind| rules::FUNCTION_ALARMS.contains(kind));
    kind.map_or_else(|| name.to_owned(), |kind| format!("<function>-{kind}"))
}

fn planned_by(change: &mut Value) -> Option<Planned> {
    let text = |name: &str| change.get(name).and_then(Value::as_str).map(str::to_owned);
    let (address, kind) = (text("address")?, text("type")?);
    let after = change.pointer_mut("/change/after").map(Value::take)?;
    Some(Planned { address, kind, after })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    pub(super) fn planned(kind: &str, after: Value) -> Planned {
        Planned { address: format!("{kind}.x"), kind: kind.to_owned(), after }
    }

    #[test]
    fn a_plan_is_taken_from_its_line_and_other_lines_are_not() {
        let change = |mode: &str| json!({"address": "aws_sqs_queue.x", "type": "aws_sqs_queue", "mode": mode, "change": {"after": {"name": "q"}}});
        let line = json!({"type": "test_plan", "@testrun": "dev", "test_plan": {"resource_changes": [change("managed"), change("data")]}});
        let mut plans = Plans::default();
        plans.take(&json!({"type": "test_run", "@testrun": "dev"}).to_string());
        plans.take("not JSON");
        assert!(plans.0.is_empty());
        plans.take(&line.to_string());
        assert_eq!(plans.0["dev"].len(), 1);
        assert_eq!(plans.0["dev"][0].text("name"), "q");
    }

    #[test]
    fn without_plans_nothing_is_proven() {
        assert!(Plans::default().check("").is_err());
    }

    #[test]
    fn an_alarm_that_the_runbook_does_not_name_is_found() {
        let alarm = |name: &str| planned("aws_cloudwatch_metric_alarm", json!({"alarm_name": name}));
        let function = planned("aws_lambda_function", json!({"function_name": "gridbid-dev-orders-api"}));
        let plan = vec![function, alarm("gridbid-dev-orders-api-faults"), alarm("gridbid-dev-api-errors")];
        let plans = Plans(BTreeMap::from([("dev".to_owned(), plan)]));
        assert!(plans.undocumented("`<function>-faults` and `api-errors`").is_empty());
        assert_eq!(plans.undocumented("`api-errors`"), BTreeSet::from(["<function>-faults".to_owned()]));
        assert_eq!(plans.undocumented("`<function>-faults`"), BTreeSet::from(["api-errors".to_owned()]));
    }
}
