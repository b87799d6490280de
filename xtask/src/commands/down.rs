//! `cargo xtask down`: stops the local cloud, and removes its data on request.

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::lock;
use gridbid_local_cloud::lifecycle;

/// Stops the local cloud.
///
/// # Errors
/// When a process cannot be stopped or data cannot be removed.
pub fn down(context: &Context, wipe: bool) -> Result<(), Failure> {
    let layout = &context.layout;
    let _held = lock::local_cloud(layout)?;
    if wipe {
        return context.step("stop local cloud and remove its data", |_| Ok((lifecycle::wipe(layout)?, String::new())));
    }
    context.step("stop local cloud", |_| {
        let summary = if lifecycle::stop(layout)? { "stopped" } else { "nothing was running" };
        Ok(((), summary.to_owned()))
    })
}
