//! `cargo xtask up`: builds, starts and deploys the system on a local cloud, runs the example, and leaves the system running.

use std::time::Instant;

use gridbid_devkit::clock::format_duration;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::lock;
use gridbid_devkit::progress::print;
use gridbid_local_cloud::behaviour::INTERACTIVE;
use gridbid_local_cloud::lifecycle;
use gridbid_local_cloud::record::Record;
use gridbid_local_cloud::simulators::Simulators;

use crate::commands::logs;
use crate::example;
use crate::system::{self, System, Update};

/// Brings the system up, runs the example and prints how to use the system.
///
/// # Errors
/// The failure of the first step that failed; nothing that this call started is running then.
pub fn up(context: &Context) -> Result<(), Failure> {
    let (started, layout) = (Instant::now(), &context.layout);
    let _held = lock::local_cloud(layout)?;
    context.tools()?;
    let was_running = Record::read(&layout.cloud())?.is_some_and(|record| record.is_running());
    let system = system::bring_up(context, INTERACTIVE, Update::Everything, &[])?;
    // Creations are not printed: a first deployment has more than 80.
    for change in system.changes.iter().filter(|change| change.action != "create") {
        context.progress.say(&format!("    {}: {}", change.action, change.address));
    }
    if let Err(failure) = example::show(layout, &system, &print) {
        let failure = match logs::save_all(layout) {
            Ok(log) => failure.with_log(log),
            Err(unsaved) => {
                context.progress.say(&format!("  the logs of the functions were not saved: {unsaved}"));
                failure
            }
        };
        if !was_running {
            lifecycle::stop_after_failure(layout, &context.progress);
        }
        return Err(failure);
    }
    print_usage(layout, &system);
    context.progress.say(&format!("\nup in {}", format_duration(started.elapsed())));
    Ok(())
}

fn print_usage(layout: &Layout, system: &System) {
    let (port, api) = (system.record.ports.cloud, &system.names.api_id);
    let functions = system.names.functions.keys().cloned().collect::<Vec<_>>().join(", ");
    print("\nThe system is running and starts a results run every five minutes. Use it:");
    let console = Simulators::new(&system.record.ports, &layout.cloud()).console_url();
    if layout.console().join("index.html").is_file() {
        print(&format!("  {console:<29}the console: check and submit orders, see the day's results"));
    }
    for (command, meaning) in [
        ("cargo xtask post FILE", "store the orders of a file and follow their submission"),
        ("cargo xtask run --slot SLOT", "start a results run and follow it"),
        ("cargo xtask watch", "deploy whatever changes in the repository"),
        ("cargo xtask status", "show the processes, how much is stored, and what is not done yet"),
        ("cargo xtask logs FUNCTION", functions.as_str()),
        ("cargo xtask down", "stop it and keep its data (--wipe removes it)"),
    ] {
        print(&format!("  {command:<29}{meaning}"));
    }
    print(&format!("  curl -H 'Host: {api}.execute-api.localhost:{port}' http://127.0.0.1:{port}/orders/unique_id_1"));
}
