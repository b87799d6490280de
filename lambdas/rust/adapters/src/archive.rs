//! The archive of results: objects of JSON or JSON Lines under derived keys.
//!
//! Implementations: `s3::S3Archive` and `memory::MemoryArchive`.

use std::future::Future;

use crate::{deadline::Deadline, error::AdapterError};

/// The result of a put-if-absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object was written.
    Created,
    /// The key existed. Keys are derived from the content, so the object holds the same bytes.
    AlreadyExists,
}

/// Stores answers, results, reports and run summaries.
pub trait ResultArchive {
    /// Stores an object unless its key exists. Repeating a call is safe.
    ///
    /// # Errors
    /// `Unavailable` (throttled, unreachable, no response in time, concurrent write to the same key) makes the state
    /// machine retry the invocation; `Broken` (any other refusal) does not.
    fn put_if_absent(
        &self,
        key: &str,
        content: &str,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<PutOutcome, AdapterError>>;

    /// Stores an object, replacing any existing one; called once per run, for its summary.
    ///
    /// # Errors
    /// As for [`ResultArchive::put_if_absent`].
    fn put(&self, key: &str, content: &str, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;

    /// Reads an object; `None` if its key does not exist.
    ///
    /// # Errors
    /// As for [`ResultArchive::put_if_absent`].
    fn get(&self, key: &str, deadline: &Deadline) -> impl Future<Output = Result<Option<Vec<u8>>, AdapterError>>;
}

impl<A: ResultArchive> ResultArchive for &A {
    async fn put_if_absent(&self, key: &str, content: &str, deadline: &Deadline) -> Result<PutOutcome, AdapterError> {
        A::put_if_absent(self, key, content, deadline).await
    }

    async fn put(&self, key: &str, content: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        A::put(self, key, content, deadline).await
    }

    async fn get(&self, key: &str, deadline: &Deadline) -> Result<Option<Vec<u8>>, AdapterError> {
        A::get(self, key, deadline).await
    }
}
