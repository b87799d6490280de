//! What the adapters on the AWS SDK share: client, time limits, repetitions, and what an SDK error means.
//!
//! Every call gets what is left of its invocation's time, and the SDK repeats it within that time; nothing is repeated
//! after it. Made for one event at a time: no adaptive rate limits.

mod connector;

use std::time::Duration;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};

pub(crate) use connector::http_client;

use crate::{deadline::Deadline, error::AdapterError};

/// The longest that one attempt may take: a lost packet should not use up a whole invocation.
const ATTEMPT: Duration = Duration::from_secs(4);
/// Calls that are made for one request, the first included.
const ATTEMPTS: u32 = 4;

/// How often, and after what waits, the SDK repeats a call that failed in passing.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1))
}

/// The time limits of a call.
///
/// # Errors
/// `Unavailable` if no time is left to make one.
pub(crate) fn timeouts(deadline: &Deadline) -> Result<TimeoutConfig, AdapterError> {
    let remaining = deadline.remaining();
    if remaining.is_zero() {
        return Err(AdapterError::Unavailable("no time is left".to_owned()));
    }
    Ok(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT.min(remaining)).operation_timeout(remaining).build())
}

/// What the failure of a call means, after the SDK's repetitions.
pub(crate) fn failure<E: ProvideErrorMetadata>(call: &str, error: &SdkError<E, HttpResponse>) -> AdapterError {
    match error {
        SdkError::TimeoutError(_) => AdapterError::Unavailable(format!("{call}: no answer in time")),
        SdkError::DispatchFailure(failure) if !failure.is_user() => {
            let what = if failure.is_timeout() { "no answer in time" } else { "no connection" };
            AdapterError::Unavailable(format!("{call}: {what}"))
        }
        SdkError::ResponseError(_) => AdapterError::Unavailable(format!("{call}: an answer that cannot be read")),
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or("no code");
            let why = format!("{call}: {code} ({status})");
            if is_transient(status, code) { AdapterError::Unavailable(why) } else { AdapterError::Broken(why) }
        }
        _ => AdapterError::Broken(format!("{call}: the request cannot be made")),
    }
}

/// Whether a service's refusal passes by itself: outages and every kind of throttling, which services tell by code as
/// often as by status.
fn is_transient(status: u16, code: &str) -> bool {
    const CODES: [&str; 12] = [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "LimitExceededException",
        "TransactionInProgressException",
        "SlowDown",
        "RequestTimeout",
        "RequestTimeoutException",
        "ConditionalRequestConflict",
    ];
    status >= 500 || status == 429 || CODES.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttles_and_outages_pass_by_themselves() {
        for (status, code) in [
            (500, "InternalServerError"),
            (503, "SlowDown"),
            (400, "ThrottlingException"),
            (400, "ProvisionedThroughputExceededException"),
            (409, "ConditionalRequestConflict"),
            (429, "anything"),
        ] {
            assert!(is_transient(status, code), "{status} {code}");
        }
        for (status, code) in [
            (400, "ValidationException"),
            (400, "ResourceNotFoundException"),
            (403, "AccessDenied"),
            (400, "AccessDeniedException"),
            (404, "NoSuchBucket"),
            (409, "OperationAborted"),
        ] {
            assert!(!is_transient(status, code), "{status} {code}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_get_what_is_left_of_the_time() {
        let limits = timeouts(&Deadline::after(Duration::from_secs(10))).unwrap();
        assert_eq!(limits.operation_timeout(), Some(Duration::from_secs(10)));
        assert_eq!(limits.operation_attempt_timeout(), Some(ATTEMPT));
        let limits = timeouts(&Deadline::after(Duration::from_secs(1))).unwrap();
        assert_eq!(limits.operation_attempt_timeout(), Some(Duration::from_secs(1)));
        assert!(matches!(timeouts(&Deadline::after(Duration::ZERO)), Err(AdapterError::Unavailable(_))));
    }
}
