//! `cargo xtask status`: the running processes, how much is stored, and what is not done yet.
//!
//! Counts take constant time, except those of orders by their submission, which read the table.

use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::process::Process;
use gridbid_devkit::progress::print;
use gridbid_local_cloud::names::Names;
use gridbid_local_cloud::record::Record;
use gridbid_local_cloud::simulators::Simulators;

use super::running::running;

/// Number of open slots that are named.
const SHOWN_SLOTS: usize = 5;

/// Prints processes, ports and counts.
///
/// # Errors
/// When the cloud is running and does not respond.
pub fn status(layout: &Layout) -> Result<(), Failure> {
    let Some(record) = Record::read(&layout.cloud())? else {
        print("no local cloud was started here; start one with `cargo xtask up`");
        return Ok(());
    };
    for (name, process, port) in [
        ("local cloud", &record.cloud, record.ports.cloud),
        ("simulators", &record.simulators, record.ports.simulators),
    ] {
        print(&format!("{name:<12}  http://127.0.0.1:{port}  {}", format_process(process.as_ref())));
    }
    if !record.is_running() || Names::read(&layout.cloud()).is_err() {
        print("`cargo xtask up` starts what is not running");
        return Ok(());
    }
    counts(layout)
}

fn format_process(process: Option<&Process>) -> String {
    match process {
        Some(process) if process.is_running() => format!("running (process {})", process.pid),
        _ => "not running".to_owned(),
    }
}

fn counts(layout: &Layout) -> Result<(), Failure> {
    let running = running(layout)?;
    let (cloud, names) = (&running.cloud, &running.names);
    let runs = |status: &str| Ok(cloud.execution_count(&names.state_machine_arn, status)?.to_string());
    let objects = |prefix: &str| Ok(cloud.object_count(&names.results_bucket, prefix)?.to_string());
    let simulators = Simulators::new(&running.record.ports, &layout.cloud());
    print(&format!("console       {}", simulators.console_url()));
    print(&format!("HTTP API      {} (Host: {0}.execute-api.localhost:{})", names.api_id, running.record.ports.cloud));
    let counts: [(&str, Result<String, Failure>); 7] = [
        ("orders", Ok(cloud.item_count(&names.orders_table)?.to_string())),
        ("runs done", runs("SUCCEEDED")),
        ("runs failed", runs("FAILED")),
        ("runs going on", runs("RUNNING")),
        ("results", objects("results/")),
        ("summaries", objects("summaries/")),
        ("Slack posts", Ok(simulators.slack_posts()?.len().to_string())),
    ];
    for (name, count) in counts {
        print(&format!("{name:<14}{}", count?));
    }
    for (status, count) in cloud.count_by(&names.orders_table, "submission_status")? {
        print(&format!("  {:<12}{count}", status.as_deref().unwrap_or("not for submission")));
    }
    let open = cloud.open_slots(&names.runs_table)?;
    let first: Vec<&str> = open.iter().take(SHOWN_SLOTS).map(String::as_str).collect();
    print(format!("{:<14}{} {}", "open slots", open.len(), first.join(" ")).trim_end());
    for (name, queue) in [
        ("to submit", &names.submission_queue_url),
        ("not orders", &names.submission_dead_letter_queue_url),
        ("not delivered", &names.undeliverable_queue_url),
        ("not posted", &names.notify_slack_failed_queue_url),
    ] {
        print(&format!("{name:<14}{} messages", cloud.message_count(queue)?));
    }
    for (name, function) in &names.functions {
        print(&format!("function      {name}: {}", function.function_name));
    }
    Ok(())
}
