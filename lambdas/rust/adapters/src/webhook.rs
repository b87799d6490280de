//! A chat's incoming webhook: an address that takes a message as JSON.
//!
//! The adapters are Slack's webhook over HTTP (feature `http`) and a list in memory (feature `memory`).

#[cfg(feature = "http")]
mod http;
#[cfg(feature = "memory")]
pub mod memory;

use std::future::Future;

use crate::{deadline::Deadline, error::AdapterError};

#[cfg(feature = "http")]
pub use http::HttpWebhook;
#[cfg(feature = "memory")]
pub use memory::MemoryWebhook;

/// Where messages are posted.
pub trait Webhook {
    /// Posts one message; a repetition may appear twice.
    ///
    /// # Errors
    /// `Unavailable` when the chat throttles, is away or does not answer in time; `Broken` when it refuses the message
    /// or the address for good.
    fn post(&self, json: String, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;
}
