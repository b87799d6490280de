//! Stores the accepted orders of an item of a run: one order, for which it raises `OrderRejected` if it was rejected, or a
//! batch of the frozen answer, for which it also writes a report.
//!
//! Keys are derived from slot, attempt, and position and content or batch, so that storing an item again, in a retry or in
//! another run of the attempt, has the same result. Core decides what an order's result means, the same way for both.

mod event;

use gridbid_adapters::{
    Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    archive::{PutOutcome, ResultArchive},
    environment::Environment,
    s3::S3Archive,
    telemetry::Outcome as LogOutcome,
};
use gridbid_core::{
    name::{Slot, batch_result_key, report_key, result_key},
    outcome::{self, Outcome, decide_batch},
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::event::{Event, Item};

/// The function, generic over the archive.
#[derive(Debug)]
pub struct StoreResult<A> {
    archive: A,
}

/// What the run's state keeps of an item: at most 200 bytes.
#[derive(Serialize)]
#[serde(untagged)]
enum HandlerOutput<'a> {
    Order {
        position: u32,
        outcome: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        power: Option<String>,
        key: &'a str,
    },
    Batch {
        n: u32,
        outcome: &'static str,
        accepted: u32,
        rejected: usize,
        failed: usize,
    },
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

    /// Stores the accepted orders of the event's item.
    ///
    /// # Errors
    /// `OrderRejected` if the order was rejected, `MalformedOrder` if core cannot decide it, `Unavailable` if the archive is,
    /// `ContractBroken` for a malformed event, a missing batch, and an archive that refuses.
    pub async fn store(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let Event { slot, attempt, item } = Event::parse(event, invocation)?;
        match item {
            Item::Order { position, order } => self.store_order(&slot, attempt, position, order, invocation).await,
            Item::Batch { n, key, count, first } => {
                let content = self.archive.get(&key, &invocation.deadline).await?;
                let content = content
                    .ok_or_else(|| HandlerError::contract_broken("the batch is missing in the frozen answer"))?;
                self.store_batch(&slot, attempt, (n, first, count), &content, invocation).await
            }
        }
    }

    async fn store_order(
        &self,
        slot: &Slot,
        attempt: u32,
        position: u32,
        order: &RawValue,
        invocation: &mut Invocation,
    ) -> Result<String, HandlerError> {
        let accepted = match outcome::decide(order.get().as_bytes()) {
            Ok(Outcome::Accepted(accepted)) => accepted,
            Ok(Outcome::Rejected(rejected)) => return Err(HandlerError::OrderRejected(rejected.to_string())),
            Err(malformed) => {
                return Err(HandlerError::MalformedOrder { code: malformed.code(), message: malformed.to_string() });
            }
        };
        let key = result_key(slot, attempt, position, &accepted.digest);
        match self.archive.put_if_absent(&key, &accepted.canonical, &invocation.deadline).await? {
            PutOutcome::Created => invocation.log.stored = Some(1),
            PutOutcome::AlreadyExists => invocation.log.unchanged = Some(1),
        }
        let power = accepted.power.map(|power| power.to_string());
        to_json(&HandlerOutput::Order { position, outcome: "accepted", power, key: &key })
    }

    /// Stores the accepted orders and then the report: a report means that they are stored.
    async fn store_batch(
        &self,
        slot: &Slot,
        attempt: u32,
        (n, first, count): (u32, u32, u32),
        lines: &[u8],
        invocation: &mut Invocation,
    ) -> Result<String, HandlerError> {
        let decision = decide_batch(n, first, lines);
        let report = &decision.report;
        if report.count != count {
            let actual = report.count;
            return Err(HandlerError::ContractBroken(format!(
                "the batch has {actual} orders, its reference says {count}"
            )));
        }
        if report.accepted > 0 {
            let key = batch_result_key(slot, attempt, n);
            match self.archive.put_if_absent(&key, &decision.accepted, &invocation.deadline).await? {
                PutOutcome::Created => invocation.log.stored = Some(report.accepted),
                PutOutcome::AlreadyExists => invocation.log.unchanged = Some(report.accepted),
            }
        }
        self.archive.put_if_absent(&report_key(slot, attempt, n), &report.to_json(), &invocation.deadline).await?;
        let (accepted, rejected, failed) = (report.accepted, report.rejected(), report.failed());
        invocation.log.accepted = Some(accepted as usize);
        invocation.log.rejected = Some(rejected);
        invocation.log.failed = Some(failed);
        if failed > 0 {
            invocation.log.outcome = LogOutcome::Fault;
            invocation.log.why = Some("orders of the batch are malformed".to_owned());
        }
        to_json(&HandlerOutput::Batch { n, outcome: "batch", accepted, rejected, failed })
    }
}

fn to_json(output: &HandlerOutput<'_>) -> Result<String, HandlerError> {
    serde_json::to_string(output).map_err(HandlerError::contract_broken)
}

impl Function for StoreResult<S3Archive> {
    const NAME: &'static str = "store-result";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::from_environment(environment, Service::S3);
        let bucket = environment.required("RESULTS_BUCKET");
        let retention = environment.retention_days("RESULTS_RETENTION_DAYS");
        let (account, bucket) = environment.finish((account, bucket))?;
        Ok(Self::new(S3Archive::new(&account, bucket).retaining(retention)))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.store(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
