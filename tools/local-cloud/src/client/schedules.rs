//! EventBridge Scheduler: schedules that start something once.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::error::CallError;

impl Cloud {
    /// Creates a schedule that starts a target at once, under a role, and is then removed.
    ///
    /// # Errors
    /// When the name is taken or the role does not exist.
    pub fn schedule_once(&self, name: &str, target_arn: &str, role_arn: &str, input: &Value) -> Result<(), CallError> {
        let request = json!({
            "ScheduleExpression": "at(2026-01-01T00:00:00)",
            "ActionAfterCompletion": "DELETE",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": target_arn, "RoleArn": role_arn, "Input": input.to_string()},
        });
        self.call("scheduler", "POST", &format!("/schedules/{name}"), &[], request.to_string().as_bytes()).map(drop)
    }
}
