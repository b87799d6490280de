//! The notifications topic.
//!
//! Implementations: `sns::SnsNotifier` and `memory::MemoryNotifier`. Subscribers decide who receives a message and how it
//! is rendered.

use std::future::Future;

use crate::{deadline::Deadline, error::AdapterError};

/// Publishes messages to people.
pub trait Notifier {
    /// Publishes one message, at least once; called after a run's summary is stored, if any order was rejected or failed.
    ///
    /// # Errors
    /// An error fails the closing of the run. `Unavailable` (throttled, unreachable, no response in time) makes the
    /// state machine retry it, which may publish the message twice; `Broken` (any other refusal) does not.
    fn publish(&self, message: &str, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;
}
