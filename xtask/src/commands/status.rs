//! `cargo xtask status`: what runs and what is stored, counted in constant time.

use super::running;
use crate::cloud::names::Names;
use crate::cloud::process::Process;
use crate::cloud::record::Record;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::neighbours::client::Neighbours;
use crate::progress::print;

/// Prints processes, ports and counts.
///
/// # Errors
/// When the cloud runs and does not answer.
pub fn status(layout: &Layout) -> Result<(), Failure> {
    let Some(record) = Record::read(&layout.cloud())? else {
        print("nothing was started here yet: `cargo xtask up` does");
        return Ok(());
    };
    for (name, process, port) in [
        ("local cloud", &record.cloud, record.ports.cloud),
        ("simulators", &record.neighbours, record.ports.neighbours),
    ] {
        print(&format!("{name:<12}  http://127.0.0.1:{port}  {}", told(process.as_ref())));
    }
    if !record.is_running() || Names::read(&layout.cloud()).is_err() {
        print("`cargo xtask up` starts what does not run");
        return Ok(());
    }
    counts(layout)
}

fn told(process: Option<&Process>) -> String {
    match process {
        Some(process) if process.is_running() => format!("runs (process {})", process.pid),
        _ => "does not run".to_owned(),
    }
}

fn counts(layout: &Layout) -> Result<(), Failure> {
    let running = running(layout)?;
    let (cloud, names) = (&running.cloud, &running.names);
    let runs = |status: &str| Ok(cloud.execution_count(&names.state_machine_arn, status)?.to_string());
    let objects = |prefix: &str| Ok(cloud.object_count(&names.results_bucket, prefix)?.to_string());
    let posts = Neighbours::new(&running.record.ports, &layout.cloud()).posts()?.len();
    print(&format!("HTTP API      {} (Host: {0}.execute-api.localhost:{})", names.api_id, running.record.ports.cloud));
    let counts: [(&str, Result<String, Failure>); 7] = [
        ("orders", Ok(cloud.item_count(&names.orders_table)?.to_string())),
        ("runs done", runs("SUCCEEDED")),
        ("runs failed", runs("FAILED")),
        ("runs going on", runs("RUNNING")),
        ("results", objects("results/")),
        ("summaries", objects("summaries/")),
        ("Slack posts", Ok(posts.to_string())),
    ];
    for (name, count) in counts {
        print(&format!("{name:<14}{}", count?));
    }
    for (name, queue) in
        [("not delivered", &names.undeliverable_queue_url), ("not posted", &names.notify_slack_failed_queue_url)]
    {
        print(&format!("{name:<14}{} messages", cloud.message_count(queue)?));
    }
    for (name, function) in &names.functions {
        print(&format!("function      {name}: {}", function.function_name));
    }
    Ok(())
}
