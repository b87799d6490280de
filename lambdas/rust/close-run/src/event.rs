//! The event of close-run.

use std::borrow::Cow;

use gridbid_adapters::{HandlerError, Invocation};
use gridbid_core::{amount::Amount, name::Slot, summary::OrderOutcome};
use serde::Deserialize;

/// A run and the outcomes of its items.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) slot: Slot,
    pub(crate) attempt: u32,
    pub(crate) run: String,
    pub(crate) polls: u32,
    pub(crate) outcomes: Vec<ItemOutcome>,
}

/// The outcome of an item of the state machine's map.
#[derive(Debug)]
pub(crate) enum ItemOutcome {
    Order(OrderOutcome),
    /// The batch has a report.
    Batch(BatchCounts),
    /// The batch could not be decided or stored.
    FailedBatch {
        first: u32,
        count: u32,
        error: String,
        reason: String,
    },
}

/// The counts of a batch, as in its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct BatchCounts {
    pub(crate) n: u32,
    pub(crate) accepted: u32,
    pub(crate) rejected: usize,
    pub(crate) failed: usize,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow)]
    slot: Cow<'a, str>,
    attempt: u32,
    run: String,
    polls: u32,
    outcomes: Vec<RawOutcome>,
}

/// The output of store-result, or the state machine's form of its error.
#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum RawOutcome {
    Accepted {
        position: u32,
        #[serde(default)]
        power: Option<String>,
    },
    Rejected {
        position: u32,
        why: String,
    },
    Batch(BatchCounts),
    /// Of an order if it has a position, of a batch otherwise.
    Failed {
        position: Option<u32>,
        first: Option<u32>,
        count: Option<u32>,
        error: String,
        why: String,
    },
}

impl Event {
    /// Parses the event; logs its run, slot and attempt.
    pub(crate) fn parse(event: &str, invocation: &mut Invocation) -> Result<Self, HandlerError> {
        let raw: RawEvent<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event has no slot, attempt, run, polls and outcomes"))?;
        invocation.log.run = Some(raw.run.clone());
        invocation.log.attempt = Some(raw.attempt);
        let slot = invocation.parse_slot(&raw.slot)?;
        let outcomes = raw.outcomes.into_iter().map(parse_outcome).collect::<Result<_, _>>()?;
        Ok(Self { slot, attempt: raw.attempt, run: raw.run, polls: raw.polls, outcomes })
    }
}

fn parse_outcome(raw: RawOutcome) -> Result<ItemOutcome, HandlerError> {
    Ok(ItemOutcome::Order(match raw {
        RawOutcome::Accepted { position, power } => {
            let power = power.map(|power| Amount::parse(&power)).transpose();
            let power = power.map_err(|_| HandlerError::contract_broken("an outcome's power is not a number"))?;
            OrderOutcome::Accepted { position, power }
        }
        RawOutcome::Rejected { position, why } => OrderOutcome::Rejected { position, reason: why },
        RawOutcome::Failed { position: Some(position), error, why, .. } => {
            OrderOutcome::Failed { position, error, reason: why }
        }
        RawOutcome::Failed { first: Some(first), count: Some(count), error, why, .. } => {
            return Ok(ItemOutcome::FailedBatch { first, count, error, reason: why });
        }
        RawOutcome::Failed { .. } => {
            return Err(HandlerError::contract_broken("a failed outcome has neither a position nor a batch"));
        }
        RawOutcome::Batch(counts) => return Ok(ItemOutcome::Batch(counts)),
    }))
}
