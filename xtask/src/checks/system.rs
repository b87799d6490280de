//! The whole system on its own local clouds, each from an empty folder, at the same time.
//!
//! One cloud does what `cargo xtask up` does, the example included; then the same after a stop, which must be quick, change nothing
//! and have kept the data; then its processes are killed in turn, a function compiled as for production is deployed, the console is
//! used in a browser, and the HTTP contract is checked. Three others run the scenarios of `tests/system`, with a scripted auction
//! platform and Slack; those of results runs must cover the state machine, and all together the permissions. The clouds are stopped
//! in the end, also after a failure.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gridbid_devkit::cargo::WORKSPACE;
use gridbid_devkit::clock::format_duration;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::lock;
use gridbid_local_cloud::behaviour::FOR_TESTS;
use gridbid_local_cloud::lifecycle;
use gridbid_local_cloud::scenario::{self, FUNCTIONS_VARIABLE, GRIDBID_VARIABLE, SITE_VARIABLE};
use gridbid_package::programs::HostPrograms;
use gridbid_release_format::Profile;

use crate::checks::permissions::Grants;
use crate::checks::{console, contract, kills, paths, release_build, rust};
use crate::commands::logs;
use crate::example;
use crate::system::{self, Deployer, System, Update};

/// Time limit of a second `up`.
const AGAIN_WITHIN: Duration = Duration::from_secs(60);
/// The scenarios that deploy other builds.
const DELIVERIES: &str = "test(/^delivery::/)";
/// The scenarios with an auction platform that is away, slow or returns much.
const PLATFORM: &str = "test(/^(sizes|submission)::/)";

/// The scenario that needs the deploy role.
const DENIED_DEPLOYMENT: &str = "delivery::deployment_is_denied_without_its_grant";
/// The scenarios of minutes.
const MANY_SLOTS: &str = "test(/^many_slots::/)";

/// Runs everything but the scenarios of minutes, on what is already built.
pub fn tests(context: &Context, programs: &HostPrograms) -> Result<(), Failure> {
    let grants = Grants::default();
    let usage = || {
        on_a_cloud(context, "test", |context| {
            show(context, programs)?;
            lifecycle::stop(&context.layout)?;
            let started = Instant::now();
            let system = show(context, programs)?;
            check_unchanged(&system, started.elapsed())?;
            let system = bring_up(context, programs)?;
            kills::check(context, &system)?;
            if !context.layout.is_prebuilt() && context.layout.profile() == Profile::Local {
                release_build::check(context, &system)?;
            }
            console::tests(context, &system)?;
            contract::tests(context, &system)?;
            grants.add(&system.cloud())
        })
    };
    let deliveries = || {
        on_a_cloud(context, "test-deliveries", |context| {
            let system = bring_up_by(Deployer::Role, context, programs)?;
            scenarios(context, &system, "deliveries", DELIVERIES)?;
            grants.add(&system.cloud())
        })
    };
    let platform = || {
        on_a_cloud(context, "test-platform", |context| {
            let system = bring_up(context, programs)?;
            scenarios(context, &system, "platform", PLATFORM)?;
            grants.add(&system.cloud())
        })
    };
    let others = || {
        on_a_cloud(context, "test-scenarios", |context| {
            let system = bring_up(context, programs)?;
            scenarios(context, &system, "scenarios", &format!("not ({DELIVERIES} or {PLATFORM} or {MANY_SLOTS})"))?;
            grants.add(&system.cloud())?;
            context.step("coverage of the state machine", |_| {
                Ok(((), paths::check(&system.cloud(), &system.names.state_machine_arn)?))
            })
        })
    };
    let scenarios = || context.progress.both(deliveries, || context.progress.both(platform, others));
    context.progress.both(usage, scenarios)?;
    context.step("use of permissions", |_| Ok(((), grants.check()?)))
}

/// Runs the scenarios of minutes.
pub fn many_slots(context: &Context) -> Result<(), Failure> {
    let programs = system::build(context)?;
    on_a_cloud(context, "test-many-slots", |context| {
        let variables = scenario::many_slots_variables();
        let system = system::bring_up(context, FOR_TESTS, Update::Built(&programs), &variables)?;
        scenarios(context, &system, "many-slots", MANY_SLOTS)
    })
}

/// Runs only the scenarios whose names contain a text.
pub fn some(context: &Context, text: &str) -> Result<(), Failure> {
    let programs = system::build(context)?;
    let deployer = if DENIED_DEPLOYMENT.contains(text) { Deployer::Role } else { Deployer::Root };
    on_a_cloud(context, "test", |context| {
        let system = bring_up_by(deployer, context, &programs)?;
        scenarios(context, &system, "scenarios", &format!("test({text})"))?;
        Grants::default().add(&system.cloud())
    })
}

/// Does some work on a new local cloud, which is stopped in the end.
fn on_a_cloud(
    context: &Context,
    name: &str,
    work: impl FnOnce(&Context) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let context = &context.with_site(name);
    let layout = &context.layout;
    let _held = lock::local_cloud(layout)?;
    // A killed run may have left a cloud behind.
    lifecycle::wipe(layout)?;
    let result = work(context).map_err(|failure| with_function_logs(layout, failure));
    let stopped = lifecycle::stop(layout);
    if let (Err(_), Err(second)) = (&result, &stopped) {
        context.progress.say(&second.report().to_string());
    }
    result.and(stopped.map(drop))
}

fn with_function_logs(layout: &Layout, failure: Failure) -> Failure {
    match logs::save_all(layout) {
        Ok(file) => failure.with_hint(format!("the logs of the functions: {}", layout.shown(&file))),
        // The cloud may not be running: the failure itself explains more.
        Err(_) => failure,
    }
}

fn bring_up(context: &Context, programs: &HostPrograms) -> Result<System, Failure> {
    bring_up_by(Deployer::Root, context, programs)
}

fn bring_up_by(deployer: Deployer, context: &Context, programs: &HostPrograms) -> Result<System, Failure> {
    system::bring_up_by(deployer, context, FOR_TESTS, Update::Built(programs), &scenario::variables())
}

/// Does what `cargo xtask up` does, with the report in a log.
fn show(context: &Context, programs: &HostPrograms) -> Result<System, Failure> {
    let system = system::bring_up(context, FOR_TESTS, Update::Built(programs), &[])?;
    context.step("example", |_| {
        let report = Mutex::new(String::new());
        let say = |line: &str| {
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            report.push_str(line);
            report.push('\n');
        };
        let done = example::show(&context.layout, &system, &say);
        let log = context.layout.log("example");
        fs::write(&log, report.into_inner().unwrap_or_else(PoisonError::into_inner)).on_file("write", &log)?;
        done.map_err(|failure| failure.with_log(&log))?;
        Ok(((), String::new()))
    })?;
    Ok(system)
}

fn check_unchanged(system: &System, took: Duration) -> Result<(), Failure> {
    if let Some(change) = system.changes.first() {
        let message = format!("a second `up` has changed something: {} {}", change.action, change.address);
        return Err(Failure::new(message));
    }
    if took > AGAIN_WITHIN {
        let (took, limit) = (format_duration(took), format_duration(AGAIN_WITHIN));
        return Err(Failure::new(format!("a second `up` took {took}, more than {limit}")));
    }
    Ok(())
}

fn scenarios(context: &Context, system: &System, name: &str, selection: &str) -> Result<(), Failure> {
    let (layout, nextest) = (&context.layout, rust::nextest(context)?);
    context.step(name, |step| {
        let variables = [
            (SITE_VARIABLE, layout.site().to_path_buf()),
            (FUNCTIONS_VARIABLE, layout.functions()),
            (GRIDBID_VARIABLE, system.programs.gridbid.clone()),
        ];
        rust::run(&nextest, layout, name)
            .args(WORKSPACE)
            .args(["-E", &format!("package(gridbid-system-tests) and {selection}")])
            // They share one table, one bucket and one auction platform.
            .args(["--test-threads", "1", "--no-fail-fast", "--status-level", "pass"])
            .env(variables.map(|(name, path)| (name, Some(path.into_os_string()))))
            .env([rust::NO_BACKTRACE])
            .run(step)?;
        Ok(((), rust::summary(&layout.log(name))))
    })
}
