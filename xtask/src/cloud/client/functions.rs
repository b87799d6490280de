//! Lambda: invoking a function directly.

use serde_json::Value;

use super::{CallError, Cloud, parsed};

/// What a function answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoked {
    /// Whether the function failed.
    pub failed: bool,
    /// Its answer, or its error's type and message.
    pub answer: Value,
}

impl Cloud {
    /// Invokes a function's alias `live` and waits for its answer.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn invoke(&self, function: &str, event: &Value) -> Result<Invoked, CallError> {
        let path = format!("/2015-03-31/functions/{function}/invocations?Qualifier=live");
        let answer = self.call("lambda", "POST", &path, &[], event.to_string().as_bytes())?;
        let failed = answer.header("x-amz-function-error").is_some();
        Ok(Invoked { failed, answer: parsed(function, &answer)? })
    }
}
