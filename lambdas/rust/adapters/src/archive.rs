//! The archive of results: JSON objects under derived keys.
//!
//! Implementations: `s3::S3Archive` and `memory::MemoryArchive`. There is no read: no Rust function reads a result.

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

/// Stores results and run summaries.
pub trait ResultArchive {
    /// Stores an object unless its key exists; called once per accepted order. Repeating a call is safe.
    ///
    /// # Errors
    /// An error fails the order. `Unavailable` (throttled, unreachable, no response in time, concurrent write to the
    /// same key) makes the state machine retry it; `Broken` (any other refusal) does not.
    fn put_if_absent(
        &self,
        key: &str,
        json: &str,
        deadline: &Deadline,
    ) -> impl Future<Output = Result<PutOutcome, AdapterError>>;

    /// Stores an object, replacing any existing one; called once per run, for its summary.
    ///
    /// # Errors
    /// An error fails the closing of the run; otherwise as for [`ResultArchive::put_if_absent`].
    fn put(&self, key: &str, json: &str, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;
}
