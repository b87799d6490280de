//! The event of store-result: one item of the state machine's map.

use std::borrow::Cow;

use gridbid_adapters::{HandlerError, Invocation};
use gridbid_core::name::Slot;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An item of a run.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) slot: Slot,
    pub(crate) attempt: u32,
    pub(crate) item: Item<'a>,
}

/// An order, or a batch of orders by reference.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    Order { position: u32, order: &'a RawValue },
    Batch { n: u32, key: Cow<'a, str>, count: u32, first: u32 },
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow)]
    slot: Cow<'a, str>,
    attempt: u32,
    #[serde(borrow)]
    run: Cow<'a, str>,
    #[serde(borrow)]
    item: RawItem<'a>,
}

/// Not an untagged enum, which could not borrow the order.
#[derive(Deserialize)]
struct RawItem<'a> {
    position: Option<u32>,
    #[serde(borrow)]
    order: Option<&'a RawValue>,
    n: Option<u32>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    count: Option<u32>,
    first: Option<u32>,
}

impl<'a> Event<'a> {
    /// Parses the event; logs its run, slot, attempt, and position or batch.
    pub(crate) fn parse(event: &'a str, invocation: &mut Invocation) -> Result<Self, HandlerError> {
        const MALFORMED: &str = "the event has no slot, attempt, run, and item with an order or a batch";
        let raw: RawEvent<'_> = serde_json::from_str(event).map_err(|_| HandlerError::contract_broken(MALFORMED))?;
        invocation.log.run = Some(raw.run.into_owned());
        invocation.log.attempt = Some(raw.attempt);
        let slot = invocation.parse_slot(&raw.slot)?;
        let item = match raw.item {
            RawItem { position: Some(position), order: Some(order), .. } => {
                invocation.log.position = Some(position);
                Item::Order { position, order }
            }
            RawItem { n: Some(n), key: Some(key), count: Some(count), first: Some(first), .. } => {
                invocation.log.batch = Some(n);
                Item::Batch { n, key, count, first }
            }
            _ => return Err(HandlerError::contract_broken(MALFORMED)),
        };
        Ok(Self { slot, attempt: raw.attempt, item })
    }
}
