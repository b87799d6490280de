//! What a Lambda function implements, and what it receives with each event.

use std::future::Future;

use gridbid_core::{expiry::Timestamp, name::Slot};

use crate::{
    deadline::Deadline,
    environment::Environment,
    error::{HandlerError, StartError},
    telemetry::InvocationLog,
};

/// A Lambda function.
pub trait Function: Sized + 'static {
    /// The function's name, which is also its folder's.
    const NAME: &'static str;
    /// The deployed version.
    const VERSION: &'static str;

    /// Creates the function from its environment; called once, before the first event.
    ///
    /// # Errors
    /// Every problem of the environment, or a failed read of a secret. The process logs it and exits with a failure,
    /// which Lambda reports as a failed initialization.
    fn start(environment: &mut Environment) -> impl Future<Output = Result<Self, StartError>>;

    /// Handles one event, JSON in and JSON out; called for every event except the probe. Lambda may deliver an event more
    /// than once.
    ///
    /// # Errors
    /// One of the errors that the state machine catches by name. It is logged and becomes Lambda's function error.
    fn handle(&self, event: &str, invocation: &mut Invocation) -> impl Future<Output = Result<String, HandlerError>>;
}

/// The state of one invocation.
#[derive(Debug)]
pub struct Invocation {
    /// When the handler must have returned.
    pub deadline: Deadline,
    /// The time of the invocation. It is read once, so that one event has one time.
    pub now: Timestamp,
    /// The fields of its log line.
    pub log: InvocationLog,
}

impl Invocation {
    /// Creates an invocation at this time, with an empty log.
    #[must_use]
    pub fn new(deadline: Deadline, now: Timestamp) -> Self {
        Self { deadline, now, log: InvocationLog::default() }
    }

    /// Parses and logs the slot of a run's event.
    ///
    /// # Errors
    /// `ContractBroken` if the text is not a slot; the text is not logged.
    pub fn parse_slot(&mut self, text: &str) -> Result<Slot, HandlerError> {
        let slot = Slot::parse(text).map_err(|_| {
            HandlerError::contract_broken("the event's slot is not a time such as `2026-11-22T07:05:00Z`")
        })?;
        self.log.slot = Some(slot.to_string());
        Ok(slot)
    }
}
