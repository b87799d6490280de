//! Logs: JSON on standard output, one line per invocation, from which alarms are counted.
//!
//! The alarms' metric filters read `outcome` at the top level of a line; counts and ids have fixed field names. A line
//! contains no secret and no content of an order or a result, `record_id` included. Levels are not configurable: what a
//! function reports fits one line, and a filter's parser would weigh more.

use std::time::Duration;

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::error::{HandlerError, StartError};

/// The result of an invocation, as alarms and dashboards count it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// The request succeeded.
    #[default]
    Ok,
    /// The client's request was refused.
    Refused,
    /// The platform rejected the order, which is not a fault.
    Rejected,
    /// A failure on our side or outside. Alarms and rollbacks count these.
    Fault,
}

impl Outcome {
    /// The value of the field `outcome`.
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

/// The fields that a handler adds to its invocation's log line; absent fields are not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvocationLog {
    /// The outcome, unless the handler returns an error.
    pub outcome: Outcome,
    /// The run's id, an execution ARN.
    pub run: Option<String>,
    /// The run's slot.
    pub slot: Option<String>,
    /// The slot's attempt, from 1.
    pub attempt: Option<u32>,
    /// The number of the poll, from 1.
    pub poll: Option<u32>,
    /// Slots that have been open for too long; an alarm reads it.
    pub open_slots: Option<u32>,
    /// The order's position in the platform's results.
    pub position: Option<u32>,
    /// The number of the batch, from 0.
    pub batch: Option<u32>,
    /// Batches of the frozen answer.
    pub batches: Option<usize>,
    /// The HTTP status of the response.
    pub status: Option<u16>,
    /// The permanent code of a refusal, or the kind of a message.
    pub code: Option<&'static str>,
    /// The caller of the API: an IAM principal's ARN or a token's subject.
    pub submitted_by: Option<String>,
    /// The name of the error of a handler that returns a partial success.
    pub error: Option<&'static str>,
    /// Why the outcome is a fault, or why orders wait; an error has its own reason.
    pub why: Option<String>,
    /// Whether results are ready.
    pub ready: Option<bool>,
    /// Orders in the request or in the platform's results.
    pub orders: Option<usize>,
    /// Orders written.
    pub stored: Option<u32>,
    /// Orders that existed already with identical content.
    pub unchanged: Option<u32>,
    /// Violations found.
    pub violations: Option<u32>,
    /// Orders that exist with other content.
    pub conflicts: Option<usize>,
    /// Transactions sent.
    pub attempts: Option<u32>,
    /// Orders accepted by the platform.
    pub accepted: Option<usize>,
    /// Orders rejected by the platform.
    pub rejected: Option<usize>,
    /// Orders that could not be decided or stored.
    pub failed: Option<usize>,
    /// Orders that the platform received.
    pub submitted: Option<u32>,
    /// Orders that the platform refused.
    pub refused: Option<u32>,
    /// Orders that expired before the platform received them.
    pub expired: Option<u32>,
    /// Messages returned to the queue.
    pub deferred: Option<u32>,
    /// Messages sent to the dead-letter queue.
    pub dead_letters: Option<u32>,
    /// Messages published to the topic or posted to the chat.
    pub published: Option<u32>,
}

/// The function that a log line belongs to.
#[derive(Clone, Copy, Debug)]
pub struct FunctionIdentity<'a> {
    /// The function's name.
    pub function: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The environment that it is deployed to.
    pub environment: &'a str,
}

/// Starts logging, and logs panics as faults.
pub fn init() {
    let installed = subscriber(std::io::stdout).try_init();
    debug_assert!(installed.is_ok(), "logging is started once per process");
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        // The message is left out: it may quote an order.
        tracing::error!(outcome = Outcome::Fault.as_str(), error = "Panic", place, "panicked");
    }));
}

/// Writes events as lines of JSON: Gridbid's from INFO, those of dependencies from WARN.
pub(crate) fn subscriber(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) -> impl Subscriber + Send + Sync {
    let shown = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("gridbid", LevelFilter::INFO)
        // The runtime logs every error of a handler a second time.
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

/// Writes the log line of an invocation.
pub fn log_invocation(
    identity: FunctionIdentity<'_>,
    request_id: &str,
    log: &InvocationLog,
    error: Option<&HandlerError>,
    duration: Duration,
) {
    let outcome = error.map_or(log.outcome, Outcome::from);
    tracing::info!(
        function = identity.function,
        version = identity.version,
        environment = identity.environment,
        request_id,
        run = log.run,
        slot = log.slot,
        attempt = log.attempt,
        poll = log.poll,
        open_slots = log.open_slots,
        position = log.position,
        batch = log.batch,
        batches = log.batches,
        outcome = outcome.as_str(),
        submitted_by = log.submitted_by,
        error = error.map(HandlerError::name).or(log.error),
        why = error.map_or(log.why.as_deref(), HandlerError::log_reason),
        status = log.status,
        code = error.and_then(HandlerError::code).or(log.code),
        ready = log.ready,
        orders = log.orders,
        stored = log.stored,
        unchanged = log.unchanged,
        violations = log.violations,
        conflicts = log.conflicts,
        attempts = log.attempts,
        accepted = log.accepted,
        rejected = log.rejected,
        failed = log.failed,
        submitted = log.submitted,
        refused = log.refused,
        expired = log.expired,
        deferred = log.deferred,
        dead_letters = log.dead_letters,
        published = log.published,
        // Lossless: 2^64 ms are 585 million years.
        duration_ms = duration.as_millis() as u64,
        "invocation"
    );
}

/// Writes the log line of a failed start.
pub fn log_failed_start(function: &str, version: &str, error: &StartError) {
    tracing::error!(function, version, outcome = Outcome::Fault.as_str(), why = %error, "the function does not start");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejection_is_not_a_fault() {
        assert_eq!(Outcome::from(&HandlerError::OrderRejected(String::new())), Outcome::Rejected);
        assert_eq!(Outcome::from(&HandlerError::Unavailable(String::new())), Outcome::Fault);
        let malformed = HandlerError::MalformedOrder { code: "not_json", message: String::new() };
        assert_eq!(Outcome::from(&malformed), Outcome::Fault);
        assert_eq!(Outcome::from(&HandlerError::ContractBroken(String::new())), Outcome::Fault);
    }
}
