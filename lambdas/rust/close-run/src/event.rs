//! The event of close-run.

use std::borrow::Cow;

use gridbid_adapters::{HandlerError, Invocation};
use gridbid_core::{amount::Amount, name::Slot, summary::OrderOutcome};
use serde::Deserialize;

/// A run and the outcomes of its orders.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) slot: Slot,
    pub(crate) run: String,
    pub(crate) polls: u32,
    pub(crate) outcomes: Vec<OrderOutcome>,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow)]
    slot: Cow<'a, str>,
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
    Failed {
        position: u32,
        error: String,
        why: String,
    },
}

impl Event {
    /// Parses the event; logs its run and slot.
    pub(crate) fn parse(event: &str, invocation: &mut Invocation) -> Result<Self, HandlerError> {
        let raw: RawEvent<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event has no slot, run, polls and outcomes"))?;
        invocation.log.run = Some(raw.run.clone());
        let slot = invocation.parse_slot(&raw.slot)?;
        let outcomes = raw.outcomes.into_iter().map(parse_outcome).collect::<Result<_, _>>()?;
        Ok(Self { slot, run: raw.run, polls: raw.polls, outcomes })
    }
}

fn parse_outcome(raw: RawOutcome) -> Result<OrderOutcome, HandlerError> {
    Ok(match raw {
        RawOutcome::Accepted { position, power } => {
            let power = power.map(|power| Amount::parse(&power)).transpose();
            let power = power.map_err(|_| HandlerError::contract_broken("an outcome's power is not a number"))?;
            OrderOutcome::Accepted { position, power }
        }
        RawOutcome::Rejected { position, why } => OrderOutcome::Rejected { position, reason: why },
        RawOutcome::Failed { position, error, why } => OrderOutcome::Failed { position, error, reason: why },
    })
}
