//! The auction platform as the receiver of orders.
//!
//! Implementations: `http_platform::HttpPlatform` and `memory::MemorySubmissionPlatform`. Request and response are bytes;
//! `gridbid_core::submission` writes and validates them.

use std::{future::Future, time::Duration};

use crate::{deadline::Deadline, error::AdapterError};

/// Why a request for orders has no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct SubmissionError {
    /// `Unavailable`: throttled, unreachable, or no response in time; the platform may have received the orders.
    /// `Broken`: the platform refuses the request as a whole, such as its token.
    #[source]
    pub error: AdapterError,
    /// The platform's `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl From<AdapterError> for SubmissionError {
    fn from(error: AdapterError) -> Self {
        Self { error, retry_after: None }
    }
}

/// Receives orders.
pub trait SubmissionPlatform {
    /// Sends one request and returns the response's body; called once per batch, without retries. A body above
    /// `gridbid_core::submission::MAX_RESPONSE_BYTES` is cut after one byte more.
    ///
    /// # Errors
    /// Both kinds leave the orders pending, to be submitted again; `Broken` also raises an alarm at once.
    fn submit(&self, request: String, deadline: &Deadline) -> impl Future<Output = Result<Vec<u8>, SubmissionError>>;
}
