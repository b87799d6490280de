//! Files one accepted order of a run, and raises `OrderRejected` for a rejected one (the task's Lambda B).
//!
//! Called by the state machine for each order of an answer. The file's key is derived from slot, position and content, so
//! that filing it again, in a repetition or in another run of the same slot, ends the same. What an order's result means
//! is decided by core.

use std::borrow::Cow;

use gridbid_adapters::{
    Call, Function, HandlerError, StartError,
    account::{Account, Service},
    archive::{Filed, ResultArchive, S3Archive},
    environment::Environment,
};
use gridbid_core::{
    name::result_key,
    outcome::{self, Outcome},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The function, over some archive.
#[derive(Debug)]
pub struct StoreResult<A> {
    archive: A,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    slot: Cow<'a, str>,
    #[serde(borrow)]
    run: Cow<'a, str>,
    position: u32,
    #[serde(borrow)]
    order: &'a RawValue,
}

/// What the state machine keeps of a filed order: at most 200 bytes.
#[derive(Serialize)]
struct Answer<'a> {
    position: u32,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    power: Option<String>,
    key: &'a str,
}

impl<A: ResultArchive> StoreResult<A> {
    /// The function over this archive.
    pub fn new(archive: A) -> Self {
        Self { archive }
    }

    /// The archive.
    pub fn archive(&self) -> &A {
        &self.archive
    }

    /// Files the event's order, if it was accepted.
    ///
    /// # Errors
    /// `OrderRejected` if it was rejected, `Unavailable` if the archive is, `ContractBroken` for an event or an order that
    /// is not what was agreed, and for an archive that refuses.
    pub async fn answer(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        let event: Event<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event has no slot, run, position and order"))?;
        call.notes.run = Some(event.run.into_owned());
        call.notes.position = Some(event.position);
        let slot = call.read_slot(&event.slot)?;
        let accepted = match outcome::decide(event.order.get().as_bytes()) {
            Ok(Outcome::Accepted(accepted)) => accepted,
            Ok(Outcome::Rejected(rejected)) => return Err(HandlerError::OrderRejected(rejected.to_string())),
            Err(malformed) => {
                return Err(HandlerError::MalformedOrder { code: malformed.code(), message: malformed.to_string() });
            }
        };
        let key = result_key(&slot, event.position, &accepted.digest);
        match self.archive.put_new(&key, &accepted.canonical, &call.deadline).await? {
            Filed::New => call.notes.stored = Some(1),
            Filed::AlreadyThere => call.notes.unchanged = Some(1),
        }
        let power = accepted.power.map(|power| power.to_string());
        let answer = Answer { position: event.position, outcome: "accepted", power, key: &key };
        serde_json::to_string(&answer).map_err(HandlerError::contract_broken)
    }
}

impl Function for StoreResult<S3Archive> {
    const NAME: &'static str = "store-result";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::read(environment, Service::S3);
        let bucket = environment.required("RESULTS_BUCKET");
        let (account, bucket) = environment.finish((account, bucket))?;
        Ok(Self::new(S3Archive::new(&account, bucket)))
    }

    async fn handle(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        self.answer(event, call).await
    }
}

#[cfg(test)]
mod tests;
