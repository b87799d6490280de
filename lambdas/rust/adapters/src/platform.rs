//! The auction platform: whether a slot's results are ready, and what they are.
//!
//! The adapters are the task's random platform, one that is asked over HTTP (feature `http`), and a script in memory
//! (feature `memory`). An answer is handed on as bytes: core checks it. One with more bytes than core takes is not read.

#[cfg(feature = "http")]
mod http;
#[cfg(feature = "memory")]
pub mod memory;
pub mod random;

use std::future::Future;

use gridbid_core::name::Slot;

use crate::{deadline::Deadline, error::AdapterError};

#[cfg(feature = "http")]
pub use http::HttpPlatform;
#[cfg(feature = "memory")]
pub use memory::MemoryPlatform;
pub use random::RandomPlatform;

/// What the platform answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformResponse {
    /// The whole document.
    Document(Vec<u8>),
    /// A document with more bytes than core takes, not read to its end.
    TooLarge {
        /// How many bytes it has, if the platform says so.
        bytes: Option<usize>,
    },
}

/// Where an auction's results come from.
pub trait AuctionPlatform {
    /// Asks for the results of a slot; `poll` counts from 1 how often it was asked.
    ///
    /// # Errors
    /// `Unavailable` when the platform throttles, is away or does not answer in time; `Broken` when it refuses.
    fn results(
        &self,
        slot: &Slot,
        poll: u32,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<PlatformResponse, AdapterError>>;
}
