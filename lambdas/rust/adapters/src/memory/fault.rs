//! Faults that a test injects into a fake, one per call.

use std::{cell::RefCell, collections::VecDeque};

/// What happens to one call of a fake over state `S`.
pub enum Fault<S> {
    /// The call succeeds.
    None,
    /// The call is throttled; nothing is done.
    Throttle,
    /// The call is executed, but its response is lost.
    LoseResponse,
    /// Another writer changes the state before the call is executed.
    ConcurrentWrite(Box<dyn FnOnce(&mut S)>),
    /// The call conflicts with another writer; nothing is done and nothing is reported of the state.
    Conflict,
    /// The call is refused permanently.
    Deny,
}

/// The faults of the calls to come, first to last; calls after them succeed.
pub(super) struct FaultQueue<S>(RefCell<VecDeque<Fault<S>>>);

impl<S> Default for FaultQueue<S> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<S> FaultQueue<S> {
    pub(super) fn push(&self, fault: Fault<S>) {
        self.0.borrow_mut().push_back(fault);
    }

    pub(super) fn next(&self) -> Fault<S> {
        self.0.borrow_mut().pop_front().unwrap_or(Fault::None)
    }
}
