//! What can be made to go wrong in an adapter in memory, one call after the other.

use std::{cell::RefCell, collections::VecDeque};

/// What happens to one call.
pub enum Disturbance<S> {
    /// Nothing does.
    None,
    /// It is refused by a throttle; nothing is done.
    Throttle,
    /// It is done, but the answer never arrives.
    LoseAnswer,
    /// Another writer's changes come first.
    Interfere(Box<dyn FnOnce(&mut S)>),
    /// Another writer is in the way of it; nothing is done, and nothing is learned.
    Contend,
    /// It is refused for good.
    Deny,
}

/// The disturbances to come, one for each call; none when they are used up.
pub(crate) struct Script<S>(RefCell<VecDeque<Disturbance<S>>>);

impl<S> Script<S> {
    pub(crate) fn new() -> Self {
        Self(RefCell::default())
    }

    pub(crate) fn push(&self, disturbance: Disturbance<S>) {
        self.0.borrow_mut().push_back(disturbance);
    }

    pub(crate) fn next(&self) -> Disturbance<S> {
        self.0.borrow_mut().pop_front().unwrap_or(Disturbance::None)
    }
}
