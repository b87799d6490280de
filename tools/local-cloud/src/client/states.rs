//! Step Functions: executions with their histories, and state machines.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::error::CallError;
use super::page::{Count, PAGE, read_pages};

/// An execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// Its input.
    pub input: Value,
    /// Its output; null unless it has succeeded.
    pub output: Value,
    /// The name of its error.
    pub error: Option<String>,
    /// The cause of its error.
    pub cause: Option<String>,
}

/// A state machine.
#[derive(Clone, Debug, PartialEq)]
pub struct StateMachine {
    /// Its name.
    pub name: String,
    /// Its definition in Amazon States Language.
    pub definition: Value,
    /// Its role.
    pub role_arn: String,
}

/// One event of an execution's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number, starting with 1.
    pub id: u64,
    /// Its type, such as `TaskStateExited`.
    pub kind: String,
    /// The event in the format of AWS.
    pub whole: Value,
}

impl Execution {
    /// Whether it has ended.
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
    /// When it does not exist.
    pub fn state_machine(&self, arn: &str) -> Result<StateMachine, CallError> {
        let response = self.states("DescribeStateMachine", &json!({"stateMachineArn": arn}))?;
        let text = |name: &str| response.get(name).and_then(Value::as_str).unwrap_or_default();
        let definition = serde_json::from_str(text("definition"))
            .map_err(|_| CallError::unexpected("DescribeStateMachine", response.to_string()))?;
        Ok(StateMachine { name: text("name").to_owned(), definition, role_arn: text("roleArn").to_owned() })
    }

    /// Creates a state machine and returns its ARN.
    ///
    /// # Errors
    /// When the name is taken or the definition is refused.
    pub fn create_state_machine(&self, name: &str, definition: &Value, role_arn: &str) -> Result<String, CallError> {
        let request =
            json!({"name": name, "definition": definition.to_string(), "roleArn": role_arn, "type": "STANDARD"});
        let response = self.states("CreateStateMachine", &request)?;
        let arn = response.get("stateMachineArn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| CallError::unexpected("CreateStateMachine", response.to_string()))
    }

    /// The ARNs of all state machines.
    ///
    /// # Errors
    /// When the call fails.
    pub fn state_machines(&self) -> Result<Vec<String>, CallError> {
        let response = self.states("ListStateMachines", &json!({"maxResults": 1000}))?;
        let found = response.get("stateMachines").and_then(Value::as_array).into_iter().flatten();
        Ok(found.filter_map(|one| one.get("stateMachineArn")?.as_str().map(str::to_owned)).collect())
    }

    /// Starts an execution and returns its ARN.
    ///
    /// # Errors
    /// When the state machine does not exist or refuses the input.
    pub fn start_execution(&self, state_machine_arn: &str, input: &Value) -> Result<String, CallError> {
        let request = json!({"stateMachineArn": state_machine_arn, "input": input.to_string()});
        let response = self.states("StartExecution", &request)?;
        let arn = response.get("executionArn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| CallError::unexpected("StartExecution", response.to_string()))
    }

    /// Describes an execution.
    ///
    /// # Errors
    /// When there is no such execution.
    pub fn execution(&self, arn: &str) -> Result<Execution, CallError> {
        let response = self.states("DescribeExecution", &json!({"executionArn": arn}))?;
        let text = |name: &str| response.get(name).and_then(Value::as_str).map(str::to_owned);
        let document = |name: &str| text(name).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Ok(Execution {
            status: text("status").ok_or_else(|| CallError::unexpected("DescribeExecution", response.to_string()))?,
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
        let request = json!({"executionArn": arn, "maxResults": 1000, "includeExecutionData": true});
        let events = read_pages(request, ["events", "nextToken", "nextToken"], |request| {
            self.states("GetExecutionHistory", request)
        })?;
        let event = |whole: Value| {
            let id = whole.get("id")?.as_u64()?;
            let kind = whole.get("type")?.as_str()?.to_owned();
            Some(Event { id, kind, whole })
        };
        Ok(events.into_iter().filter_map(event).collect())
    }

    /// Stops an execution, as an operator does.
    ///
    /// # Errors
    /// When there is no such execution.
    pub fn stop_execution(&self, arn: &str) -> Result<(), CallError> {
        self.states("StopExecution", &json!({"executionArn": arn, "error": "Stopped"})).map(drop)
    }

    /// The ARNs of the newest thousand executions of a state machine with this status.
    ///
    /// # Errors
    /// When there is no such state machine.
    pub fn executions(&self, state_machine_arn: &str, status: &str) -> Result<Vec<String>, CallError> {
        let response = self.states(
            "ListExecutions",
            &json!({"stateMachineArn": state_machine_arn, "statusFilter": status, "maxResults": PAGE}),
        )?;
        let found = response.get("executions").and_then(Value::as_array).into_iter().flatten();
        Ok(found.filter_map(|one| one.get("executionArn")?.as_str().map(str::to_owned)).collect())
    }

    /// The number of executions of a state machine with this status.
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
