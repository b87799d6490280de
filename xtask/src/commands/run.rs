//! `cargo xtask run`: starts a results run by hand and follows it. Called by `main`.

use std::time::Duration;

use super::running;
use crate::clock;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::print;
use crate::results_run;

/// A run waits for results for at most a minute, and for Lambda's retries.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a slot (now, when none is named) and prints what happened.
///
/// # Errors
/// When the run fails.
pub fn run(layout: &Layout, slot: Option<String>) -> Result<(), Failure> {
    let running = running(layout)?;
    let slot = slot.unwrap_or_else(|| clock::rfc3339(clock::unix_seconds()));
    print(&format!("slot {slot}"));
    let arn = results_run::start(&running.cloud, &running.names.state_machine_arn, &slot)?;
    let ended = results_run::follow(&running.cloud, &arn, LIMIT, print)?;
    print(&ended.told());
    if ended.execution.status == "SUCCEEDED" { Ok(()) } else { Err(Failure::new("the results run failed")) }
}
