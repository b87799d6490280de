//! Stores a batch completely or not at all, whatever other writers do.
//!
//! The first transaction puts every order. A cancelled transaction writes nothing and returns the existing orders; core
//! compares each with the new one, and the next transaction only confirms those that are identical. If all are identical,
//! no further transaction is sent. Contention is retried with jitter, a bounded number of times and within the
//! invocation's deadline.

use std::time::Duration;

use gridbid_adapters::{
    AdapterError, Invocation,
    deadline::Backoff,
    orders::{Acceptance, OrderTable, TransactionOutcome, Write, WriteVerdict},
};
use gridbid_core::{
    expiry::Timestamp,
    order::Order,
    stored::{self, Existing},
};
use serde::Serialize;

/// Transactions per request, the first included.
const ATTEMPTS: u32 = 6;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(25), Duration::from_millis(400));

/// The result of a request whose orders are all stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreSummary {
    /// Orders written.
    pub(crate) stored: u32,
    /// Orders that existed already with identical content.
    pub(crate) unchanged: u32,
    /// When the first of them expires.
    pub(crate) expires_at: Timestamp,
}

/// Why nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// Live orders with other content exist.
    Conflicts(Vec<Conflict>),
    /// The table could not be written.
    Table(AdapterError),
}

/// An order of the request that exists with other content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Conflict {
    /// Its index in the request.
    index: usize,
    /// Its id.
    pub(crate) record_id: String,
}

/// Stores the orders at the invocation's time, all with the same acceptance.
pub(crate) async fn store<T: OrderTable>(
    table: &T,
    orders: &[Order<'_>],
    acceptance: Acceptance<'_>,
    invocation: &mut Invocation,
) -> Result<StoreSummary, StoreError> {
    let now = invocation.now;
    let expires_at = acceptance.expires_at;
    let mut known = vec![Existing::None; orders.len()];
    let mut attempt = 0;
    loop {
        if known.iter().all(|existing| matches!(existing, Existing::Identical { .. })) {
            return Ok(summarize(&known, expires_at));
        }
        if attempt == ATTEMPTS {
            break;
        }
        attempt += 1;
        invocation.log.attempts = Some(attempt);
        let writes: Vec<Write<'_>> = orders
            .iter()
            .zip(&known)
            .map(|(order, existing)| match existing {
                Existing::Identical { .. } => Write::Confirm { order },
                Existing::None | Existing::Conflicting => Write::Put { order, acceptance },
            })
            .collect();
        let verdicts = match table.transact(&writes, now, &invocation.deadline).await.map_err(StoreError::Table)? {
            TransactionOutcome::Committed => return Ok(summarize(&known, expires_at)),
            TransactionOutcome::Cancelled(verdicts) => verdicts,
        };
        if verdicts.len() != orders.len() {
            let reason = format!("the table returned {} verdicts on {} writes", verdicts.len(), orders.len());
            return Err(StoreError::Table(AdapterError::Broken(reason)));
        }
        let learned_something = apply_cancellation(&mut known, orders, &verdicts, now);
        let conflicts = find_conflicts(&known, orders);
        if !conflicts.is_empty() {
            return Err(StoreError::Conflicts(conflicts));
        }
        // Only contention needs time to pass; a new finding is used at once.
        if !learned_something && !invocation.deadline.try_sleep(BACKOFF.delay(attempt)).await {
            break;
        }
    }
    Err(StoreError::Table(AdapterError::Unavailable("other writers contend for the orders".to_owned())))
}

/// Updates what is known of stored orders from a cancelled transaction. Returns whether anything changed.
fn apply_cancellation(known: &mut [Existing], orders: &[Order<'_>], verdicts: &[WriteVerdict], now: Timestamp) -> bool {
    let mut learned_something = false;
    for ((existing, order), verdict) in known.iter_mut().zip(orders).zip(verdicts) {
        if let WriteVerdict::ConditionFailed(item) = verdict {
            let found = stored::find_existing(order, item.as_deref(), now);
            learned_something |= found != *existing;
            *existing = found;
        }
    }
    learned_something
}

fn find_conflicts(known: &[Existing], orders: &[Order<'_>]) -> Vec<Conflict> {
    let conflicting =
        known.iter().zip(orders).enumerate().filter(|(_, (existing, _))| **existing == Existing::Conflicting);
    conflicting.map(|(index, (_, order))| Conflict { index, record_id: order.record_id.as_str().to_owned() }).collect()
}

fn summarize(known: &[Existing], expires_at: Timestamp) -> StoreSummary {
    let mut summary = StoreSummary { stored: 0, unchanged: 0, expires_at };
    for existing in known {
        if let Existing::Identical { expires_at } = existing {
            summary.unchanged += 1;
            summary.expires_at = summary.expires_at.min(*expires_at);
        } else {
            summary.stored += 1;
        }
    }
    summary
}
