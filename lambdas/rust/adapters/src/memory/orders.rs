//! The table of orders in memory, with DynamoDB's conditions.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use gridbid_core::{
    expiry::{Timestamp, is_live},
    order::RecordId,
    stored::StoredOrder,
};

use super::fault::{Fault, FaultQueue};
use crate::{
    deadline::Deadline,
    error::AdapterError,
    orders::{OrderTable, TRANSACTION_WRITES, TransactionOutcome, Write, WriteVerdict},
};

/// Orders by `record_id`.
pub type Items = BTreeMap<String, StoredOrder>;

/// A table with injectable faults.
#[derive(Default)]
pub struct MemoryOrders {
    items: RefCell<Items>,
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

    /// Returns a copy of the stored orders.
    #[must_use]
    pub fn items(&self) -> Items {
        self.items.borrow().clone()
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
                let existing = items.get(order.record_id.as_str());
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
            if let Write::Put { order, accepted_at, expires_at } = write {
                let stored = StoredOrder {
                    order: (*order).clone().into_owned(),
                    accepted_at: *accepted_at,
                    expires_at: *expires_at,
                };
                items.insert(order.record_id.as_str().to_owned(), stored);
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

    async fn get(&self, record_id: &RecordId<'_>, _: &Deadline) -> Result<Option<StoredOrder>, AdapterError> {
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
