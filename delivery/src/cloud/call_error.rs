//! Errors of calls to AWS, as far as the commands branch on them.

use crate::failure::Failure;

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// The object or alias differs from what was read before.
    #[error("{0}: it was changed by another client in the meantime")]
    Changed(String),
    /// The object, version or alias does not exist.
    #[error("{0}: it does not exist")]
    Missing(String),
    /// Any other error, after the SDK's retries: the call and the chain of causes.
    #[error("{0}")]
    Failed(String),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::new(error.to_string())
    }
}
