//! Step Functions: starting an execution and following it, and copying a state machine.

use serde_json::{Value, json};

use super::{CallError, Cloud, Count, PAGE, strange};

/// How an execution stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// Its input.
    pub input: Value,
    /// Its output, null before and without an end that is good.
    pub output: Value,
    /// The name of the error that it ended with.
    pub error: Option<String>,
    /// What the error says.
    pub cause: Option<String>,
}

/// A state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct StateMachine {
    /// Its name.
    pub name: String,
    /// Its definition in Amazon States Language.
    pub definition: Value,
    /// The role that it works with.
    pub role_arn: String,
}

/// One event of an execution's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number, from 1.
    pub id: u64,
    /// Its type, such as `TaskStateExited`.
    pub kind: String,
    /// The event as AWS has it.
    pub whole: Value,
}

impl Execution {
    /// Whether it runs no longer.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.status != "RUNNING"
    }
}

impl Event {
    /// The name of the state that was entered or left.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.details()?.get("name")?.as_str()
    }

    /// The output of the state that was left.
    #[must_use]
    pub fn output(&self) -> Option<Value> {
        serde_json::from_str(self.details()?.get("output")?.as_str()?).ok()
    }

    fn details(&self) -> Option<&Value> {
        self.whole.as_object()?.iter().find(|(name, _)| name.ends_with("EventDetails")).map(|(_, value)| value)
    }
}

impl Cloud {
    /// A state machine by its ARN.
    ///
    /// # Errors
    /// When there is none.
    pub fn state_machine(&self, arn: &str) -> Result<StateMachine, CallError> {
        let answer = self.states("DescribeStateMachine", &json!({"stateMachineArn": arn}))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let definition = serde_json::from_str(text("definition"))
            .map_err(|_| strange("DescribeStateMachine", answer.to_string()))?;
        Ok(StateMachine { name: text("name").to_owned(), definition, role_arn: text("roleArn").to_owned() })
    }

    /// Makes a state machine and hands back its ARN.
    ///
    /// # Errors
    /// When the name is taken or the definition is refused.
    pub fn create_state_machine(&self, name: &str, definition: &Value, role_arn: &str) -> Result<String, CallError> {
        let ask = json!({"name": name, "definition": definition.to_string(), "roleArn": role_arn, "type": "STANDARD"});
        let answer = self.states("CreateStateMachine", &ask)?;
        let arn = answer.get("stateMachineArn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| strange("CreateStateMachine", answer.to_string()))
    }

    /// The ARNs of all state machines.
    ///
    /// # Errors
    /// When the service does not answer.
    pub fn state_machines(&self) -> Result<Vec<String>, CallError> {
        let answer = self.states("ListStateMachines", &json!({"maxResults": 1000}))?;
        let found = answer.get("stateMachines").and_then(Value::as_array).into_iter().flatten();
        Ok(found.filter_map(|one| one.get("stateMachineArn")?.as_str().map(str::to_owned)).collect())
    }

    /// Starts an execution and hands back its ARN.
    ///
    /// # Errors
    /// When the state machine is not there or refuses the input.
    pub fn start_execution(&self, state_machine_arn: &str, input: &Value) -> Result<String, CallError> {
        let ask = json!({"stateMachineArn": state_machine_arn, "input": input.to_string()});
        let answer = self.states("StartExecution", &ask)?;
        let arn = answer.get("executionArn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| strange("StartExecution", answer.to_string()))
    }

    /// How an execution stands.
    ///
    /// # Errors
    /// When there is no such execution.
    pub fn execution(&self, arn: &str) -> Result<Execution, CallError> {
        let answer = self.states("DescribeExecution", &json!({"executionArn": arn}))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let document = |name: &str| text(name).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(Execution {
            status: text("status").ok_or_else(|| strange("DescribeExecution", answer.to_string()))?,
            input: document("input"),
            output: document("output"),
            error: text("error"),
            cause: text("cause"),
        })
    }

    /// An execution's history so far.
    ///
    /// # Errors
    /// When there is no such execution.
    pub fn history(&self, arn: &str) -> Result<Vec<Event>, CallError> {
        let mut events = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut ask = json!({"executionArn": arn, "maxResults": 1000, "includeExecutionData": true});
            if !token.is_null()
                && let Some(ask) = ask.as_object_mut()
            {
                ask.insert("nextToken".to_owned(), token);
            }
            let mut page = self.states("GetExecutionHistory", &ask)?;
            let Some(found) = page.get_mut("events").and_then(Value::as_array_mut) else {
                return Err(strange("GetExecutionHistory", page.to_string()));
            };
            events.extend(found.drain(..).filter_map(|whole| {
                let id = whole.get("id")?.as_u64()?;
                let kind = whole.get("type")?.as_str()?.to_owned();
                Some(Event { id, kind, whole })
            }));
            token = page.get_mut("nextToken").map(Value::take).unwrap_or_default();
            if token.is_null() {
                return Ok(events);
            }
        }
    }

    /// Stops an execution, as an operator or a crash would.
    ///
    /// # Errors
    /// When there is no such execution.
    pub fn stop_execution(&self, arn: &str) -> Result<(), CallError> {
        self.states("StopExecution", &json!({"executionArn": arn, "error": "Stopped"})).map(drop)
    }

    /// The newest thousand executions of a state machine with this status, by their ARNs.
    ///
    /// # Errors
    /// When there is no such state machine.
    pub fn executions(&self, state_machine_arn: &str, status: &str) -> Result<Vec<String>, CallError> {
        let answer = self.states(
            "ListExecutions",
            &json!({"stateMachineArn": state_machine_arn, "statusFilter": status, "maxResults": PAGE}),
        )?;
        let found = answer.get("executions").and_then(Value::as_array).into_iter().flatten();
        Ok(found.filter_map(|one| one.get("executionArn")?.as_str().map(str::to_owned)).collect())
    }

    /// How many executions of a state machine there are with this status, as far as one page of the list says.
    ///
    /// # Errors
    /// When there is no such state machine.
    pub fn execution_count(&self, state_machine_arn: &str, status: &str) -> Result<Count, CallError> {
        let found = self.executions(state_machine_arn, status)?.len();
        Ok(Count { number: found as u64, is_whole: found < PAGE })
    }

    fn states(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.json("states", &format!("AWSStepFunctions.{operation}"), "1.0", body)
    }
}
