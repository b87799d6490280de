//! `cargo xtask run`: starts a results run and follows it.

use std::time::Duration;

use gridbid_devkit::clock;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::print;
use gridbid_local_cloud::results_run;

use super::running::running;

/// Time limit of a run, which polls for up to a minute and retries failed functions.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a slot (the current time by default) and prints what happens.
pub fn run(layout: &Layout, slot: Option<String>) -> Result<(), Failure> {
    let running = running(layout)?;
    let slot = slot.unwrap_or_else(clock::now);
    print(&format!("slot {slot}"));
    let arn = results_run::start(&running.cloud, &running.names.state_machine_arn, &slot)?;
    let run = results_run::follow(&running.cloud, &arn, LIMIT, print)?;
    print(&run.summary());
    if run.execution.status == "SUCCEEDED" { Ok(()) } else { Err(Failure::new("the results run failed")) }
}
