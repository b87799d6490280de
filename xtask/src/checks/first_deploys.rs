//! Consecutive first deployments, each to an empty cloud: to catch connection failures that occur once in several thousand calls.
//!
//! Six clouds are used at the same time, because a first deployment mostly waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::Step;
use gridbid_local_cloud::behaviour::FOR_TESTS;
use gridbid_local_cloud::lifecycle;
use gridbid_package::programs::HostPrograms;

use crate::system::{self, Update};

const LANES: usize = 6;

/// Deploys `count` times to an empty cloud.
pub fn check(context: &Context, count: usize) -> Result<(), Failure> {
    // Built once for all clouds.
    let programs = system::build(context)?;
    context.step("first deployments", |step| {
        let started = AtomicUsize::new(0);
        let lanes: Result<Vec<()>, Failure> = thread::scope(|scope| {
            let lane = |number| {
                let (started, programs) = (&started, &programs);
                let context = context.with_site(&format!("first-deploys-{number}")).quiet();
                scope.spawn(move || deploy_until(&context, programs, started, count, step))
            };
            let lanes: Vec<_> = (0..LANES).map(lane).collect();
            let panicked = || Failure::new("a lane of first deployments panicked");
            lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| Err(panicked()))).collect()
        });
        lanes?;
        Ok(((), format!("{count} without a failure")))
    })
}

fn deploy_until(
    context: &Context,
    programs: &HostPrograms,
    started: &AtomicUsize,
    count: usize,
    step: &Step,
) -> Result<(), Failure> {
    loop {
        let number = started.fetch_add(1, Ordering::Relaxed) + 1;
        if number > count {
            return Ok(());
        }
        step.check()?;
        step.note(format!("{number} of {count}"));
        lifecycle::wipe(&context.layout)?;
        let deployed = system::bring_up(context, FOR_TESTS, Update::Built(programs), &[]);
        if deployed.is_err() {
            // The other lanes stop after their current deployment.
            started.store(count, Ordering::Relaxed);
        }
        deployed?;
        lifecycle::wipe(&context.layout)?;
    }
}
