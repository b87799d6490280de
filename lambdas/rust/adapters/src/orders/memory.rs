//! The table of orders in memory, with DynamoDB's conditions and whatever disturbances a test asks for.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use gridbid_core::{
    expiry::{Instant, is_live},
    order::RecordId,
    stored::StoredOrder,
};

use super::{OrderTable, TRANSACTION_WRITES, Transacted, Verdict, Write};
use crate::{
    deadline::Deadline,
    disturbance::{Disturbance, Script},
    error::AdapterError,
};

/// Items by their `record_id`.
pub type Items = BTreeMap<String, StoredOrder>;

/// A table that can be disturbed.
pub struct MemoryOrders {
    items: RefCell<Items>,
    script: Script<Items>,
    transactions: Cell<u32>,
}

impl Default for MemoryOrders {
    fn default() -> Self {
        Self { items: RefCell::default(), script: Script::new(), transactions: Cell::new(0) }
    }
}

impl MemoryOrders {
    /// An empty, undisturbed table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what happens to the next call that nothing is planned for yet.
    #[must_use]
    pub fn then(self, disturbance: Disturbance<Items>) -> Self {
        self.disturb(disturbance);
        self
    }

    /// As [`MemoryOrders::then`], for a table in use.
    pub fn disturb(&self, disturbance: Disturbance<Items>) {
        self.script.push(disturbance);
    }

    /// What the table holds.
    #[must_use]
    pub fn items(&self) -> Items {
        self.items.borrow().clone()
    }

    /// How many transactions were sent to it.
    #[must_use]
    pub fn transactions(&self) -> u32 {
        self.transactions.get()
    }

    fn apply(&self, writes: &[Write<'_>], now: Instant) -> Transacted {
        let mut items = self.items.borrow_mut();
        let verdicts: Vec<Verdict> = writes
            .iter()
            .map(|write| {
                let (Write::Put { order, .. } | Write::Confirm { order }) = write;
                let there = items.get(order.record_id.as_str());
                let live = there.filter(|there| is_live(there.expires_at, now));
                let holds = match write {
                    Write::Put { .. } => live.is_none(),
                    Write::Confirm { .. } => live.is_some_and(|live| live.order == **order),
                };
                if holds { Verdict::Fine } else { Verdict::Refused(there.cloned().map(Box::new)) }
            })
            .collect();
        if verdicts.iter().any(|verdict| *verdict != Verdict::Fine) {
            return Transacted::Cancelled(verdicts);
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
        Transacted::Done
    }
}

impl OrderTable for MemoryOrders {
    async fn transact(&self, writes: &[Write<'_>], now: Instant, _: &Deadline) -> Result<Transacted, AdapterError> {
        self.transactions.set(self.transactions.get() + 1);
        if writes.is_empty() || writes.len() > TRANSACTION_WRITES as usize {
            return Err(AdapterError::Broken(format!("a transaction of {} writes", writes.len())));
        }
        match self.script.next() {
            Disturbance::None => Ok(self.apply(writes, now)),
            Disturbance::Throttle => Err(AdapterError::Unavailable("the table throttles".to_owned())),
            Disturbance::Deny => Err(AdapterError::Broken("the table refuses".to_owned())),
            Disturbance::LoseAnswer => {
                self.apply(writes, now);
                Err(AdapterError::Unavailable("no answer in time".to_owned()))
            }
            Disturbance::Interfere(change) => {
                change(&mut self.items.borrow_mut());
                Ok(self.apply(writes, now))
            }
            Disturbance::Contend => {
                let mut verdicts = vec![Verdict::Fine; writes.len() - 1];
                verdicts.push(Verdict::Contended);
                Ok(Transacted::Cancelled(verdicts))
            }
        }
    }

    async fn get(&self, record_id: &RecordId<'_>, _: &Deadline) -> Result<Option<StoredOrder>, AdapterError> {
        match self.script.next() {
            Disturbance::Throttle | Disturbance::LoseAnswer | Disturbance::Contend => {
                Err(AdapterError::Unavailable("the table throttles".to_owned()))
            }
            Disturbance::Deny => Err(AdapterError::Broken("the table refuses".to_owned())),
            Disturbance::None => Ok(self.items.borrow().get(record_id.as_str()).cloned()),
            Disturbance::Interfere(change) => {
                change(&mut self.items.borrow_mut());
                Ok(self.items.borrow().get(record_id.as_str()).cloned())
            }
        }
    }
}
