//! How a command ends when it cannot end well: one clear sentence, what to do, and what was done on the way.
//!
//! One type for all commands, because a failure has one reader: a person at a terminal or at a pipeline's log. What code
//! decides on has types of its own (`cloud::CallError`). Printed by `main`, which then exits with 1.

use std::fmt;

use crate::cloud::CallError;

/// A command's end that was not wished for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct Failure {
    sentence: String,
    todo: Option<String>,
}

impl Failure {
    /// A failure told by one sentence, without a final period.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), todo: None }
    }

    /// Adds what the reader can do about it.
    pub(crate) fn with_todo(self, todo: impl Into<String>) -> Self {
        Self { todo: Some(todo.into()), ..self }
    }

    /// Adds what it means for the deployment that it ended.
    pub(crate) fn with_consequence(self, consequence: &str) -> Self {
        Self { sentence: format!("{}: {consequence}", self.sentence), todo: self.todo }
    }

    /// All of it, as it is printed.
    pub(crate) fn report(&self) -> Report<'_> {
        Report(self)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::new(error.to_string())
    }
}

/// A failure with what to do.
#[derive(Debug)]
pub(crate) struct Report<'a>(&'a Failure);

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "error: {}", self.0.sentence)?;
        self.0.todo.as_ref().map_or(Ok(()), |todo| write!(out, "\n  what to do: {todo}"))
    }
}
