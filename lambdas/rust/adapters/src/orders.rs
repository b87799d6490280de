//! The table of orders: one transaction writes a whole request or nothing, and one read answers an order.
//!
//! The adapters are Amazon DynamoDB (feature `dynamodb`) and a table in memory (feature `memory`). What a cancelled
//! transaction means for a request is left to the caller, orders-api.

#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(feature = "memory")]
pub mod memory;

use std::future::Future;

use gridbid_core::{
    expiry::Instant,
    order::{Order, RecordId},
    stored::StoredOrder,
};

use crate::{deadline::Deadline, error::AdapterError};

#[cfg(feature = "dynamodb")]
pub use dynamodb::DynamoOrders;
#[cfg(feature = "memory")]
pub use memory::MemoryOrders;

/// The most writes of one transaction: DynamoDB's limit for `TransactWriteItems`.
pub const TRANSACTION_WRITES: u32 = 100;

/// One part of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write<'a> {
    /// Store the order, if no live one is there under its `record_id`.
    Put {
        /// The order.
        order: &'a Order<'a>,
        /// When it is accepted.
        accepted_at: Instant,
        /// When it ends.
        expires_at: Instant,
    },
    /// Write nothing, if exactly this order is there and live.
    Confirm {
        /// The order.
        order: &'a Order<'a>,
    },
}

/// How a transaction ended. Either way nothing is half done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transacted {
    /// Every condition held, and everything is written.
    Done,
    /// Nothing is written: one verdict for each write, in their order.
    Cancelled(Vec<Verdict>),
}

/// What a cancelled transaction says of one of its writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stood against it.
    Fine,
    /// Its condition does not hold; this is what is there.
    Refused(Option<Box<StoredOrder>>),
    /// Another writer, or the table's capacity, was in the way.
    Contended,
}

/// Where orders are kept.
pub trait OrderTable {
    /// Does all of the writes or none of them. `now` decides which orders are live.
    ///
    /// # Errors
    /// `Unavailable` when the table throttles, is away or does not answer in time (all or nothing may have been written);
    /// `Broken` when it refuses for any other reason, or holds what is no order.
    fn transact(
        &self,
        writes: &[Write<'_>],
        now: Instant,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Transacted, AdapterError>>;

    /// Reads what is there under a `record_id`, live or not, as of the last write.
    ///
    /// # Errors
    /// As for [`OrderTable::transact`].
    fn get(
        &self,
        record_id: &RecordId<'_>,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Option<StoredOrder>, AdapterError>>;
}
