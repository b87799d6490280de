//! The table of orders: one transaction writes a whole request or nothing, one read returns an order.
//!
//! Implementations: `dynamodb::DynamoOrders` and `memory::MemoryOrders`. The caller decides what a cancelled transaction
//! means for its request.

use std::future::Future;

use gridbid_core::{
    expiry::Timestamp,
    order::{Order, RecordId},
    stored::StoredOrder,
    submission::Submission,
};

use crate::{deadline::Deadline, error::AdapterError};

/// The maximum number of writes per transaction: DynamoDB's limit for `TransactWriteItems`.
pub const TRANSACTION_WRITES: u32 = 100;

/// Everything that the table holds of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderItem {
    /// The order and its lifetime.
    pub stored: StoredOrder,
    /// The caller that stored it: an IAM principal's ARN or a token's subject; `None` where the API is open.
    pub submitted_by: Option<String>,
    /// The status of its submission to the auction platform; `None` where no platform is configured.
    pub submission: Option<Submission>,
}

/// What is stored with a new order. The orders of a request share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptance<'a> {
    /// When the order is accepted.
    pub accepted_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The caller; `None` where the API is open.
    pub submitted_by: Option<&'a str>,
    /// Whether the order is to be submitted to an auction platform.
    pub is_pending: bool,
}

/// One write of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write<'a> {
    /// Store the order, unless a live order has its `record_id`. Every attribute of an expired order is replaced.
    Put {
        /// The order.
        order: &'a Order<'a>,
        /// What is stored with it.
        acceptance: Acceptance<'a>,
    },
    /// Write nothing; require that exactly this order is stored and live.
    Confirm {
        /// The order.
        order: &'a Order<'a>,
    },
}

/// The result of a transaction, which is atomic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionOutcome {
    /// Every condition held; every order is stored.
    Committed,
    /// Nothing is written. One verdict per write, in the same order.
    Cancelled(Vec<WriteVerdict>),
}

/// Whether one write caused its transaction to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteVerdict {
    /// It did not.
    Passed,
    /// Its condition does not hold. Contains the stored order, if there is one.
    ConditionFailed(Option<Box<StoredOrder>>),
    /// A concurrent transaction or the table's capacity prevented it.
    Contended,
}

/// Stores orders.
pub trait OrderTable {
    /// Executes all writes or none; called one or more times per `POST /orders`. An order is live if it expires after
    /// `now`.
    ///
    /// # Errors
    /// `Unavailable` (throttled, unreachable, no response in time; all or nothing may have been written) becomes a 503,
    /// `Broken` (any other refusal, or an item that is not an order) a 500.
    fn transact(
        &self,
        writes: &[Write<'_>],
        now: Timestamp,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<TransactionOutcome, AdapterError>>;

    /// Reads the order with this `record_id`, live or expired, as of the last write; called once per
    /// `GET /orders/{record_id}`. `None` becomes a 404.
    ///
    /// # Errors
    /// As for [`OrderTable::transact`].
    fn get(
        &self,
        record_id: &RecordId<'_>,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<Option<OrderItem>, AdapterError>>;
}
