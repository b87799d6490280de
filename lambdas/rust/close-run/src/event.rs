//! What the state machine hands to close-run.

use std::borrow::Cow;

use gridbid_adapters::{Call, HandlerError};
use gridbid_core::{amount::Amount, name::Slot, summary::Told};
use serde::Deserialize;

/// A run and what became of its orders.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) slot: Slot,
    pub(crate) run: String,
    pub(crate) polls: u32,
    pub(crate) told: Vec<Told>,
}

#[derive(Deserialize)]
struct Given<'a> {
    #[serde(borrow)]
    slot: Cow<'a, str>,
    run: String,
    polls: u32,
    outcomes: Vec<GivenOutcome>,
}

/// store-result's own answer, or what the state machine makes of its error.
#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum GivenOutcome {
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
    /// Reads the event, and notes whose it is.
    pub(crate) fn read(event: &str, call: &mut Call) -> Result<Self, HandlerError> {
        let given: Given<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event has no slot, run, polls and outcomes"))?;
        call.notes.run = Some(given.run.clone());
        let slot = call.read_slot(&given.slot)?;
        let told = given.outcomes.into_iter().map(told).collect::<Result<_, _>>()?;
        Ok(Self { slot, run: given.run, polls: given.polls, told })
    }
}

fn told(given: GivenOutcome) -> Result<Told, HandlerError> {
    Ok(match given {
        GivenOutcome::Accepted { position, power } => {
            let power = power.map(|power| Amount::parse(&power)).transpose();
            let power = power.map_err(|_| HandlerError::contract_broken("an outcome's power is not a number"))?;
            Told::Accepted { position, power }
        }
        GivenOutcome::Rejected { position, why } => Told::Rejected { position, why },
        GivenOutcome::Failed { position, error, why } => Told::Failed { position, error, why },
    })
}
