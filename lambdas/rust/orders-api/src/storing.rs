//! Stores a batch whole or not at all, whatever other writers do meanwhile.
//!
//! The first transaction takes every order for new. A transaction that is refused writes nothing and tells what is there:
//! core decides what that means, and the next one only confirms the orders that are there unchanged. When nothing is
//! left to be written, nothing is sent. Other writers and throttles are waited out with jitter, a bounded number of times
//! and within the invocation's time.

use std::time::Duration;

use gridbid_adapters::{
    AdapterError, Call,
    deadline::Backoff,
    orders::{OrderTable, Transacted, Verdict, Write},
};
use gridbid_core::{
    expiry::{self, Instant},
    order::Order,
    stored::{self, Standing},
};

/// Transactions that are sent for one request, the first included.
const ATTEMPTS: u32 = 6;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(25), Duration::from_millis(400));

/// What a request amounts to once all of it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Orders that were written.
    pub(crate) stored: u32,
    /// Orders that were there already.
    pub(crate) unchanged: u32,
    /// When the first of them ends.
    pub(crate) expires_at: Instant,
}

/// Why nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotStored {
    /// The orders of these indexes are there with other content.
    Taken(Vec<usize>),
    /// The table could not be written.
    Failed(AdapterError),
}

/// Stores the orders as of the call's time.
pub(crate) async fn store<T: OrderTable>(table: &T, orders: &[Order<'_>], call: &mut Call) -> Result<Kept, NotStored> {
    let ends = expiry::expires_at(call.now);
    let mut standings = vec![Standing::New; orders.len()];
    let mut attempt = 0;
    loop {
        if standings.iter().all(|standing| matches!(standing, Standing::Unchanged { .. })) {
            return Ok(kept(&standings, ends, call));
        }
        if attempt == ATTEMPTS {
            break;
        }
        attempt += 1;
        call.notes.attempts = Some(u64::from(attempt));
        let writes: Vec<Write<'_>> = orders
            .iter()
            .zip(&standings)
            .map(|(order, standing)| match standing {
                Standing::Unchanged { .. } => Write::Confirm { order },
                Standing::New | Standing::Taken => Write::Put { order, accepted_at: call.now, expires_at: ends },
            })
            .collect();
        match table.transact(&writes, call.now, &call.deadline).await.map_err(NotStored::Failed)? {
            Transacted::Done => return Ok(kept(&standings, ends, call)),
            Transacted::Cancelled(verdicts) => {
                let is_wiser = learn(&mut standings, orders, &verdicts, call.now);
                let taken: Vec<usize> = (0..)
                    .zip(&standings)
                    .filter_map(|(index, standing)| (*standing == Standing::Taken).then_some(index))
                    .collect();
                if !taken.is_empty() {
                    return Err(NotStored::Taken(taken));
                }
                // Only what was in the way needs time to go away; what was learned can be used at once.
                if !is_wiser && !call.deadline.allows_waiting(BACKOFF.wait(attempt)).await {
                    break;
                }
            }
        }
    }
    Err(NotStored::Failed(AdapterError::Unavailable("other writers are in the way".to_owned())))
}

/// Takes up what a cancelled transaction says is there; tells whether it changes anything.
fn learn(standings: &mut [Standing], orders: &[Order<'_>], verdicts: &[Verdict], now: Instant) -> bool {
    let mut is_wiser = false;
    for ((standing, order), verdict) in standings.iter_mut().zip(orders).zip(verdicts) {
        if let Verdict::Refused(there) = verdict {
            let found = stored::standing(order, there.as_deref(), now);
            is_wiser |= found != *standing;
            *standing = found;
        }
    }
    is_wiser
}

fn kept(standings: &[Standing], ends: Instant, call: &mut Call) -> Kept {
    let mut kept = Kept { stored: 0, unchanged: 0, expires_at: ends };
    for standing in standings {
        if let Standing::Unchanged { expires_at } = standing {
            kept.unchanged += 1;
            kept.expires_at = kept.expires_at.min(*expires_at);
        } else {
            kept.stored += 1;
        }
    }
    call.notes.stored = Some(u64::from(kept.stored));
    call.notes.unchanged = Some(u64::from(kept.unchanged));
    kept
}
