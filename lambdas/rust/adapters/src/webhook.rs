//! A chat's incoming webhook: a URL that accepts messages as JSON.
//!
//! Implementations: `slack::SlackWebhook` and `memory::MemoryWebhook`.

use std::future::Future;

use crate::{deadline::Deadline, error::AdapterError};

/// Posts messages to a chat.
pub trait Webhook {
    /// Posts one message, at least once; called for each record of an event.
    ///
    /// # Errors
    /// An error fails the event after its other records have been posted, and Lambda sends the whole event again.
    /// `Unavailable`: throttled, unreachable or no response in time. `Broken`: the message or the URL was refused.
    fn post(&self, json: String, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;
}
