//! A platform in memory that answers as it is told.

use std::{cell::RefCell, collections::VecDeque};

use gridbid_core::name::Slot;

use super::{AuctionPlatform, PlatformResponse};
use crate::{deadline::Deadline, error::AdapterError};

/// Answers to come, and what was asked.
#[derive(Default)]
pub struct MemoryPlatform {
    answers: RefCell<VecDeque<Result<PlatformResponse, AdapterError>>>,
    asked: RefCell<Vec<(Slot, u32)>>,
}

impl MemoryPlatform {
    /// A platform that gives these answers, one after the other, and is away after them.
    pub fn new(answers: impl IntoIterator<Item = Result<PlatformResponse, AdapterError>>) -> Self {
        Self { answers: RefCell::new(answers.into_iter().collect()), asked: RefCell::default() }
    }

    /// The slots and polls that were asked for.
    #[must_use]
    pub fn asked(&self) -> Vec<(Slot, u32)> {
        self.asked.borrow().clone()
    }
}

impl AuctionPlatform for MemoryPlatform {
    async fn results(&self, slot: &Slot, poll: u32, _: &Deadline) -> Result<PlatformResponse, AdapterError> {
        self.asked.borrow_mut().push((*slot, poll));
        let next = self.answers.borrow_mut().pop_front();
        next.unwrap_or_else(|| Err(AdapterError::Unavailable("auction platform: no connection".to_owned())))
    }
}
