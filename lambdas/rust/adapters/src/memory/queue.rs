//! The queue of orders to submit in memory.

use std::cell::RefCell;

use super::fault::{Fault, FaultQueue};
use crate::{
    deadline::Deadline,
    error::AdapterError,
    queue::{Deferral, RetryQueue},
};

/// A queue that records deferrals and dead letters, with injectable faults.
#[derive(Default)]
pub struct MemoryQueue {
    deferrals: RefCell<Vec<Deferral>>,
    dead_letters: RefCell<Vec<String>>,
    faults: FaultQueue<()>,
}

impl MemoryQueue {
    /// Creates a queue without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the fault of the next call that has none yet.
    #[must_use]
    pub fn with_fault(self, fault: Fault<()>) -> Self {
        self.faults.push(fault);
        self
    }

    /// Returns the deferrals, first to last.
    #[must_use]
    pub fn deferrals(&self) -> Vec<Deferral> {
        self.deferrals.borrow().clone()
    }

    /// Returns the dead letters, first to last.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<String> {
        self.dead_letters.borrow().clone()
    }

    /// Executes a call with the fault that is due.
    fn execute(&self, call: impl FnOnce()) -> Result<(), AdapterError> {
        match self.faults.next() {
            Fault::Throttle | Fault::Conflict => Err(AdapterError::Unavailable("the queue throttles".to_owned())),
            Fault::Deny => Err(AdapterError::Broken("the queue refuses".to_owned())),
            Fault::LoseResponse => {
                call();
                Err(AdapterError::Unavailable("no response in time".to_owned()))
            }
            Fault::ConcurrentWrite(_) | Fault::None => {
                call();
                Ok(())
            }
        }
    }
}

impl RetryQueue for MemoryQueue {
    async fn defer(&self, deferrals: &[Deferral], _: &Deadline) -> Result<(), AdapterError> {
        self.execute(|| self.deferrals.borrow_mut().extend_from_slice(deferrals))
    }

    async fn send_to_dead_letters(&self, body: &str, _: &Deadline) -> Result<(), AdapterError> {
        self.execute(|| self.dead_letters.borrow_mut().push(body.to_owned()))
    }
}
