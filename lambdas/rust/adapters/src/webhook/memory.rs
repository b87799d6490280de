//! A webhook in memory that keeps what is posted, and refuses as it is told.

use std::{cell::RefCell, collections::VecDeque};

use super::Webhook;
use crate::{deadline::Deadline, error::AdapterError};

/// What was posted, and the refusals to come.
#[derive(Default)]
pub struct MemoryWebhook {
    posted: RefCell<Vec<String>>,
    answers: RefCell<VecDeque<Result<(), AdapterError>>>,
}

impl MemoryWebhook {
    /// A webhook that gives these answers first and takes everything after them.
    pub fn new(answers: impl IntoIterator<Item = Result<(), AdapterError>>) -> Self {
        Self { posted: RefCell::default(), answers: RefCell::new(answers.into_iter().collect()) }
    }

    /// What was taken, first to last.
    #[must_use]
    pub fn posted(&self) -> Vec<String> {
        self.posted.borrow().clone()
    }
}

impl Webhook for MemoryWebhook {
    async fn post(&self, json: String, _: &Deadline) -> Result<(), AdapterError> {
        self.answers.borrow_mut().pop_front().unwrap_or(Ok(()))?;
        self.posted.borrow_mut().push(json);
        Ok(())
    }
}
