//! The errors of adapters, handlers and a function's start.
//!
//! A handler's errors have the three names that the state machine catches; an adapter causes two of them. Messages are
//! short, because they travel in the state of a run; they name services and codes, never bodies or secrets. The messages of
//! `OrderRejected` and `MalformedOrder` may quote the order and are not logged.

use lambda_runtime::Diagnostic;

use crate::environment::EnvironmentError;

/// The maximum length of an error's message: a run's state keeps less than 200 bytes per order.
pub const MESSAGE_BYTES: usize = 90;

/// Why an outside call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    /// Throttled, unreachable or no response in time: a retry may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// Refused, or a response that breaks the contract: a retry cannot succeed.
    #[error("{0}")]
    Broken(String),
}

/// Why an invocation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The platform rejected the order, which is not a fault: it is reported and the run continues. The message names the
    /// order.
    #[error("{0}")]
    OrderRejected(String),
    /// The platform sent an order that breaks its contract. Never retried.
    #[error("{message}")]
    MalformedOrder {
        /// One of core's permanent codes.
        code: &'static str,
        /// The message, which may quote the order.
        message: String,
    },
    /// An outside system is unreachable or throttles. Retried with backoff.
    #[error("{0}")]
    Unavailable(String),
    /// An event, a response or a configuration breaks its contract. Never retried. The message quotes no order.
    #[error("{0}")]
    ContractBroken(String),
}

/// Why a function did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Variables are missing or invalid.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// An outside call that the start depends on failed.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
}

impl HandlerError {
    /// The name by which the state machine catches this error.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::OrderRejected(_) => "OrderRejected",
            Self::Unavailable(_) => "Unavailable",
            Self::MalformedOrder { .. } | Self::ContractBroken(_) => "ContractBroken",
        }
    }

    /// The permanent code of a malformed order; `None` for other errors.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::MalformedOrder { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The message, unless it may quote an order; `None` is not logged.
    #[must_use]
    pub fn log_reason(&self) -> Option<&str> {
        match self {
            Self::OrderRejected(_) | Self::MalformedOrder { .. } => None,
            Self::Unavailable(reason) | Self::ContractBroken(reason) => Some(reason),
        }
    }

    /// Creates a `ContractBroken` from a message that quotes no order.
    pub fn contract_broken(reason: impl std::fmt::Display) -> Self {
        Self::ContractBroken(reason.to_string())
    }
}

impl From<AdapterError> for HandlerError {
    fn from(error: AdapterError) -> Self {
        match error {
            AdapterError::Unavailable(reason) => Self::Unavailable(reason),
            AdapterError::Broken(reason) => Self::ContractBroken(reason),
        }
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: truncate(&error.to_string()) }
    }
}

/// Truncates a text to [`MESSAGE_BYTES`] at a character boundary.
pub(crate) fn truncate(text: &str) -> String {
    const MARK: &str = "...";
    if text.len() <= MESSAGE_BYTES {
        return text.to_owned();
    }
    let (kept, _) = text.split_at(text.floor_char_boundary(MESSAGE_BYTES - MARK.len()));
    format!("{kept}{MARK}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_lambda_error_types() {
        for (error, name) in [
            (HandlerError::OrderRejected("why".into()), "OrderRejected"),
            (HandlerError::Unavailable("why".into()), "Unavailable"),
            (HandlerError::MalformedOrder { code: "too_precise", message: "why".into() }, "ContractBroken"),
            (HandlerError::ContractBroken("why".into()), "ContractBroken"),
        ] {
            let diagnostic = Diagnostic::from(error);
            assert_eq!((diagnostic.error_type.as_str(), diagnostic.error_message.as_str()), (name, "why"));
        }
    }

    #[test]
    fn adapter_errors_keep_their_kind() {
        assert_eq!(HandlerError::from(AdapterError::Unavailable("x".into())), HandlerError::Unavailable("x".into()));
        assert_eq!(HandlerError::from(AdapterError::Broken("x".into())), HandlerError::ContractBroken("x".into()));
    }

    #[test]
    fn messages_are_truncated_to_90_bytes() {
        assert_eq!(truncate(&"x".repeat(90)), "x".repeat(90));
        assert_eq!(truncate(&"x".repeat(91)), format!("{}...", "x".repeat(87)));
        // The two-byte character would be cut in half.
        assert_eq!(truncate(&format!("{}é{}", "x".repeat(86), "y".repeat(20))), format!("{}...", "x".repeat(86)));
    }
}
