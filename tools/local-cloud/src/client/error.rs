//! Failed calls of the local cloud.

use gridbid_devkit::failure::Failure;
use gridbid_devkit::http::NoResponse;

/// A failed call of the local cloud.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There was no response.
    #[error(transparent)]
    NoResponse(#[from] NoResponse),
    /// An error of the service.
    #[error("{call} was refused with {status}: {text}")]
    Refused {
        /// The call.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The body of the response, which contains the name of the error.
        text: String,
    },
    /// A response of an unexpected form.
    #[error("{call} has an unexpected response: {text}")]
    Unexpected {
        /// The call.
        call: String,
        /// The body of the response.
        text: String,
    },
}

impl CallError {
    pub(super) fn unexpected(call: &str, text: impl Into<String>) -> Self {
        Self::Unexpected { call: call.to_owned(), text: text.into() }
    }

    /// Whether it is an error of the service with this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        matches!(self, Self::Refused { text, .. } if text.contains(name))
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::new(error.to_string())
            .with_hint("`cargo xtask status` shows what is running; `cargo xtask up` starts what is not")
    }
}
