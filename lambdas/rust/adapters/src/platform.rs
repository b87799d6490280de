//! The auction platform: whether a slot's results are ready, and the results.
//!
//! Implementations: `random_platform::RandomPlatform` (built in), `http_platform::HttpPlatform` and
//! `memory::MemoryPlatform`. A response is passed on as bytes; `gridbid_core` validates it.

use std::future::Future;

use gridbid_core::name::Slot;

use crate::{deadline::Deadline, error::AdapterError};

/// A successful response of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformResponse {
    /// The complete document.
    Document(Vec<u8>),
    /// A document above core's byte limit; it was not read to its end.
    TooLarge {
        /// The document's length, if the platform declares it.
        bytes: Option<usize>,
    },
}

/// The source of an auction's results.
pub trait AuctionPlatform {
    /// Requests the results of a slot; called once per poll of a run. `poll` counts from 1.
    ///
    /// # Errors
    /// `Unavailable` (throttled, unreachable, no response in time) makes the run wait and poll again until its deadline;
    /// `Broken` (any other refusal) fails the run.
    fn results(
        &self,
        slot: &Slot,
        poll: u32,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<PlatformResponse, AdapterError>>;
}
