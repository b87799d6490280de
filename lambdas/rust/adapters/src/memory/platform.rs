//! The auction platform in memory.

use std::{cell::RefCell, collections::VecDeque};

use gridbid_core::name::Slot;

use crate::{
    deadline::Deadline,
    error::AdapterError,
    platform::{AuctionPlatform, PlatformResponse},
};

/// A platform that records polls and returns scripted responses.
#[derive(Default)]
pub struct MemoryPlatform {
    responses: RefCell<VecDeque<Result<PlatformResponse, AdapterError>>>,
    polls: RefCell<Vec<(Slot, u32)>>,
}

impl MemoryPlatform {
    /// Creates a platform that returns these responses and is unreachable after them.
    pub fn new(responses: impl IntoIterator<Item = Result<PlatformResponse, AdapterError>>) -> Self {
        Self { responses: RefCell::new(responses.into_iter().collect()), polls: RefCell::default() }
    }

    /// Returns the slot and number of every poll.
    #[must_use]
    pub fn polls(&self) -> Vec<(Slot, u32)> {
        self.polls.borrow().clone()
    }
}

impl AuctionPlatform for MemoryPlatform {
    async fn results(&self, slot: &Slot, poll: u32, _: &Deadline) -> Result<PlatformResponse, AdapterError> {
        self.polls.borrow_mut().push((*slot, poll));
        let next = self.responses.borrow_mut().pop_front();
        next.unwrap_or_else(|| Err(AdapterError::Unavailable("auction platform: no connection".to_owned())))
    }
}
