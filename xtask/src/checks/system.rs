//! The whole system on local clouds of its own, each from an empty folder, at the same time.
//!
//! One cloud does what `cargo xtask up` does, main job included; then the same again after a stop, which must be quick, change
//! nothing and have kept the data; then its processes are killed in turn, a function is deployed that was compiled as for
//! production, and the HTTP contract is checked. Two others run the scenarios of `tests/system`, against an auction platform and a
//! Slack that follow their scripts; the scenarios must have taken every way through the state machine. Whatever happens, the
//! clouds are stopped in the end.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gridbid_devkit::cargo::WORKSPACE;
use crate::checks::{contract, kills, paths, release_build, rust};
use gridbid_devkit::clock::words;
use crate::cloud::client::Cloud;
use crate::cloud::record::Record;
use crate::cloud::{self, FOR_TESTS};
use crate::commands::logs;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::lock;
use crate::main_job;
use crate::neighbours::client::Neighbours;
use crate::package::manifest::Profile;
use gridbid_devkit::progress::Progress;
use crate::system::{self, System, Tools, Update};

/// A second `up` may take so long.
const AGAIN_WITHIN: Duration = Duration::from_secs(60);
/// The seconds between two polls and until the deadline in the scenarios.
pub const POLL_SECONDS: u64 = 1;
/// See [`POLL_SECONDS`].
pub const DEADLINE_SECONDS: u64 = 8;

/// Tells the scenarios where their local cloud's folder lies.
pub const SITE_VARIABLE: &str = "GRIDBID_SYSTEM_SITE";
/// Tells the scenarios where the zips lie that the cloud runs.
pub const FUNCTIONS_VARIABLE: &str = "GRIDBID_SYSTEM_FUNCTIONS";
/// Tells the scenarios where the delivery binary lies.
pub const GRIDBID_VARIABLE: &str = "GRIDBID_SYSTEM_GRIDBID";

/// The scenarios that deploy other builds.
const DELIVERIES: &str = "test(/^delivery::/)";

/// Runs it all; `gridbid` is the delivery command, and everything else is built already.
///
/// # Errors
/// The first thing that does not hold.
pub fn tests(layout: &Layout, progress: &Progress, tools: &Tools, gridbid: &Path) -> Result<(), Failure> {
    let use_it = || {
        on_a_cloud(layout, "test", progress, |layout| {
            show(layout, progress, tools, gridbid)?;
            cloud::stop(layout)?;
            let started = Instant::now();
            let system = show(layout, progress, tools, gridbid)?;
            unchanged(&system, started.elapsed())?;
            let system = bring_up(layout, progress, tools, gridbid)?;
            kills::check(layout, progress, &system)?;
            if !layout.is_prebuilt() && layout.profile() == Profile::Local {
                release_build::check(layout, progress, tools, &system)?;
            }
            contract::tests(layout, progress, tools, &system)
        })
    };
    let deliveries = || {
        on_a_cloud(layout, "test-deliveries", progress, |layout| {
            let system = bring_up(layout, progress, tools, gridbid)?;
            scenarios(layout, progress, &system, "deliveries", DELIVERIES)
        })
    };
    let others = || {
        on_a_cloud(layout, "test-scenarios", progress, |layout| {
            let system = bring_up(layout, progress, tools, gridbid)?;
            scenarios(layout, progress, &system, "scenarios", &format!("not {DELIVERIES}"))?;
            ways(progress, &system)
        })
    };
    progress.both(use_it, || progress.both(deliveries, others)).map(drop)
}

/// Runs only the scenarios whose names contain a text.
///
/// # Errors
/// The first that fails.
pub fn some(layout: &Layout, progress: &Progress, tools: &Tools, text: &str) -> Result<(), Failure> {
    let gridbid = system::build(layout, progress, tools)?;
    on_a_cloud(layout, "test", progress, |layout| {
        let system = bring_up(layout, progress, tools, &gridbid)?;
        scenarios(layout, progress, &system, "scenarios", &format!("test({text})"))
    })
}

/// Does something on a cloud of its own, from an empty folder; it is stopped in the end.
fn on_a_cloud(
    layout: &Layout,
    name: &str,
    progress: &Progress,
    work: impl FnOnce(&Layout) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let layout = layout.with_site(name);
    let _held = lock::site(&layout)?;
    // What a run before this one may have left behind when it was killed.
    cloud::wipe(&layout)?;
    let result = work(&layout).map_err(|failure| with_function_logs(&layout, failure));
    let stopped = cloud::stop(&layout);
    if let (Err(_), Err(second)) = (&result, &stopped) {
        progress.say(&second.report().to_string());
    }
    result.and(stopped.map(drop))
}

fn with_function_logs(layout: &Layout, failure: Failure) -> Failure {
    match logs::save_all(layout) {
        Ok(file) => failure.with_hint(format!("what the functions wrote: {}", layout.shown(&file))),
        // The cloud may not run: the failure itself says more.
        Err(_) => failure,
    }
}

fn bring_up(layout: &Layout, progress: &Progress, tools: &Tools, gridbid: &Path) -> Result<System, Failure> {
    let variables = |record: &Record| scenario_variables(layout, record);
    system::update(layout, progress, tools, FOR_TESTS, Update::Built(gridbid), variables)
}

fn ways(progress: &Progress, system: &System) -> Result<(), Failure> {
    progress.step("ways through the state machine", |_| {
        let cloud = Cloud::new(&system.record.ports);
        Ok(((), paths::check(&cloud, &system.names.state_machine_arn)?))
    })
}

/// What `cargo xtask up` does, with its report in a log.
fn show(layout: &Layout, progress: &Progress, tools: &Tools, gridbid: &Path) -> Result<System, Failure> {
    let system = system::update(layout, progress, tools, FOR_TESTS, Update::Built(gridbid), |_| Vec::new())?;
    progress.step("main job", |_| {
        let report = Mutex::new(String::new());
        let say = |line: &str| {
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            report.push_str(line);
            report.push('\n');
        };
        let done = main_job::show(layout, &system, &say);
        let log = layout.log("main-job");
        fs::write(&log, report.into_inner().unwrap_or_else(PoisonError::into_inner)).on_file("write", &log)?;
        done.map_err(|failure| failure.with_log(&log))?;
        Ok(((), String::new()))
    })?;
    Ok(system)
}

fn unchanged(system: &System, took: Duration) -> Result<(), Failure> {
    if let Some(change) = system.changes.first() {
        let message = format!("a second `up` changes something: {} {}", change.action, change.address);
        return Err(Failure::new(message));
    }
    if took > AGAIN_WITHIN {
        let message = format!("a second `up` took {}, more than {}", words(took), words(AGAIN_WITHIN));
        return Err(Failure::new(message));
    }
    Ok(())
}

/// What the scenarios' cloud is told beside what every local one is.
#[must_use]
pub fn scenario_variables(layout: &Layout, record: &Record) -> Vec<(&'static str, String)> {
    let neighbours = Neighbours::new(&record.ports, &layout.cloud());
    vec![
        ("auction_platform_url", neighbours.auction_url()),
        // Its runs would get in the way of the scenarios'.
        ("schedule_enabled", "false".to_owned()),
        ("poll_seconds", POLL_SECONDS.to_string()),
        ("deadline_seconds", DEADLINE_SECONDS.to_string()),
    ]
}

fn scenarios(layout: &Layout, progress: &Progress, system: &System, name: &str, which: &str) -> Result<(), Failure> {
    let nextest = rust::nextest(layout, progress)?;
    progress.step(name, |step| {
        let site: OsString = layout.site().as_os_str().to_owned();
        let functions = layout.functions().into_os_string();
        rust::run(&nextest, layout, name)
            .args(WORKSPACE)
            .args(["-E", &format!("package(xtask) and binary(system) and {which}")])
            // They share one table, one bucket, one lock of the runs.
            .args(["--test-threads", "1", "--no-fail-fast", "--status-level", "pass"])
            .env([(SITE_VARIABLE, Some(site)), (FUNCTIONS_VARIABLE, Some(functions))])
            .env([(GRIDBID_VARIABLE, Some(system.gridbid.clone().into_os_string())), rust::NO_BACKTRACE])
            .run(step)?;
        Ok(((), rust::summary(&layout.log(name))))
    })
}
