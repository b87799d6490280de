//! Ctrl-C and SIGTERM: a command then ends as failed, after it has stopped what it started.
//!
//! The signal only sets a flag; loops that wait look at it, and tools that run are asked to end. Called by `main` and by
//! every loop that waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::failure::Failure;

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on SIGINT and SIGTERM set the flag.
///
/// # Errors
/// When the operating system does not let the handlers be set.
pub fn listen() -> Result<(), Failure> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(flag))
            .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    }
    Ok(())
}

/// Fails when a signal has come.
///
/// # Errors
/// A failure that says so.
pub fn check() -> Result<(), Failure> {
    match INTERRUPTED.get() {
        Some(flag) if flag.load(Ordering::Relaxed) => Err(Failure::interruption()),
        _ => Ok(()),
    }
}
