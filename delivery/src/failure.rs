//! The failure of a command, as shown to the user: a message, the chain of causes and a hint.
//!
//! All commands share one type because a failure has one reader, a person at a terminal or a pipeline's log. An error that
//! code branches on has its own type, such as `CallError`.

use std::error::Error;
use std::fmt;

use anstyle::{AnsiColor, Style};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// A command failure shown to the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    is_reported: bool,
}

impl Failure {
    /// A failure with a message: lower case, without a final period.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, is_reported: false }
    }

    /// A failure caused by an error: the message, the error and all its sources.
    pub(crate) fn from_error(message: impl fmt::Display, error: &(dyn Error + 'static)) -> Self {
        Self::new(format!("{message}: {}", error_chain(error)))
    }

    /// Adds what the user can do about it.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Adds the state that the failure left behind.
    pub(crate) fn with_consequence(self, consequence: &str) -> Self {
        Self { message: format!("{}: {consequence}", self.message), ..self }
    }

    /// Notes that Slack was notified of the failure.
    pub(crate) fn reported(self) -> Self {
        Self { is_reported: true, ..self }
    }

    /// Whether Slack was notified of the failure.
    pub(crate) fn is_reported(&self) -> bool {
        self.is_reported
    }

    /// The failure as printed, with ANSI styles: for a stream that strips them where they are not wanted.
    pub(crate) fn report(&self) -> String {
        let mut report = format!("{ERROR}error:{ERROR:#} {}", self.message);
        if let Some(hint) = &self.hint {
            report.push_str(&format!("\n  {HINT}hint:{HINT:#} {hint}"));
        }
        report
    }
}

/// An error and all its sources on one line, outermost first. A source that its parent's text already ends with is not
/// repeated.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut chain = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !chain.ends_with(&text) {
            chain = format!("{chain}: {text}");
        }
        next = source.source();
    }
    chain
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        #[source]
        source: io::Error,
    }

    #[test]
    fn error_chain_names_every_source_once() {
        let refused = || io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
        let outer = io::Error::other(Link { text: "dispatch failure", source: refused() });
        assert_eq!(error_chain(&outer), "dispatch failure: connection refused");
        let repeated = Link { text: "cannot connect: connection refused", source: refused() };
        assert_eq!(Failure::from_error("S3", &repeated).to_string(), "S3: cannot connect: connection refused");
    }
}
