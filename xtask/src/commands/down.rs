//! `cargo xtask down`: stops the local cloud, and removes its data when asked to.

use crate::cloud;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::lock;
use crate::progress::Progress;

/// Stops what runs.
///
/// # Errors
/// When a process cannot be stopped or data cannot be removed.
pub fn down(layout: &Layout, progress: &Progress, wipe: bool) -> Result<(), Failure> {
    let _held = lock::site(layout)?;
    if wipe {
        return progress.step("stop local cloud and remove its data", |_| Ok((cloud::wipe(layout)?, String::new())));
    }
    progress.step("stop local cloud", |_| {
        let told = if cloud::stop(layout)? { "stopped" } else { "nothing ran" };
        Ok(((), told.to_owned()))
    })
}
