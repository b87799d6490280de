//! `cargo xtask up`: from a fresh clone to the main job's report, and the system left running.
//!
//! Called by `main`.

use std::time::Instant;

use crate::clock::words;
use crate::cloud::record::Record;
use crate::cloud::{self, FOR_PEOPLE};
use crate::commands::logs;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::lock;
use crate::main_job;
use crate::progress::{Progress, print};
use crate::system::{self, System, Tools};

/// Brings the system up, does the main job and says how to go on.
///
/// # Errors
/// The failure of the first step that failed; nothing that this call started runs then.
pub fn up(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    let started = Instant::now();
    let _held = lock::site(layout)?;
    let tools = Tools::find(progress)?;
    let ran = Record::read(&layout.cloud())?.is_some_and(|record| record.is_running());
    let system = system::bring_up(layout, progress, &tools, FOR_PEOPLE, |_| Vec::new())?;
    for change in &system.changes {
        // A first apply creates a hundred resources: only what differs from before is worth a line.
        if change.action != "create" {
            progress.say(&format!("    {}: {}", change.action, change.address));
        }
    }
    if let Err(failure) = main_job::show(layout, &system, &print) {
        let failure = failure.with_log(logs::save_all(layout)?);
        if !ran {
            cloud::stop_after_failure(layout, progress);
        }
        return Err(failure);
    }
    usage(&system);
    progress.say(&format!("\nup in {}", words(started.elapsed())));
    Ok(())
}

fn usage(system: &System) {
    let (port, api) = (system.record.ports.cloud, &system.names.api_id);
    let functions = system.names.functions.keys().cloned().collect::<Vec<_>>().join(", ");
    print("\nIt runs, and starts a results run by itself every five minutes. Use it:");
    for (command, meaning) in [
        ("cargo xtask post FILE", "store the orders of a file"),
        ("cargo xtask run", "start a results run and follow it"),
        ("cargo xtask watch", "deploy whatever changes in the repository"),
        ("cargo xtask status", "what runs and what is stored"),
        ("cargo xtask logs FUNCTION", functions.as_str()),
        ("cargo xtask down", "stop it; its data stays (--wipe removes it)"),
    ] {
        print(&format!("  {command:<27}{meaning}"));
    }
    print(&format!("  curl -H 'Host: {api}.execute-api.localhost:{port}' http://127.0.0.1:{port}/orders/unique_id_1"));
}
