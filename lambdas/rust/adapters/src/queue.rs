//! The queue of orders to submit, beyond what its event source mapping does.
//!
//! Implementations: `sqs::SqsQueue` and `memory::MemoryQueue`. Lambda receives and deletes messages; a function only defers
//! those that it reports as failed, and sets aside those that no retry can help.

use std::{future::Future, time::Duration};

use crate::{deadline::Deadline, error::AdapterError};

/// A message that becomes visible again after a delay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferral {
    /// The receipt handle of this delivery.
    pub receipt_handle: String,
    /// The delay from now, in whole seconds of at most 12 hours (SQS).
    pub delay: Duration,
}

/// A queue with a dead-letter queue.
pub trait RetryQueue {
    /// Sets the time at which each message becomes visible again; called once per event with failed messages.
    ///
    /// # Errors
    /// An error is logged. The messages then become visible after the queue's visibility timeout.
    fn defer(&self, deferrals: &[Deferral], deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;

    /// Sends a copy of a message to the dead-letter queue; called for each message that cannot be parsed.
    ///
    /// # Errors
    /// An error returns the message to the queue.
    fn send_to_dead_letters(&self, body: &str, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;
}
