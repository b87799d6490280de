//! The errors that leave an adapter, a handler and a function's start.
//!
//! A handler's errors are the three names that the state machine knows, and no others; an adapter's are the two of them
//! that something outside can cause. Messages are short, because they travel in the state of a run; they name services
//! and codes, never bodies or secrets. The two that are about one order may quote it, and stay out of the log.

use lambda_runtime::Diagnostic;

use crate::environment::EnvironmentError;

/// The most bytes of an error's message: what a run's state keeps of each order stays below 200 bytes.
pub const MESSAGE_BYTES: usize = 90;

/// Why something outside did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    /// It throttles, is away or did not answer in time: trying again later may help.
    #[error("{0}")]
    Unavailable(String),
    /// It refuses, or answers what it never should: trying again cannot help.
    #[error("{0}")]
    Broken(String),
}

/// Why an invocation failed, by the names that the state machine and the alarms know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// The platform rejected the order: business, not a fault. Told, and the run goes on. The sentence names the order.
    #[error("{0}")]
    OrderRejected(String),
    /// The platform sent an order that cannot be used, which breaks its contract. Never retried.
    #[error("{message}")]
    MalformedOrder {
        /// A permanent code of core's.
        code: &'static str,
        /// A sentence that may quote the order.
        message: String,
    },
    /// Something outside is away or throttles. Retried with backoff.
    #[error("{0}")]
    Unavailable(String),
    /// Somebody does not keep to what was agreed. Never retried. The sentence quotes no order.
    #[error("{0}")]
    ContractBroken(String),
}

/// Why a function did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The environment lacks names, or has values that cannot be.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Something that is needed before the first event could not be had.
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

    /// The permanent code of an order that cannot be used.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::MalformedOrder { code, .. } => Some(code),
            _ => None,
        }
    }

    /// The sentence, unless it may quote an order: the log holds no content.
    #[must_use]
    pub fn log_reason(&self) -> Option<&str> {
        match self {
            Self::OrderRejected(_) | Self::MalformedOrder { .. } => None,
            Self::Unavailable(reason) | Self::ContractBroken(reason) => Some(reason),
        }
    }

    /// An event or a configuration that is not what was agreed, in a sentence that quotes no order.
    pub fn contract_broken(why: impl std::fmt::Display) -> Self {
        Self::ContractBroken(why.to_string())
    }
}

impl From<AdapterError> for HandlerError {
    fn from(error: AdapterError) -> Self {
        match error {
            AdapterError::Unavailable(why) => Self::Unavailable(why),
            AdapterError::Broken(why) => Self::ContractBroken(why),
        }
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self { error_type: error.name().to_owned(), error_message: shortened(&error.to_string()) }
    }
}

/// The text, cut to [`MESSAGE_BYTES`] at a character's boundary.
pub(crate) fn shortened(text: &str) -> String {
    const MARK: &str = "...";
    if text.len() <= MESSAGE_BYTES {
        return text.to_owned();
    }
    let end = (0..=MESSAGE_BYTES - MARK.len()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{MARK}", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_reach_lambda_by_their_names() {
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
    fn what_an_adapter_says_keeps_its_meaning() {
        assert_eq!(HandlerError::from(AdapterError::Unavailable("x".into())), HandlerError::Unavailable("x".into()));
        assert_eq!(HandlerError::from(AdapterError::Broken("x".into())), HandlerError::ContractBroken("x".into()));
    }

    #[test]
    fn a_message_is_at_most_90_bytes() {
        assert_eq!(shortened(&"x".repeat(90)), "x".repeat(90));
        assert_eq!(shortened(&"x".repeat(91)), format!("{}...", "x".repeat(87)));
        // 86 bytes fit before the mark: a character of two bytes is not cut in half.
        assert_eq!(shortened(&format!("{}é{}", "x".repeat(86), "y".repeat(20))), format!("{}...", "x".repeat(86)));
    }
}
