//! EventBridge Pipes: stops and starts pipes.

use serde_json::{Value, json};

use super::cloud::{Cloud, parse};
use super::error::CallError;

impl Cloud {
    /// Stops a pipe: records stay in its source.
    ///
    /// # Errors
    /// When there is no such pipe.
    pub fn stop_pipe(&self, name: &str) -> Result<(), CallError> {
        self.call("pipes", "POST", &format!("/v1/pipes/{name}/stop"), &[], &[]).map(drop)
    }

    /// Starts a pipe, which continues where it was stopped.
    ///
    /// # Errors
    /// When there is no such pipe.
    pub fn start_pipe(&self, name: &str) -> Result<(), CallError> {
        self.call("pipes", "POST", &format!("/v1/pipes/{name}/start"), &[], &[]).map(drop)
    }

    /// The state of a pipe, such as `RUNNING` or `STOPPED`.
    ///
    /// # Errors
    /// When there is no such pipe.
    pub fn pipe_state(&self, name: &str) -> Result<String, CallError> {
        let response = self.call("pipes", "GET", &format!("/v1/pipes/{name}"), &[], &[])?;
        let description = parse("DescribePipe", &response)?;
        let state = description.get("CurrentState").and_then(Value::as_str);
        state.map(str::to_owned).ok_or_else(|| CallError::unexpected("DescribePipe", json!(description).to_string()))
    }
}
