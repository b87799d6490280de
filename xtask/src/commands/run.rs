//! `cargo xtask run`: starts a results run and follows it.

use std::time::Duration;

use gridbid_devkit::clock;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::print;
use gridbid_local_cloud::results_run;
use gridbid_local_cloud::slot::Slot;

use super::running::running;

/// Time limit of a run, which polls for up to a minute and retries failed functions.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a slot (by default the next one, in which new orders take part) and prints what happens. `ask_again` begins the slot's
/// next attempt.
pub fn run(layout: &Layout, slot: Option<String>, ask_again: bool) -> Result<(), Failure> {
    let running = running(layout)?;
    let slot = slot.unwrap_or_else(|| Slot::after(clock::unix_seconds()).to_string());
    print(&format!("slot {slot}"));
    let start = if ask_again { results_run::start_again } else { results_run::start };
    let arn = start(&running.cloud, &running.names.state_machine_arn, &slot)?;
    let run = results_run::follow(&running.cloud, &arn, LIMIT, print)?;
    print(&run.summary());
    match run.status() {
        Some("already_done") => print("the slot is done; `--ask-again` begins another attempt"),
        Some("already_running") => print("another run has the slot"),
        _ => {}
    }
    if run.execution.status == "SUCCEEDED" { Ok(()) } else { Err(Failure::new("the results run failed")) }
}
