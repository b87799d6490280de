//! The table of orders in memory, with DynamoDB's conditions.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use gridbid_core::{
    expiry::{Timestamp, is_live},
    order::RecordId,
    stored::StoredOrder,
    submission::Submission,
};

use super::fault::{Fault, FaultQueue};
use crate::{
    deadline::Deadline,
    error::AdapterError,
    orders::{OrderItem, OrderTable, TRANSACTION_WRITES, TransactionOutcome, Write, WriteVerdict},
    submissions::{ReportClaim, SubmissionTable, WriteBack},
};

/// Items by `record_id`.
pub type Items = BTreeMap<String, OrderItem>;

/// A table with injectable faults.
#[derive(Default)]
pub struct MemoryOrders {
    items: RefCell<Items>,
    /// The message that reports an order, by `record_id` and `accepted_at`.
    reports: RefCell<BTreeMap<(String, Timestamp), String>>,
    faults: FaultQueue<Items>,
    transactions: Cell<u32>,
}

impl MemoryOrders {
    /// Creates an empty table without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the fault of the next call that has none yet.
    #[must_use]
    pub fn with_fault(self, fault: Fault<Items>) -> Self {
        self.inject(fault);
        self
    }

    /// As [`MemoryOrders::with_fault`], for a table in use.
    pub fn inject(&self, fault: Fault<Items>) {
        self.faults.push(fault);
    }

    /// Adds an item.
    #[must_use]
    pub fn with_item(self, item: OrderItem) -> Self {
        self.items.borrow_mut().insert(item.stored.order.record_id.as_str().to_owned(), item);
        self
    }

    /// Returns a copy of the items.
    #[must_use]
    pub fn items(&self) -> Items {
        self.items.borrow().clone()
    }

    /// Reads or changes the items directly, as another client of the table or DynamoDB's deletion of expired items does.
    pub fn with_items<T>(&self, access: impl FnOnce(&mut Items) -> T) -> T {
        access(&mut self.items.borrow_mut())
    }

    /// Returns the number of transactions received.
    #[must_use]
    pub fn transactions(&self) -> u32 {
        self.transactions.get()
    }

    fn apply(&self, writes: &[Write<'_>], now: Timestamp) -> TransactionOutcome {
        let mut items = self.items.borrow_mut();
        let verdicts: Vec<WriteVerdict> = writes
            .iter()
            .map(|write| {
                let (Write::Put { order, .. } | Write::Confirm { order }) = write;
                let existing = items.get(order.record_id.as_str()).map(|item| &item.stored);
                let live = existing.filter(|existing| is_live(existing.expires_at, now));
                let holds = match write {
                    Write::Put { .. } => live.is_none(),
                    Write::Confirm { .. } => live.is_some_and(|live| live.order == **order),
                };
                if holds {
                    WriteVerdict::Passed
                } else {
                    WriteVerdict::ConditionFailed(existing.cloned().map(Box::new))
                }
            })
            .collect();
        if verdicts.iter().any(|verdict| *verdict != WriteVerdict::Passed) {
            return TransactionOutcome::Cancelled(verdicts);
        }
        for write in writes {
            if let Write::Put { order, acceptance } = write {
                let stored = StoredOrder {
                    order: (*order).clone().into_owned(),
                    accepted_at: acceptance.accepted_at,
                    expires_at: acceptance.expires_at,
                };
                let item = OrderItem {
                    stored,
                    submitted_by: acceptance.submitted_by.map(str::to_owned),
                    submission: acceptance.is_pending.then_some(Submission::Pending),
                };
                items.insert(order.record_id.as_str().to_owned(), item);
            }
        }
        TransactionOutcome::Committed
    }
}

impl OrderTable for MemoryOrders {
    async fn transact(
        &self,
        writes: &[Write<'_>],
        now: Timestamp,
        _: &Deadline,
    ) -> Result<TransactionOutcome, AdapterError> {
        self.transactions.set(self.transactions.get() + 1);
        if writes.is_empty() || writes.len() > TRANSACTION_WRITES as usize {
            return Err(AdapterError::Broken(format!("a transaction of {} writes", writes.len())));
        }
        match self.faults.next() {
            Fault::None => Ok(self.apply(writes, now)),
            Fault::Throttle => Err(AdapterError::Unavailable("the table throttles".to_owned())),
            Fault::Deny => Err(AdapterError::Broken("the table refuses".to_owned())),
            Fault::LoseResponse => {
                self.apply(writes, now);
                Err(AdapterError::Unavailable("no response in time".to_owned()))
            }
            Fault::ConcurrentWrite(change) => {
                change(&mut self.items.borrow_mut());
                Ok(self.apply(writes, now))
            }
            Fault::Conflict => {
                let mut verdicts = vec![WriteVerdict::Passed; writes.len() - 1];
                verdicts.push(WriteVerdict::Contended);
                Ok(TransactionOutcome::Cancelled(verdicts))
            }
        }
    }

    async fn get(&self, record_id: &RecordId<'_>, _: &Deadline) -> Result<Option<OrderItem>, AdapterError> {
        match self.faults.next() {
            Fault::Throttle | Fault::LoseResponse | Fault::Conflict => {
                return Err(AdapterError::Unavailable("the table throttles".to_owned()));
            }
            Fault::Deny => return Err(AdapterError::Broken("the table refuses".to_owned())),
            Fault::ConcurrentWrite(change) => change(&mut self.items.borrow_mut()),
            Fault::None => {}
        }
        Ok(self.items.borrow().get(record_id.as_str()).cloned())
    }
}

impl MemoryOrders {
    /// Executes a conditional write with the fault that is due. `write` gets the item, if it is this order, and the message
    /// that reports it; it returns the result.
    fn write_back<T>(
        &self,
        order: &StoredOrder,
        write: impl FnOnce(Option<&mut OrderItem>, &mut Option<String>) -> T,
    ) -> Result<T, AdapterError> {
        let fault = self.faults.next();
        let items = &mut *self.items.borrow_mut();
        let is_lost = match fault {
            Fault::Throttle | Fault::Conflict => {
                return Err(AdapterError::Unavailable("the table throttles".to_owned()));
            }
            Fault::Deny => return Err(AdapterError::Broken("the table refuses".to_owned())),
            Fault::ConcurrentWrite(change) => {
                change(items);
                false
            }
            Fault::LoseResponse => true,
            Fault::None => false,
        };
        let record_id = order.order.record_id.as_str();
        let item = items.get_mut(record_id).filter(|item| item.stored.accepted_at == order.accepted_at);
        let mut reports = self.reports.borrow_mut();
        let key = (record_id.to_owned(), order.accepted_at);
        let mut message = reports.get(&key).cloned();
        let outcome = write(item, &mut message);
        reports.extend(message.map(|message| (key, message)));
        if is_lost { Err(AdapterError::Unavailable("no response in time".to_owned())) } else { Ok(outcome) }
    }
}

impl SubmissionTable for MemoryOrders {
    async fn record(
        &self,
        order: &StoredOrder,
        submission: &Submission,
        message_id: &str,
        _: &Deadline,
    ) -> Result<WriteBack, AdapterError> {
        self.write_back(order, |item, message| {
            let Some(item) = item else { return WriteBack::Gone };
            let is_pending = item.submission == Some(Submission::Pending);
            let is_refused = matches!(submission, Submission::Refused { .. });
            let was_refused = matches!(item.submission, Some(Submission::Refused { .. }));
            let is_repeated = is_refused && was_refused && message.as_deref() == Some(message_id);
            if !is_pending && !is_repeated {
                return WriteBack::AlreadyWritten;
            }
            item.submission = Some(submission.clone());
            if is_refused {
                *message = Some(message_id.to_owned());
            }
            WriteBack::Written
        })
    }

    async fn claim_report(
        &self,
        order: &StoredOrder,
        message_id: &str,
        _: &Deadline,
    ) -> Result<ReportClaim, AdapterError> {
        self.write_back(order, |item, message| {
            let Some(item) = item else { return ReportClaim::Gone };
            let is_ours = message.as_deref().is_none_or(|claimant| claimant == message_id);
            match &item.submission {
                Some(Submission::Pending) if is_ours => {
                    *message = Some(message_id.to_owned());
                    ReportClaim::Claimed
                }
                Some(Submission::Refused { reason, .. }) if is_ours => ReportClaim::Refused { reason: reason.clone() },
                _ => ReportClaim::NotOurs,
            }
        })
    }
}
