//! The topic of notices in memory, with whatever disturbances a test asks for.

use std::cell::RefCell;

use super::Notices;
use crate::{
    deadline::Deadline,
    disturbance::{Disturbance, Script},
    error::AdapterError,
};

/// A topic that keeps what is published, and can be disturbed.
pub struct MemoryNotices {
    messages: RefCell<Vec<String>>,
    script: Script<Vec<String>>,
}

impl Default for MemoryNotices {
    fn default() -> Self {
        Self { messages: RefCell::default(), script: Script::new() }
    }
}

impl MemoryNotices {
    /// An undisturbed topic on which nothing is published.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what happens to the next call that nothing is planned for yet.
    #[must_use]
    pub fn then(self, disturbance: Disturbance<Vec<String>>) -> Self {
        self.script.push(disturbance);
        self
    }

    /// What was published, first to last.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.messages.borrow().clone()
    }
}

impl Notices for MemoryNotices {
    async fn publish(&self, message: &str, _: &Deadline) -> Result<(), AdapterError> {
        let messages = &mut *self.messages.borrow_mut();
        match self.script.next() {
            Disturbance::Throttle | Disturbance::Contend => {
                return Err(AdapterError::Unavailable("the topic throttles".to_owned()));
            }
            Disturbance::Deny => return Err(AdapterError::Broken("the topic refuses".to_owned())),
            Disturbance::LoseAnswer => {
                messages.push(message.to_owned());
                return Err(AdapterError::Unavailable("no answer in time".to_owned()));
            }
            Disturbance::Interfere(change) => change(messages),
            Disturbance::None => {}
        }
        messages.push(message.to_owned());
        Ok(())
    }
}
