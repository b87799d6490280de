//! The notifications topic in memory.

use std::cell::RefCell;

use super::fault::{Fault, FaultQueue};
use crate::{deadline::Deadline, error::AdapterError, notifier::Notifier};

/// A topic that records published messages, with injectable faults.
#[derive(Default)]
pub struct MemoryNotifier {
    messages: RefCell<Vec<String>>,
    faults: FaultQueue<Vec<String>>,
}

impl MemoryNotifier {
    /// Creates a topic without messages and faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the fault of the next call that has none yet.
    #[must_use]
    pub fn with_fault(self, fault: Fault<Vec<String>>) -> Self {
        self.faults.push(fault);
        self
    }

    /// Returns the published messages, first to last.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.messages.borrow().clone()
    }
}

impl Notifier for MemoryNotifier {
    async fn publish(&self, message: &str, _: &Deadline) -> Result<(), AdapterError> {
        let messages = &mut *self.messages.borrow_mut();
        match self.faults.next() {
            Fault::Throttle | Fault::Conflict => {
                return Err(AdapterError::Unavailable("the topic throttles".to_owned()));
            }
            Fault::Deny => return Err(AdapterError::Broken("the topic refuses".to_owned())),
            Fault::LoseResponse => {
                messages.push(message.to_owned());
                return Err(AdapterError::Unavailable("no response in time".to_owned()));
            }
            Fault::ConcurrentWrite(change) => change(messages),
            Fault::None => {}
        }
        messages.push(message.to_owned());
        Ok(())
    }
}
