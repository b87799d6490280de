//! File locks: one command at a time uses a local cloud, and one changes what all local clouds share (zips, packages, tools).
//!
//! The operating system releases a lock when its process ends. Several threads of one command may hold the shared lock at
//! the same time.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;

/// A lock, held until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Held {
    file: Arc<File>,
}

/// The shared lock, while this process holds it.
static SHARED: Mutex<Weak<File>> = Mutex::new(Weak::new());

/// Takes the lock of a local cloud.
///
/// # Errors
/// When another command holds it.
pub fn local_cloud(layout: &Layout) -> Result<Held, Failure> {
    match attempt(&layout.site().join("lock"))? {
        Some(held) => Ok(held),
        None => {
            Err(Failure::new("another `cargo xtask` is using this local cloud").with_hint("wait until it finishes"))
        }
    }
}

/// Takes the lock of the files that all local clouds share; waits while another command holds it.
///
/// # Errors
/// When the file cannot be made.
pub fn shared(layout: &Layout, step: &Step) -> Result<Held, Failure> {
    let file = layout.home().join("shared-lock");
    loop {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = shared.upgrade() {
            return Ok(Held { file });
        }
        if let Some(held) = attempt(&file)? {
            *shared = Arc::downgrade(&held.file);
            return Ok(held);
        }
        drop(shared);
        step.note("waiting for another `cargo xtask`");
        step.check()?;
        thread::sleep(Duration::from_millis(200));
    }
}

fn attempt(file: &Path) -> Result<Option<Held>, Failure> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).on_file("make", folder)?;
    }
    let handle = File::create(file).on_file("make", file)?;
    match handle.try_lock() {
        Ok(()) => Ok(Some(Held { file: Arc::new(handle) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).on_file("lock", file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_is_held_until_it_is_dropped() {
        let file = std::env::temp_dir().join(format!("gridbid-lock-{}", std::process::id()));
        let held = attempt(&file).unwrap();
        assert!(held.is_some());
        assert!(attempt(&file).unwrap().is_none());
        drop(held);
        assert!(attempt(&file).unwrap().is_some());
        fs::remove_file(file).unwrap();
    }
}
