//! Ctrl-C, SIGTERM and a closed terminal (SIGHUP): the command stops what it has started and then fails.
//!
//! A signal only sets a flag. Loops that wait check it, except those that wait for a process to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Makes SIGINT, SIGTERM and SIGHUP set the flag from now on.
///
/// # Errors
/// When the operating system refuses the handlers.
pub fn listen() -> Result<(), Failure> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag))
            .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))?;
    }
    Ok(())
}

/// Fails when a signal was received.
///
/// # Errors
/// An interruption.
pub fn check() -> Result<(), Failure> {
    match INTERRUPTED.get() {
        Some(flag) if flag.load(Ordering::Relaxed) => Err(Failure::interruption()),
        _ => Ok(()),
    }
}
