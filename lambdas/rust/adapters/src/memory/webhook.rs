//! A webhook in memory.

use std::{cell::RefCell, collections::VecDeque};

use crate::{deadline::Deadline, error::AdapterError, webhook::Webhook};

/// A webhook that records posted messages and returns scripted results.
#[derive(Default)]
pub struct MemoryWebhook {
    messages: RefCell<Vec<String>>,
    results: RefCell<VecDeque<Result<(), AdapterError>>>,
}

impl MemoryWebhook {
    /// Creates a webhook that returns these results first and accepts every message after them.
    pub fn new(results: impl IntoIterator<Item = Result<(), AdapterError>>) -> Self {
        Self { messages: RefCell::default(), results: RefCell::new(results.into_iter().collect()) }
    }

    /// Returns the accepted messages, first to last.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.messages.borrow().clone()
    }
}

impl Webhook for MemoryWebhook {
    async fn post(&self, json: String, _: &Deadline) -> Result<(), AdapterError> {
        self.results.borrow_mut().pop_front().unwrap_or(Ok(()))?;
        self.messages.borrow_mut().push(json);
        Ok(())
    }
}
