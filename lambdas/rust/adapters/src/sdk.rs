//! Shared parts of the AWS SDK adapters: HTTP client, timeouts, retries and the classification of errors.
//!
//! A call and its retries are bounded by the invocation's deadline. A function handles one event at a time, so there is no
//! adaptive rate limit.

mod connector;

use std::time::Duration;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::{error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig};

pub(crate) use connector::http_client;

use crate::{deadline::Deadline, error::AdapterError};

/// The timeout of one attempt: a lost packet must not use up an invocation.
const ATTEMPT: Duration = Duration::from_secs(4);
/// Attempts per call, the first included.
const ATTEMPTS: u32 = 4;

/// The SDK's retry policy for transient errors.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1))
}

/// The timeouts of a call.
///
/// # Errors
/// `Unavailable` after the deadline.
pub(crate) fn timeouts(deadline: &Deadline) -> Result<TimeoutConfig, AdapterError> {
    let remaining = deadline.remaining();
    if remaining.is_zero() {
        return Err(AdapterError::Unavailable("no time is left".to_owned()));
    }
    Ok(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT.min(remaining)).operation_timeout(remaining).build())
}

/// Classifies the error of a call, after the SDK's retries.
pub(crate) fn classify<E: ProvideErrorMetadata>(call: &str, error: &SdkError<E, HttpResponse>) -> AdapterError {
    match error {
        SdkError::TimeoutError(_) => AdapterError::Unavailable(format!("{call}: no response in time")),
        SdkError::DispatchFailure(failure) if !failure.is_user() => {
            let reason = if failure.is_timeout() { "no response in time" } else { "no connection" };
            AdapterError::Unavailable(format!("{call}: {reason}"))
        }
        SdkError::ResponseError(_) => AdapterError::Unavailable(format!("{call}: the response cannot be parsed")),
        SdkError::ServiceError(response) => {
            let status = response.raw().status().as_u16();
            // Without a code, as in a proxy's error page, the status decides.
            let code = response.err().code().unwrap_or("no code");
            let reason = format!("{call}: {code} ({status})");
            if is_transient(status, code) { AdapterError::Unavailable(reason) } else { AdapterError::Broken(reason) }
        }
        _ => AdapterError::Broken(format!("{call}: the request cannot be built")),
    }
}

/// Whether an error is an outage or a throttle. Services report throttling by code or by status.
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
    fn throttles_and_outages_are_transient() {
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
    async fn timeouts_are_bounded_by_the_deadline() {
        let limits = timeouts(&Deadline::after(Duration::from_secs(10))).unwrap();
        assert_eq!(limits.operation_timeout(), Some(Duration::from_secs(10)));
        assert_eq!(limits.operation_attempt_timeout(), Some(ATTEMPT));
        let limits = timeouts(&Deadline::after(Duration::from_secs(1))).unwrap();
        assert_eq!(limits.operation_attempt_timeout(), Some(Duration::from_secs(1)));
        assert!(matches!(timeouts(&Deadline::after(Duration::ZERO)), Err(AdapterError::Unavailable(_))));
    }
}
