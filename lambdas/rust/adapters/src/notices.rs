//! The topic of notices: what people are to be told.
//!
//! The adapters are a topic of Amazon SNS (feature `sns`) and a list in memory (feature `memory`). Who listens, and how a
//! notice looks to them, is left to the topic's subscribers.

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "sns")]
mod sns;

use std::future::Future;

use crate::{deadline::Deadline, error::AdapterError};

#[cfg(feature = "memory")]
pub use memory::MemoryNotices;
#[cfg(feature = "sns")]
pub use sns::SnsNotices;

/// Where notices are published.
pub trait Notices {
    /// Publishes one message; a repetition may arrive twice.
    ///
    /// # Errors
    /// `Unavailable` when the topic throttles, is away or does not answer in time; `Broken` when it refuses for any
    /// other reason.
    fn publish(&self, message: &str, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;
}
