//! Calls the local cloud's AWS APIs over plain HTTP.
//!
//! The local cloud checks no signature; a header whose credential scope names region and service tells it whom a call
//! is for. One file a service lies beside this one. Callers are the commands and the system tests.

mod dynamodb;
mod functions;
mod logs;
mod queues;
mod s3;
mod states;

pub use dynamodb::Item;
pub use functions::{Invoked, Live};
pub use logs::LogLine;
pub use queues::Message;
pub use s3::Object;
pub use states::{Event, Execution};

use std::fmt;

use serde_json::Value;

use super::REGION;
use super::record::Ports;
use crate::failure::Failure;
use crate::http::{self, Answer, Unanswered};

/// The most entries that one page of a list has.
const PAGE: usize = 1000;

/// A count that was made in constant time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub number: u64,
    /// Whether there are no more.
    pub is_whole: bool,
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole { write!(out, "{}", self.number) } else { write!(out, "{} or more", self.number) }
    }
}

/// The local cloud at one port.
#[derive(Clone, Copy, Debug)]
pub struct Cloud {
    port: u16,
}

/// A call to the local cloud that did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing answers.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// AWS's own error.
    #[error("{call} was refused with {status}: {told}")]
    Refused {
        /// What was called.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The answer's text, which holds the error's name.
        told: String,
    },
    /// An answer that has not the form it should have.
    #[error("{call} was answered with something else than expected: {told}")]
    Strange {
        /// What was called.
        call: String,
        /// The answer's text.
        told: String,
    },
}

impl CallError {
    /// Whether it is an error of this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        matches!(self, Self::Refused { told, .. } if told.contains(name))
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::new(error.to_string())
            .with_todo("`cargo xtask status` shows what runs; `cargo xtask up` starts what does not")
    }
}

impl Cloud {
    /// The cloud at these ports.
    #[must_use]
    pub fn new(ports: &Ports) -> Self {
        Self { port: ports.cloud }
    }

    /// The address of everything.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Calls the HTTP API as a client from outside does.
    ///
    /// # Errors
    /// When nothing answers; any status is an answer.
    pub fn http_api(
        &self,
        api_id: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, CallError> {
        let host = format!("{api_id}.execute-api.localhost:{}", self.port);
        let mut all = vec![("host", host.as_str())];
        all.extend(headers);
        Ok(http::call(method, &format!("{}{path}", self.endpoint()), &all, body)?)
    }

    /// Calls a service that speaks JSON and is told the operation by a header.
    fn json(&self, service: &str, target: &str, version: &str, body: &Value) -> Result<Value, CallError> {
        let content_type = format!("application/x-amz-json-{version}");
        let headers = [("x-amz-target", target), ("content-type", content_type.as_str())];
        let answer = self.call(service, "POST", "/", &headers, body.to_string().as_bytes())?;
        parsed(target, &answer)
    }

    /// Calls a service by method and path; any status but 2xx is an error.
    fn call(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, CallError> {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let mut all = vec![("authorization", scope.as_str())];
        all.extend(headers);
        let answer = http::call(method, &format!("{}{path}", self.endpoint()), &all, body)?;
        if answer.is_success() {
            return Ok(answer);
        }
        let call = format!("{service} {method} {path}");
        Err(CallError::Refused { call, status: answer.status, told: answer.text() })
    }
}

fn parsed(call: &str, answer: &Answer) -> Result<Value, CallError> {
    if answer.body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&answer.body).map_err(|_| strange(call, answer.text()))
}

fn strange(call: &str, told: impl Into<String>) -> CallError {
    CallError::Strange { call: call.to_owned(), told: told.into() }
}
