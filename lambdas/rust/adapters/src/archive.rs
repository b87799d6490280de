//! The archive of results: JSON files under derived keys.
//!
//! The adapters are a bucket of Amazon S3 (feature `s3`) and an archive in memory (feature `memory`). Reading is left
//! out: no Rust function reads a result.

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "s3")]
mod s3;

use std::future::Future;

use crate::{deadline::Deadline, error::AdapterError};

#[cfg(feature = "memory")]
pub use memory::MemoryArchive;
#[cfg(feature = "s3")]
pub use s3::S3Archive;

/// How a file came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It was written now.
    New,
    /// It was there already; keys are derived from the content, so it holds the same bytes.
    AlreadyThere,
}

/// Where results and summaries are filed.
pub trait ResultArchive {
    /// Files JSON under a key, unless the key is taken.
    ///
    /// # Errors
    /// `Unavailable` when the archive throttles, is away, does not answer in time or is being written to at the same
    /// key; `Broken` when it refuses for any other reason.
    fn put_new(&self, key: &str, json: &str, deadline: &Deadline) -> impl Future<Output = Result<Filed, AdapterError>>;

    /// Files JSON under a key, in place of what was there.
    ///
    /// # Errors
    /// As for [`ResultArchive::put_new`].
    fn put(&self, key: &str, json: &str, deadline: &Deadline) -> impl Future<Output = Result<(), AdapterError>>;
}
