//! The write-back of submissions: the platform's response to an order, and who reports an order to people.
//!
//! Implementations: `dynamodb::DynamoOrders` and `memory::MemoryOrders`. An order is identified by `record_id` and
//! `accepted_at`, because an expired order's `record_id` may be used again. The queue delivers messages at least once, and an
//! order may be in several messages: a report belongs to the message that first claims it, and only that message repeats it.

use std::future::Future;

use gridbid_core::{stored::StoredOrder, submission::Submission};

use crate::{deadline::Deadline, error::AdapterError};

/// The result of a conditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteBack {
    /// It is written, now or by the same message before.
    Written,
    /// The table still holds this order, but a response is stored already or another message reports it.
    AlreadyWritten,
    /// The table holds no order of this `record_id`, or a later one.
    Gone,
}

/// The result of claiming the report of an order that has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportClaim {
    /// The order expired pending; this message reports it, now or before.
    Claimed,
    /// The platform refused the order, as this message stored before; the report of the refusal may have failed.
    Refused {
        /// The stored reason.
        reason: String,
    },
    /// The order was submitted, or another message reports it.
    NotOurs,
    /// The table holds no order of this `record_id`, or a later one.
    Gone,
}

/// Stores submissions.
pub trait SubmissionTable {
    /// Stores the platform's response to an order, if the table holds this order as pending; called for each order that the
    /// platform received or refused. A refusal may be stored again by the same message, which then reports it again.
    ///
    /// # Errors
    /// `Unavailable` (throttled, unreachable, no response in time; it may have been written) and `Broken` (any other
    /// refusal, or a pending submission) return the message to the queue.
    fn record(
        &self,
        order: &StoredOrder,
        submission: &Submission,
        message_id: &str,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<WriteBack, AdapterError>>;

    /// Claims the report of a pending order that has expired, unless another message did. The order stays pending.
    ///
    /// # Errors
    /// As for [`SubmissionTable::record`].
    fn claim_report(
        &self,
        order: &StoredOrder,
        message_id: &str,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<ReportClaim, AdapterError>>;
}
