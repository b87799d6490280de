//! Logs: JSON on standard output, one line for each invocation, from which alarms are counted.
//!
//! The alarms' metric filter reads `outcome` at the top of a line; counts and ids stand beside it under fixed names.
//! Lines hold no secret and nothing of an order or a result, its `record_id` included. There are no levels to be set from outside on purpose: what a function has to
//! say fits one line, and a filter's parser would weigh more than it.

#[cfg(feature = "memory")]
pub mod memory;

use std::time::Duration;

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::error::{HandlerError, StartError};

#[cfg(feature = "memory")]
pub use memory::MemoryLog;

/// How an invocation ended, as alarms and dashboards count it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    #[default]
    Ok,
    /// The caller asked for what cannot be done, and was told so.
    Refused,
    /// The platform rejected the order: business.
    Rejected,
    /// Something is wrong on our side or outside. Alarms and rollbacks count these.
    Fault,
}

impl Outcome {
    /// The outcome in a log line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Fault => "fault",
        }
    }
}

impl From<&HandlerError> for Outcome {
    fn from(error: &HandlerError) -> Self {
        match error {
            HandlerError::OrderRejected(_) => Self::Rejected,
            HandlerError::Unavailable(_) | HandlerError::MalformedOrder { .. } | HandlerError::ContractBroken(_) => {
                Self::Fault
            }
        }
    }
}

/// What a handler notes for its invocation's line; what is not noted does not appear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// How it ended, if the handler answers; an error decides for itself.
    pub outcome: Outcome,
    /// The run's id, an execution ARN.
    pub run: Option<String>,
    /// The run's slot.
    pub slot: Option<String>,
    /// Which time the platform is asked.
    pub poll: Option<u32>,
    /// The order's place in the platform's answer.
    pub position: Option<u32>,
    /// The HTTP status that was answered.
    pub status: Option<u16>,
    /// A permanent code of why it was refused, or the kind of a message.
    pub code: Option<&'static str>,
    /// Why it was answered as a fault; an error has its own reason.
    pub why: Option<String>,
    /// Whether results are ready.
    pub ready: Option<bool>,
    /// Orders in the request or in the platform's answer.
    pub orders: Option<u64>,
    /// Orders written.
    pub stored: Option<u64>,
    /// Orders that were there already.
    pub unchanged: Option<u64>,
    /// Violations found.
    pub violations: Option<u64>,
    /// Orders that are there with other content.
    pub conflicts: Option<u64>,
    /// Transactions tried.
    pub attempts: Option<u64>,
    /// Orders accepted by the platform.
    pub accepted: Option<u64>,
    /// Orders rejected by the platform.
    pub rejected: Option<u64>,
    /// Orders that could not be decided or filed.
    pub failed: Option<u64>,
    /// Messages posted.
    pub posted: Option<u64>,
}

/// The function that writes lines, and where it runs.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The function's name.
    pub function: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The environment that it belongs to.
    pub environment: &'a str,
}

/// Begins to write log lines, and makes a panic one of them.
pub fn start() {
    // A second subscriber in one process would be a mistake of a test; the first one stays.
    let _already_set = subscriber(std::io::stdout).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        // The message is left out: it may quote what the function was working on.
        tracing::error!(outcome = Outcome::Fault.as_str(), error = "Panic", place, "panicked");
    }));
}

/// Writes events as lines of JSON: our own from INFO, everybody else's from WARN.
fn subscriber(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) -> impl Subscriber + Send + Sync {
    let shown = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("gridbid", LevelFilter::INFO)
        // The runtime repeats every error that a handler returns, in words of its own.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(writer);
    tracing_subscriber::registry().with(shown).with(lines)
}

/// Writes the line of an invocation.
pub fn invocation(
    origin: Origin<'_>,
    request_id: &str,
    notes: &Notes,
    error: Option<&HandlerError>,
    duration: Duration,
) {
    let outcome = error.map_or(notes.outcome, Outcome::from);
    tracing::info!(
        function = origin.function,
        version = origin.version,
        environment = origin.environment,
        request_id,
        run = notes.run,
        slot = notes.slot,
        poll = notes.poll,
        position = notes.position,
        outcome = outcome.as_str(),
        error = error.map(HandlerError::name),
        why = error.map_or(notes.why.as_deref(), HandlerError::log_reason),
        status = notes.status,
        code = error.and_then(HandlerError::code).or(notes.code),
        ready = notes.ready,
        orders = notes.orders,
        stored = notes.stored,
        unchanged = notes.unchanged,
        violations = notes.violations,
        conflicts = notes.conflicts,
        attempts = notes.attempts,
        accepted = notes.accepted,
        rejected = notes.rejected,
        failed = notes.failed,
        posted = notes.posted,
        duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        "invocation"
    );
}

/// Writes the line of a function that does not start.
pub fn not_started(function: &str, version: &str, error: &StartError) {
    tracing::error!(function, version, outcome = Outcome::Fault.as_str(), why = %error, "the function does not start");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_no_fault() {
        assert_eq!(Outcome::from(&HandlerError::OrderRejected(String::new())), Outcome::Rejected);
        assert_eq!(Outcome::from(&HandlerError::Unavailable(String::new())), Outcome::Fault);
        let malformed = HandlerError::MalformedOrder { code: "not_json", message: String::new() };
        assert_eq!(Outcome::from(&malformed), Outcome::Fault);
        assert_eq!(Outcome::from(&HandlerError::ContractBroken(String::new())), Outcome::Fault);
    }
}
