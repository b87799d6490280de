//! The archive of results in memory, with whatever disturbances a test asks for.

use std::{cell::RefCell, collections::BTreeMap};

use super::{Filed, ResultArchive};
use crate::{
    deadline::Deadline,
    disturbance::{Disturbance, Script},
    error::AdapterError,
};

/// Files by their keys.
pub type Files = BTreeMap<String, String>;

/// An archive that can be disturbed.
pub struct MemoryArchive {
    files: RefCell<Files>,
    script: Script<Files>,
}

impl Default for MemoryArchive {
    fn default() -> Self {
        Self { files: RefCell::default(), script: Script::new() }
    }
}

impl MemoryArchive {
    /// An empty, undisturbed archive.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what happens to the next call that nothing is planned for yet.
    #[must_use]
    pub fn then(self, disturbance: Disturbance<Files>) -> Self {
        self.script.push(disturbance);
        self
    }

    /// What the archive holds.
    #[must_use]
    pub fn files(&self) -> Files {
        self.files.borrow().clone()
    }

    fn call(&self, act: impl FnOnce(&mut Files) -> Filed) -> Result<Filed, AdapterError> {
        let files = &mut *self.files.borrow_mut();
        match self.script.next() {
            Disturbance::None => Ok(act(files)),
            Disturbance::Throttle | Disturbance::Contend => {
                Err(AdapterError::Unavailable("the archive throttles".to_owned()))
            }
            Disturbance::Deny => Err(AdapterError::Broken("the archive refuses".to_owned())),
            Disturbance::LoseAnswer => {
                act(files);
                Err(AdapterError::Unavailable("no answer in time".to_owned()))
            }
            Disturbance::Interfere(change) => {
                change(files);
                Ok(act(files))
            }
        }
    }
}

impl ResultArchive for MemoryArchive {
    async fn put_new(&self, key: &str, json: &str, _: &Deadline) -> Result<Filed, AdapterError> {
        self.call(|files| {
            if files.contains_key(key) {
                return Filed::AlreadyThere;
            }
            files.insert(key.to_owned(), json.to_owned());
            Filed::New
        })
    }

    async fn put(&self, key: &str, json: &str, _: &Deadline) -> Result<(), AdapterError> {
        self.call(|files| {
            files.insert(key.to_owned(), json.to_owned());
            Filed::New
        })
        .map(drop)
    }
}
