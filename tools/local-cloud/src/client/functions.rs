//! Lambda: invocations, and the target of an alias.

use serde_json::Value;

use super::cloud::{Cloud, parse};
use super::error::CallError;

/// The result of an invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invoked {
    /// Whether the function failed.
    pub failed: bool,
    /// Its response, or the type and message of its error.
    pub response: Value,
}

/// The version that an alias points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Live {
    /// The version.
    pub version: String,
    /// The SHA-256 of its zip, in base64.
    pub code_sha256: String,
}

impl Cloud {
    /// The target of a function's alias `live`.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn live(&self, function: &str) -> Result<Live, CallError> {
        let path = format!("/2015-03-31/functions/{function}");
        let alias = self.call("lambda", "GET", &format!("{path}/aliases/live"), &[], &[])?;
        let text = |json: &Value, name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = text(&parse(function, &alias)?, "FunctionVersion");
        let configuration =
            self.call("lambda", "GET", &format!("{path}/configuration?Qualifier={version}"), &[], &[])?;
        Ok(Live { code_sha256: text(&parse(function, &configuration)?, "CodeSha256"), version })
    }

    /// Invokes a function's alias `live` and waits for its response.
    ///
    /// # Errors
    /// When there is no such function.
    pub fn invoke(&self, function: &str, event: &Value) -> Result<Invoked, CallError> {
        let path = format!("/2015-03-31/functions/{function}/invocations?Qualifier=live");
        let response = self.call("lambda", "POST", &path, &[], event.to_string().as_bytes())?;
        let failed = response.header("x-amz-function-error").is_some();
        Ok(Invoked { failed, response: parse(function, &response)? })
    }
}
