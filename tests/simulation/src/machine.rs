//! Runs the state machine as its definition says: states, retries, catches, leases and calls are read from the file.
//!
//! A field or a type of state that is not known here is an error, so that nothing in the definition is ignored.

use std::{fmt, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Map, Value, json};

use crate::jsonata::{self, Environment, Variables};

/// The state machine's definition, a Terraform template.
pub const DEFINITION: &str = include_str!("../../../terraform/modules/results-run/run.asl.json");

/// The name of a failed evaluation, which no definition may cause.
pub const EVALUATION_FAILED: &str = "States.QueryEvaluationError";

/// An error of a task or of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskError {
    pub error: String,
    pub cause: String,
}

impl TaskError {
    pub fn new(error: &str, cause: &str) -> Self {
        Self { error: error.to_owned(), cause: cause.to_owned() }
    }

    /// The error of a function, as `lambda:invoke` passes it on.
    pub fn of_function(error: &str, message: &str) -> Self {
        Self::new(error, &json!({"errorMessage": message, "errorType": error}).to_string())
    }

    fn evaluation(message: String) -> Self {
        Self { error: EVALUATION_FAILED.to_owned(), cause: message }
    }

    fn matches(&self, names: &Value) -> bool {
        let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.into_iter().any(|name| name == "States.ALL" || name == self.error)
    }
}

/// A path through a state, by its place in the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    Entered,
    Retry(usize),
    Catch(usize),
    Choice(usize),
    Default,
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entered => out.write_str("entered"),
            Self::Retry(index) => write!(out, "retry {}", index + 1),
            Self::Catch(index) => write!(out, "catch {}", index + 1),
            Self::Choice(index) => write!(out, "choice {}", index + 1),
            Self::Default => out.write_str("default"),
        }
    }
}

/// What an execution needs of its surroundings.
pub trait Services {
    /// Calls an integration.
    async fn call(&self, resource: &str, arguments: Value) -> Result<Value, TaskError>;

    /// Milliseconds since 1970.
    fn millis(&self) -> u64;

    /// A random number from 0 to below 1.
    fn random(&self) -> f64;

    /// Called before each state; the execution goes on when it returns.
    async fn enter(&self, state: &str);

    /// Called for each path that a state takes.
    fn take(&self, state: &str, path: Path);
}

/// The variables of the template, as Terraform fills them in.
pub struct Settings {
    pub period_seconds: u64,
    pub poll_seconds: u64,
    pub deadline_seconds: u64,
    pub lease_seconds: u64,
    pub open_slot_alarm_seconds: u64,
}

impl Settings {
    /// The definition with these settings.
    pub fn definition(&self) -> Value {
        let settings = [
            ("runs_table", "runs".to_owned()),
            ("collect_results_arn", "collect-results".to_owned()),
            ("store_result_arn", "store-result".to_owned()),
            ("close_run_arn", "close-run".to_owned()),
            ("period_seconds", self.period_seconds.to_string()),
            ("poll_seconds", self.poll_seconds.to_string()),
            ("deadline_seconds", self.deadline_seconds.to_string()),
            ("lease_seconds", self.lease_seconds.to_string()),
            ("keep_slot_seconds", (3_653 * 86_400).to_string()),
            ("open_slot_alarm_seconds", self.open_slot_alarm_seconds.to_string()),
        ];
        let mut definition = DEFINITION.to_owned();
        for (name, value) in settings {
            let variable = format!("${{{name}}}");
            assert!(definition.contains(&variable), "the definition has no {variable}");
            definition = definition.replace(&variable, &value);
        }
        assert!(!definition.contains("${"), "the definition has another variable");
        serde_json::from_str(&definition).unwrap()
    }
}

/// Runs an execution to its end.
pub async fn run<S: Services>(
    definition: &Value,
    services: &S,
    execution: Value,
    input: Value,
) -> Result<Value, TaskError> {
    let known = ["Comment", "QueryLanguage", "StartAt", "TimeoutSeconds", "States"];
    require_fields(definition, &known);
    assert_eq!(definition["QueryLanguage"], "JSONata");
    let limit = Duration::from_secs(definition["TimeoutSeconds"].as_u64().unwrap());
    let scope = Scope { services, variables: Variables::new(), context: json!({"Execution": execution}) };
    match tokio::time::timeout(limit, scope.run(definition, input)).await {
        Ok(result) => result,
        Err(_) => Err(TaskError::new("States.Timeout", "")),
    }
}

fn require_fields(object: &Value, known: &[&str]) {
    for name in object.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "`{name}` of the definition is not known to the simulation");
    }
}

/// The variables of a list of states, and `$states.context`.
struct Scope<'a, S> {
    services: &'a S,
    variables: Variables,
    context: Value,
}

impl<S: Services> Scope<'_, S> {
    async fn run(mut self, machine: &Value, input: Value) -> Result<Value, TaskError> {
        let mut name = machine["StartAt"].as_str().unwrap();
        let mut states = json!({"context": self.context.clone()});
        let mut input = input;
        loop {
            let state = &machine["States"][name];
            self.services.enter(name).await;
            self.services.take(name, Path::Entered);
            states["input"] = input;
            let step = match state["Type"].as_str().unwrap_or_else(|| panic!("there is no state `{name}`")) {
                "Pass" => {
                    require_fields(state, &["Comment", "Type", "Assign", "Output", "Next", "End"]);
                    Step { fields: state, default: states["input"].clone() }
                }
                "Choice" => {
                    require_fields(state, &["Comment", "Type", "Choices", "Assign", "Default"]);
                    Step { fields: self.choose(name, state, &states)?, default: states["input"].clone() }
                }
                "Wait" => {
                    require_fields(state, &["Comment", "Type", "Seconds", "Next"]);
                    let seconds = self.fill_in(&state["Seconds"], &states)?;
                    tokio::time::sleep(Duration::from_secs_f64(seconds.as_f64().unwrap())).await;
                    Step { fields: state, default: states["input"].clone() }
                }
                "Fail" => {
                    require_fields(state, &["Type", "Error", "Cause"]);
                    let [error, cause] = ["Error", "Cause"].map(|name| self.fill_in(&state[name], &states));
                    return Err(TaskError::new(error?.as_str().unwrap(), cause?.as_str().unwrap()));
                }
                kind => {
                    let result = match kind {
                        "Task" => self.task(name, state, &states).await,
                        "Map" => self.map(state, &states).await,
                        kind => panic!("the simulation knows no state of type `{kind}`"),
                    };
                    match result {
                        Ok(result) => {
                            states["result"] = result.clone();
                            Step { fields: state, default: result }
                        }
                        Err(error) => {
                            let mut catchers = state["Catch"].as_array().into_iter().flatten().enumerate();
                            let catcher = catchers.find(|(_, catcher)| error.matches(&catcher["ErrorEquals"]));
                            let Some((index, catcher)) = catcher else { return Err(error) };
                            self.services.take(name, Path::Catch(index));
                            require_fields(catcher, &["ErrorEquals", "Output", "Assign", "Next"]);
                            let output = json!({"Error": error.error, "Cause": error.cause});
                            states["errorOutput"] = output.clone();
                            Step { fields: catcher, default: output }
                        }
                    }
                }
            };
            let output = match step.fields.get("Output") {
                Some(output) => self.fill_in(output, &states)?,
                None => step.default,
            };
            if let Some(assign) = step.fields.get("Assign") {
                let assigned = self.fill_in(assign, &states)?;
                self.variables.extend(assigned.as_object().unwrap().clone());
            }
            let members = states.as_object_mut().unwrap();
            members.remove("result");
            members.remove("errorOutput");
            if step.fields.get("End") == Some(&Value::Bool(true)) {
                return Ok(output);
            }
            let next = step.fields.get("Next").or(step.fields.get("Default"));
            name = next.and_then(Value::as_str).unwrap_or_else(|| panic!("`{name}` has no next state"));
            input = output;
        }
    }

    fn environment<'s>(&'s self, states: &'s Value) -> Environment<'s> {
        let (millis, random) = (self.services.millis(), self.services.random());
        Environment { variables: &self.variables, states, millis, random }
    }

    fn fill_in(&self, template: &Value, states: &Value) -> Result<Value, TaskError> {
        jsonata::fill_in(template, &self.environment(states)).map_err(TaskError::evaluation)
    }

    /// The choice whose condition holds, or the state with its default.
    fn choose<'s>(&self, name: &str, state: &'s Value, states: &Value) -> Result<&'s Value, TaskError> {
        for (index, choice) in state["Choices"].as_array().unwrap().iter().enumerate() {
            require_fields(choice, &["Condition", "Assign", "Next"]);
            match self.fill_in(&choice["Condition"], states)? {
                Value::Bool(true) => {
                    self.services.take(name, Path::Choice(index));
                    return Ok(choice);
                }
                Value::Bool(false) => {}
                other => return Err(TaskError::evaluation(format!("the condition is `{other}`"))),
            }
        }
        self.services.take(name, Path::Default);
        Ok(state)
    }

    async fn task(&self, name: &str, state: &Value, states: &Value) -> Result<Value, TaskError> {
        let known = [
            "Comment",
            "Type",
            "Resource",
            "Arguments",
            "Assign",
            "Output",
            "TimeoutSeconds",
            "Retry",
            "Catch",
            "Next",
            "End",
        ];
        require_fields(state, &known);
        let limit = Duration::from_secs(state["TimeoutSeconds"].as_u64().unwrap());
        let resource = state["Resource"].as_str().unwrap();
        let no_retriers = Vec::new();
        let retriers = state.get("Retry").map_or(&no_retriers, |retriers| retriers.as_array().unwrap());
        let mut attempts = vec![0; retriers.len()];
        loop {
            let arguments = self.fill_in(&state["Arguments"], states)?;
            let call = tokio::time::timeout(limit, self.services.call(resource, arguments)).await;
            let error = match call.unwrap_or_else(|_| Err(TaskError::new("States.Timeout", ""))) {
                Ok(result) => return Ok(result),
                Err(error) => error,
            };
            let retrier = retriers.iter().position(|retrier| error.matches(&retrier["ErrorEquals"]));
            let Some(index) = retrier else { return Err(error) };
            self.services.take(name, Path::Retry(index));
            let Some(delay) = self.retry_delay(&retriers[index], attempts[index]) else { return Err(error) };
            attempts[index] += 1;
            tokio::time::sleep(delay).await;
        }
    }

    /// The delay before a retry, or `None` after the last one.
    fn retry_delay(&self, retrier: &Value, attempts: u64) -> Option<Duration> {
        let known =
            ["ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "MaxAttempts", "JitterStrategy"];
        require_fields(retrier, &known);
        let number = |name: &str, default: f64| retrier.get(name).map_or(default, |value| value.as_f64().unwrap());
        if attempts >= retrier.get("MaxAttempts").map_or(3, |most| most.as_u64().unwrap()) {
            return None;
        }
        let delay = number("IntervalSeconds", 1.0) * number("BackoffRate", 2.0).powi(attempts.try_into().unwrap());
        let delay = delay.min(number("MaxDelaySeconds", f64::MAX));
        assert_eq!(retrier["JitterStrategy"], "FULL");
        Some(Duration::from_secs_f64(delay * self.services.random()))
    }

    /// Runs the items, as many at a time as the state allows. The first error of an item stops the others.
    async fn map(&self, state: &Value, states: &Value) -> Result<Value, TaskError> {
        let known = ["Comment", "Type", "Items", "ItemSelector", "MaxConcurrency", "ItemProcessor", "Catch", "Next"];
        require_fields(state, &known);
        let processor = &state["ItemProcessor"];
        require_fields(processor, &["ProcessorConfig", "StartAt", "States"]);
        let items = self.fill_in(&state["Items"], states)?;
        let items = items.as_array().ok_or_else(|| TaskError::evaluation("the items are not an array".to_owned()))?;
        let concurrency = state["MaxConcurrency"].as_u64().unwrap().try_into().unwrap();
        // Without the input, of which each item would need a copy.
        let mut of_item = Map::from_iter([("input".to_owned(), states["input"].clone())]);
        let mut inputs = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let mut context = self.context.clone();
            context["Map"] = json!({"Item": {"Index": index, "Value": item}});
            of_item.insert("context".to_owned(), context.clone());
            let states = Value::Object(of_item);
            inputs.push((context, self.fill_in(&state["ItemSelector"], &states)?));
            let Value::Object(members) = states else { unreachable!("it was made of an object") };
            of_item = members;
        }
        let runs = inputs.into_iter().map(|(context, input)| {
            let scope = Scope { services: self.services, variables: self.variables.clone(), context };
            Box::pin(scope.run(processor, input))
        });
        let outputs: Vec<Value> = stream::iter(runs).buffered(concurrency).try_collect().await?;
        Ok(Value::Array(outputs))
    }
}

/// The fields that decide how a state ends: its own, or those of a choice or a catcher.
struct Step<'a> {
    fields: &'a Value,
    /// The output unless the fields have one.
    default: Value,
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Fails with these errors, then returns the arguments.
    struct Scripted {
        errors: RefCell<Vec<&'static str>>,
        taken: RefCell<Vec<String>>,
    }

    impl Services for Scripted {
        async fn call(&self, _: &str, arguments: Value) -> Result<Value, TaskError> {
            let error = self.errors.borrow_mut().pop();
            match error {
                Some("hang") => std::future::pending().await,
                Some(error) => Err(TaskError::of_function(error, "why")),
                None => Ok(arguments),
            }
        }

        fn millis(&self) -> u64 {
            1_795_331_100_000
        }

        fn random(&self) -> f64 {
            1.0
        }

        async fn enter(&self, _: &str) {}

        fn take(&self, state: &str, path: Path) {
            self.taken.borrow_mut().push(format!("{state} {path}"));
        }
    }

    fn machine() -> Value {
        json!({
            "QueryLanguage": "JSONata", "StartAt": "Map", "TimeoutSeconds": 100,
            "States": {
                "Map": {
                    "Type": "Map", "Items": "{% $states.input.items %}", "MaxConcurrency": 2,
                    "ItemSelector": {"n": "{% $states.context.Map.Item.Value + 1 %}"},
                    "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Call", "States": {
                        "Call": {
                            "Type": "Task", "Resource": "r", "Arguments": "{% $states.input %}", "TimeoutSeconds": 5,
                            "Assign": {"seen": "{% $states.input.n %}"},
                            "Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2,
                                       "JitterStrategy": "FULL"}],
                            "Catch": [{"ErrorEquals": ["B"], "Output": {"caught": "{% $states.errorOutput.Error %}"}, "Next": "Pass"}],
                            "End": true,
                        },
                        "Pass": {"Type": "Pass", "End": true},
                    }},
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"problem": "{% $states.errorOutput %}"}, "Next": "Fail"}],
                    "Next": "Wait",
                },
                "Wait": {"Type": "Wait", "Seconds": "{% 2 * 5 %}", "Next": "Choice"},
                "Choice": {
                    "Type": "Choice", "Default": "Fail", "Assign": {"problem": {"Error": "None", "Cause": ""}},
                    "Choices": [{"Condition": "{% $count($states.input) = 2 %}", "Assign": {"two": "{% $states.input %}"}, "Next": "Done"}],
                },
                "Done": {"Type": "Pass", "Output": {"two": "{% $two %}"}, "End": true},
                "Fail": {"Type": "Fail", "Error": "{% $problem.Error %}", "Cause": "{% $problem.Cause %}"},
            },
        })
    }

    async fn run_with(errors: &[&'static str], items: Value) -> (Result<Value, String>, u64) {
        let services = Scripted { errors: RefCell::new(errors.to_vec()), taken: RefCell::default() };
        let started = tokio::time::Instant::now();
        let result = run(&machine(), &services, json!({}), json!({"items": items})).await;
        (result.map_err(|error| error.error), started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn paths_are_reported() {
        let services = Scripted { errors: RefCell::new(vec!["B", "A"]), taken: RefCell::default() };
        run(&machine(), &services, json!({}), json!({"items": [1]})).await.unwrap_err();
        let taken = services.taken.into_inner().join(", ");
        let of_item = "Call entered, Call retry 1, Call catch 1, Pass entered";
        assert_eq!(
            taken,
            format!("Map entered, {of_item}, Wait entered, Choice entered, Choice default, Fail entered")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn states_run_as_defined() {
        assert_eq!(run_with(&[], json!([1, 2])).await, (Ok(json!({"two": [{"n": 2}, {"n": 3}]})), 10));
        // Two retries of A, after 3 and 6 seconds.
        assert_eq!(run_with(&["A"], json!([1, 2])).await.1, 13);
        assert_eq!(run_with(&["A", "A"], json!([1])).await, (Err("None".to_owned()), 19));
        assert_eq!(run_with(&["A", "A", "A"], json!([1])).await, (Err("A".to_owned()), 9));
        let (caught, _) = run_with(&["B"], json!([1, 2])).await;
        assert_eq!(caught, Ok(json!({"two": [{"caught": "B"}, {"n": 3}]})));
        assert_eq!(run_with(&["hang"], json!([1])).await, (Err("States.Timeout".to_owned()), 5));
        assert_eq!(run_with(&["C"], json!([1])).await.0, Err("C".to_owned()));
        // `$count` of a text is 1.
        assert_eq!(run_with(&[], json!("text")).await.0, Err(EVALUATION_FAILED.to_owned()));
    }
}
