//! The auction platform as the receiver of orders, in memory.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    deadline::Deadline,
    error::AdapterError,
    submission_platform::{SubmissionError, SubmissionPlatform},
};

/// What happens to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmissionFault {
    /// The platform is unreachable.
    Unavailable,
    /// The platform throttles, with this `Retry-After`.
    Throttle(Duration),
    /// The platform receives the orders, but its response is lost.
    LoseResponse,
    /// The platform refuses the request with this status.
    Deny(u16),
    /// The platform receives the orders and returns this body.
    Respond(String),
}

/// A platform that counts an order once per idempotency key, refuses chosen orders, and has injectable faults.
#[derive(Default)]
pub struct MemorySubmissionPlatform {
    slot: String,
    refusals: BTreeMap<String, String>,
    received: RefCell<BTreeMap<String, u32>>,
    requests: RefCell<Vec<String>>,
    faults: RefCell<VecDeque<SubmissionFault>>,
}

impl MemorySubmissionPlatform {
    /// Creates a platform that receives every order for this slot.
    #[must_use]
    pub fn new(slot: &str) -> Self {
        Self { slot: slot.to_owned(), ..Self::default() }
    }

    /// Refuses the orders with this `record_id`.
    #[must_use]
    pub fn refusing(mut self, record_id: &str, reason: &str) -> Self {
        self.refusals.insert(record_id.to_owned(), reason.to_owned());
        self
    }

    /// Appends the fault of the next request that has none yet.
    #[must_use]
    pub fn with_fault(self, fault: SubmissionFault) -> Self {
        self.faults.borrow_mut().push_back(fault);
        self
    }

    /// Returns the bodies of all requests, first to last.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    /// Returns how often each idempotency key was received.
    #[must_use]
    pub fn received(&self) -> BTreeMap<String, u32> {
        self.received.borrow().clone()
    }

    fn receive(&self, request: &str) -> Result<String, AdapterError> {
        let invalid = |error| AdapterError::Broken(format!("the request is not JSON: {error}"));
        let orders: Vec<Value> = serde_json::from_str(request).map_err(invalid)?;
        let text = |order: &Value, name: &str| order[name].as_str().map(str::to_owned).unwrap_or_default();
        let respond = |order: &Value| {
            *self.received.borrow_mut().entry(text(order, "idempotency_key")).or_default() += 1;
            let record_id = text(order, "record_id");
            match self.refusals.get(&record_id) {
                Some(reason) => json!({"record_id": record_id, "status": "refused", "reason": reason}),
                None => json!({"record_id": record_id, "status": "received", "slot": self.slot}),
            }
        };
        Ok(Value::Array(orders.iter().map(respond).collect()).to_string())
    }
}

impl SubmissionPlatform for MemorySubmissionPlatform {
    async fn submit(&self, request: String, _: &Deadline) -> Result<Vec<u8>, SubmissionError> {
        self.requests.borrow_mut().push(request.clone());
        let unavailable = |reason: &str| AdapterError::Unavailable(format!("auction platform: {reason}"));
        let fault = self.faults.borrow_mut().pop_front();
        match fault {
            None => Ok(self.receive(&request)?.into_bytes()),
            Some(SubmissionFault::Unavailable) => Err(unavailable("no connection").into()),
            Some(SubmissionFault::Throttle(delay)) => {
                Err(SubmissionError { error: unavailable("status 429"), retry_after: Some(delay) })
            }
            Some(SubmissionFault::LoseResponse) => {
                self.receive(&request)?;
                Err(unavailable("no response in time").into())
            }
            Some(SubmissionFault::Deny(status)) => {
                Err(AdapterError::Broken(format!("auction platform: status {status}")).into())
            }
            Some(SubmissionFault::Respond(body)) => {
                self.receive(&request)?;
                Ok(body.into_bytes())
            }
        }
    }
}
