//! The archive in memory.

use std::{cell::RefCell, collections::BTreeMap};

use super::fault::{Fault, FaultQueue};
use crate::{
    archive::{PutOutcome, ResultArchive},
    deadline::Deadline,
    error::AdapterError,
};

/// Objects by key.
pub type Objects = BTreeMap<String, String>;

/// An archive with injectable faults.
#[derive(Default)]
pub struct MemoryArchive {
    objects: RefCell<Objects>,
    faults: FaultQueue<Objects>,
}

impl MemoryArchive {
    /// Creates an empty archive without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the fault of the next call that has none yet.
    #[must_use]
    pub fn with_fault(self, fault: Fault<Objects>) -> Self {
        self.faults.push(fault);
        self
    }

    /// Returns a copy of the stored objects.
    #[must_use]
    pub fn objects(&self) -> Objects {
        self.objects.borrow().clone()
    }

    /// Returns a copy of one object.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<String> {
        self.objects.borrow().get(key).cloned()
    }

    fn call<T>(&self, act: impl FnOnce(&mut Objects) -> T) -> Result<T, AdapterError> {
        let objects = &mut *self.objects.borrow_mut();
        match self.faults.next() {
            Fault::None => Ok(act(objects)),
            Fault::Throttle | Fault::Conflict => Err(AdapterError::Unavailable("the archive throttles".to_owned())),
            Fault::Deny => Err(AdapterError::Broken("the archive refuses".to_owned())),
            Fault::LoseResponse => {
                act(objects);
                Err(AdapterError::Unavailable("no response in time".to_owned()))
            }
            Fault::ConcurrentWrite(change) => {
                change(objects);
                Ok(act(objects))
            }
        }
    }
}

impl ResultArchive for MemoryArchive {
    async fn put_if_absent(&self, key: &str, json: &str, _: &Deadline) -> Result<PutOutcome, AdapterError> {
        self.call(|objects| {
            if objects.contains_key(key) {
                return PutOutcome::AlreadyExists;
            }
            objects.insert(key.to_owned(), json.to_owned());
            PutOutcome::Created
        })
    }

    async fn put(&self, key: &str, json: &str, _: &Deadline) -> Result<(), AdapterError> {
        self.call(|objects| {
            objects.insert(key.to_owned(), json.to_owned());
        })
    }

    async fn get(&self, key: &str, _: &Deadline) -> Result<Option<Vec<u8>>, AdapterError> {
        self.call(|objects| objects.get(key).map(|content| content.clone().into_bytes()))
    }
}
