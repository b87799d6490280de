//! Fakes of every outside system, with injectable faults, for tests.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::time::Duration;
//!
//! use gridbid_adapters::{archive::{PutOutcome, ResultArchive}, deadline::Deadline, memory::{Fault, MemoryArchive}};
//!
//! let archive = MemoryArchive::new().with_fault(Fault::LoseResponse);
//! let deadline = Deadline::after(Duration::from_secs(1));
//! assert!(archive.put_if_absent("results/a.json", "{}", &deadline).await.is_err());
//! assert_eq!(archive.put_if_absent("results/a.json", "{}", &deadline).await, Ok(PutOutcome::AlreadyExists));
//! # });
//! ```

mod archive;
mod fault;
mod log;
mod notifier;
mod orders;
mod platform;
mod queue;
mod submission_platform;
mod webhook;

pub use archive::{MemoryArchive, Objects};
pub use fault::Fault;
pub use log::{LogLines, MemoryLog};
pub use notifier::MemoryNotifier;
pub use orders::{Items, MemoryOrders};
pub use platform::MemoryPlatform;
pub use queue::MemoryQueue;
pub use submission_platform::{MemorySubmissionPlatform, SubmissionFault};
pub use webhook::MemoryWebhook;

/// Makes this thread's jitter a function of a seed, so that a simulation can be repeated.
pub fn seed_jitter(seed: u64) {
    crate::random::seed(seed);
}
