//! Lambda: invoking a function directly, and what its alias points to.

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

/// A version that an alias points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Live {
    /// The version.
    pub version: String,
    /// The SHA-256 of its zip in base64.
    pub code_sha256: String,
}

impl Cloud {
    /// What a function's alias `live` points to.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn live(&self, function: &str) -> Result<Live, CallError> {
        let path = format!("/2015-03-31/functions/{function}");
        let alias = self.call("lambda", "GET", &format!("{path}/aliases/live"), &[], &[])?;
        let text = |json: &Value, name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = text(&parsed(function, &alias)?, "FunctionVersion");
        let there = self.call("lambda", "GET", &format!("{path}/configuration?Qualifier={version}"), &[], &[])?;
        Ok(Live { code_sha256: text(&parsed(function, &there)?, "CodeSha256"), version })
    }

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
