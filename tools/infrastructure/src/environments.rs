//! Policy checks on complete plans of each environment.
//!
//! `terraform test` sees one module at a time; this check reads its plans of whole environments and of an account's root,
//! resource by resource, as `-json -verbose` prints them. A new module needs no test for it. The rules are in
//! `environments::rules`.

mod planned;
mod policies;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use gridbid_devkit::failure::Failure;
use serde_json::{Value, json};

use planned::{LOCAL, PROD, Planned};

/// The file in `terraform/tests` whose runs plan whole environments.
pub const TEST_FILE: &str = "environments.tftest.hcl";
/// The plans of whole environments, by the names of the test runs.
#[derive(Clone, Debug, Default)]
pub struct Plans(BTreeMap<String, Vec<Planned>>);

impl Plans {
    /// Reads a line of `terraform test -json -verbose`. Lines without a plan are ignored.
    pub fn take(&mut self, line: &str) {
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

    /// Checks every plan against every rule, and the runbook for every alarm; returns a summary.
    ///
    /// # Errors
    /// Every violation with its resource.
    pub fn check(&self, runbook: &str) -> Result<String, Failure> {
        let resources: usize = self.0.values().map(Vec::len).sum();
        if !self.0.contains_key(LOCAL) || !self.0.contains_key(PROD) || self.0.values().any(Vec::is_empty) {
            return Err(Failure::new("the plans of whole environments are missing: `terraform test` prints none")
                .with_hint(
                    "look at terraform/tests/environments.tftest.hcl: its runs are named by their environments",
                ));
        }
        let violations: Vec<String> = self.0.iter().flat_map(|(run, plan)| rules::violations(run, plan)).collect();
        let undocumented: Vec<String> = self.undocumented(runbook).into_iter().collect();
        if !undocumented.is_empty() {
            return Err(Failure::new(format!("the runbook does not cover the alarms {}", undocumented.join(", "))));
        }
        if violations.is_empty() {
            return Ok(format!("{resources} resources in {} plans satisfy it", self.0.len()));
        }
        Err(Failure::new(format!("the contract is broken:\n  {}", violations.join("\n  "))))
    }

    /// The resources as JSON, by run, for `tools/infrastructure/iam`.
    pub fn resources(&self) -> String {
        let resources = |plan: &[Planned]| -> Vec<Value> {
            plan.iter().map(|one| json!({"address": one.address, "type": one.kind, "after": one.after})).collect()
        };
        let runs: BTreeMap<&str, Vec<Value>> =
            self.0.iter().map(|(run, plan)| (run.as_str(), resources(plan))).collect();
        json!(runs).to_string()
    }

    /// The alarms that the runbook does not name.
    fn undocumented(&self, runbook: &str) -> BTreeSet<String> {
        let alarms = self.0.iter().flat_map(|(run, plan)| {
            let alarms = plan.iter().filter(|planned| planned.kind == "aws_cloudwatch_metric_alarm");
            alarms.map(move |alarm| runbook_name(run, plan, alarm.text("alarm_name")))
        });
        alarms.filter(|name| !runbook.contains(&format!("`{name}`"))).collect()
    }
}

/// The name of an alarm in the runbook: without its environment, and with `<function>` for any function.
fn runbook_name(run: &str, plan: &[Planned], alarm: &str) -> String {
    let prefix = format!("gridbid-{run}-");
    let name = alarm.strip_prefix(&prefix).unwrap_or(alarm);
    let functions = plan.iter().filter(|planned| planned.kind == "aws_lambda_function");
    // A queue may also have the name of a function.
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
    use super::planned::planned;
    use super::*;

    #[test]
    fn plan_is_read_from_its_line_and_other_lines_are_ignored() {
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
    fn resources_are_written_by_run() {
        let plans = Plans(BTreeMap::from([("dev".to_owned(), vec![planned("aws_iam_role", json!({"name": "r"}))])]));
        let written: Value = serde_json::from_str(&plans.resources()).unwrap();
        let role = json!({"address": "aws_iam_role.x", "type": "aws_iam_role", "after": {"name": "r"}});
        assert_eq!(written, json!({"dev": [role]}));
    }

    #[test]
    fn missing_plans_are_a_failure() {
        assert!(Plans::default().check("").is_err());
    }

    #[test]
    fn undocumented_alarm_is_found() {
        let alarm = |name: &str| planned("aws_cloudwatch_metric_alarm", json!({"alarm_name": name}));
        let function = planned("aws_lambda_function", json!({"function_name": "gridbid-dev-orders-api"}));
        let plan = vec![function, alarm("gridbid-dev-orders-api-faults"), alarm("gridbid-dev-api-errors")];
        let plans = Plans(BTreeMap::from([("dev".to_owned(), plan)]));
        assert!(plans.undocumented("`<function>-faults` and `api-errors`").is_empty());
        assert_eq!(plans.undocumented("`api-errors`"), BTreeSet::from(["<function>-faults".to_owned()]));
        assert_eq!(plans.undocumented("`<function>-faults`"), BTreeSet::from(["api-errors".to_owned()]));
    }
}
