//! The whole system on a local cloud of its own, in `.gridbid/test`, from an empty folder.
//!
//! First what `cargo xtask up` does, main job included; then the same again after a stop, which must be quick, change
//! nothing and have kept the data; then the scenarios of `tests/system`, against an auction platform and a Slack that do
//! what they are told, and whether they took every way through the state machine; then the HTTP contract. Whatever
//! happens, the cloud is stopped in the end. Called by `commands::test`.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use crate::cargo::WORKSPACE;
use crate::checks::{contract, kills, paths, release_build, rust};
use crate::clock::words;
use crate::cloud::client::Cloud;
use crate::cloud::record::Record;
use crate::cloud::{self, FOR_TESTS};
use crate::commands::logs;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::lock;
use crate::main_job;
use crate::neighbours::client::Neighbours;
use crate::package::manifest::Profile;
use crate::progress::{Progress, print};
use crate::system::{self, System, Tools};

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

/// Runs it all.
///
/// # Errors
/// The first thing that does not hold.
pub fn tests(layout: &Layout, progress: &Progress, tools: &Tools, filter: Option<&str>) -> Result<(), Failure> {
    let layout = layout.for_tests();
    let _held = lock::site(&layout)?;
    // What a run before this one may have left behind when it was killed.
    cloud::wipe(&layout)?;
    let result = in_order(&layout, progress, tools, filter);
    let stopped = progress.step("stop the tests' local cloud", |_| {
        cloud::stop(&layout)?;
        Ok(((), String::new()))
    });
    result.and(stopped)
}

fn in_order(layout: &Layout, progress: &Progress, tools: &Tools, filter: Option<&str>) -> Result<(), Failure> {
    if filter.is_none() {
        show(layout, progress, tools)?;
        cloud::stop(layout)?;
        let started = Instant::now();
        let system = show(layout, progress, tools)?;
        unchanged(&system, started.elapsed())?;
    }
    let system = system::bring_up(layout, progress, tools, FOR_TESTS, |record| scenario_variables(layout, record))?;
    let tested = scenarios(layout, progress, &system, filter).and_then(|()| match filter {
        None => {
            ways(progress, &system)?;
            kills::check(layout, progress, &system)?;
            if !layout.is_prebuilt() && layout.profile() == Profile::Local {
                release_build::check(layout, progress, tools, &system)?;
            }
            // Its orders would get in the scenarios' way, so it comes last.
            contract::tests(layout, progress, tools, &system)
        }
        Some(_) => Ok(()),
    });
    tested.map_err(|failure| match logs::save_all(layout, &system) {
        Ok(file) => failure.with_todo(format!("what the functions wrote: {}", layout.shown(&file))),
        Err(_) => failure,
    })
}

fn ways(progress: &Progress, system: &System) -> Result<(), Failure> {
    progress.step("ways through the state machine", |_| {
        let cloud = Cloud::new(&system.record.ports);
        Ok(((), paths::check(&cloud, &system.names.state_machine_arn)?))
    })
}

fn show(layout: &Layout, progress: &Progress, tools: &Tools) -> Result<System, Failure> {
    let system = system::bring_up(layout, progress, tools, FOR_TESTS, |_| Vec::new())?;
    if let Err(failure) = main_job::show(layout, &system) {
        return Err(failure.with_log(logs::save_all(layout, &system)?));
    }
    print("");
    Ok(system)
}

fn unchanged(system: &System, took: Duration) -> Result<(), Failure> {
    if let Some(change) = system.changes.first() {
        let sentence = format!("a second `up` changes something: {} {}", change.action, change.address);
        return Err(Failure::new(sentence));
    }
    if took > AGAIN_WITHIN {
        let sentence = format!("a second `up` took {}, more than {}", words(took), words(AGAIN_WITHIN));
        return Err(Failure::new(sentence));
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

fn scenarios(layout: &Layout, progress: &Progress, system: &System, filter: Option<&str>) -> Result<(), Failure> {
    let nextest = rust::nextest(layout, progress)?;
    progress.step("scenarios", |step| {
        let site: OsString = layout.site().as_os_str().to_owned();
        let functions = layout.functions().into_os_string();
        rust::run(&nextest, layout, "scenarios")
            .args(WORKSPACE)
            .args(["-E", "package(xtask) and binary(system)"])
            // They share one table, one bucket, one lock of the runs.
            .args(["--test-threads", "1", "--no-fail-fast", "--status-level", "pass"])
            .args(filter)
            .env([(SITE_VARIABLE, Some(site)), (FUNCTIONS_VARIABLE, Some(functions))])
            .env([(GRIDBID_VARIABLE, Some(system.gridbid.clone().into_os_string())), rust::NO_BACKTRACE])
            .run(step)?;
        Ok(((), rust::summary(&layout.log("scenarios"))))
    })
}
