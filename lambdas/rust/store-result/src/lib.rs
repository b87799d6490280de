//! Stores one accepted order of a run, and raises `OrderRejected` for a rejected one.
//!
//! The object's key is derived from slot, position and content, so that storing the order again, in a retry or in another
//! run of the same slot, has the same result. Core decides what an order's result means.

use std::borrow::Cow;

use gridbid_adapters::{
    Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    archive::{PutOutcome, ResultArchive},
    environment::Environment,
    s3::S3Archive,
};
use gridbid_core::{
    name::result_key,
    outcome::{self, Outcome},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The function, generic over the archive.
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

/// What the run's state keeps of a stored order: at most 200 bytes.
#[derive(Serialize)]
struct HandlerOutput<'a> {
    position: u32,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    power: Option<String>,
    key: &'a str,
}

impl<A: ResultArchive> StoreResult<A> {
    /// Creates the function over this archive.
    pub fn new(archive: A) -> Self {
        Self { archive }
    }

    /// Returns the archive.
    pub fn archive(&self) -> &A {
        &self.archive
    }

    /// Stores the event's order, if it was accepted.
    ///
    /// # Errors
    /// `OrderRejected` if it was rejected, `MalformedOrder` if core cannot decide it, `Unavailable` if the archive is,
    /// `ContractBroken` for a malformed event and an archive that refuses.
    pub async fn store(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let event: Event<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event has no slot, run, position and order"))?;
        invocation.log.run = Some(event.run.into_owned());
        invocation.log.position = Some(event.position);
        let slot = invocation.parse_slot(&event.slot)?;
        let accepted = match outcome::decide(event.order.get().as_bytes()) {
            Ok(Outcome::Accepted(accepted)) => accepted,
            Ok(Outcome::Rejected(rejected)) => return Err(HandlerError::OrderRejected(rejected.to_string())),
            Err(malformed) => {
                return Err(HandlerError::MalformedOrder { code: malformed.code(), message: malformed.to_string() });
            }
        };
        let key = result_key(&slot, event.position, &accepted.digest);
        match self.archive.put_if_absent(&key, &accepted.canonical, &invocation.deadline).await? {
            PutOutcome::Created => invocation.log.stored = Some(1),
            PutOutcome::AlreadyExists => invocation.log.unchanged = Some(1),
        }
        let power = accepted.power.map(|power| power.to_string());
        let output = HandlerOutput { position: event.position, outcome: "accepted", power, key: &key };
        serde_json::to_string(&output).map_err(HandlerError::contract_broken)
    }
}

impl Function for StoreResult<S3Archive> {
    const NAME: &'static str = "store-result";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::from_environment(environment, Service::S3);
        let bucket = environment.required("RESULTS_BUCKET");
        let (account, bucket) = environment.finish((account, bucket))?;
        Ok(Self::new(S3Archive::new(&account, bucket)))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.store(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
