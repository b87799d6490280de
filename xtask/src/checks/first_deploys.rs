//! First deployments in a row, each to an empty cloud: a connection that breaks once in some thousand calls shows here.
//!
//! Six clouds are worked on at the same time, since most of a first deployment is waiting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::cloud::{self, FOR_TESTS};
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::{Progress, Step};
use crate::system::{self, Tools};

const LANES: usize = 6;

/// Deploys so often to an empty cloud.
///
/// # Errors
/// The first deployment that fails.
pub fn check(layout: &Layout, progress: &Progress, tools: &Tools, count: usize) -> Result<(), Failure> {
    // Built once, before the clouds that share it.
    system::build(layout, progress, tools)?;
    progress.step("first deployments", |step| {
        let done = AtomicUsize::new(0);
        let lanes: Result<Vec<()>, Failure> = thread::scope(|scope| {
            let lane = |number| {
                let (done, layout) = (&done, layout.with_site(&format!("first-deploys-{number}")));
                scope.spawn(move || deploy_until(&layout, tools, done, count, step))
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
    layout: &Layout,
    tools: &Tools,
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
        cloud::wipe(layout)?;
        let deployed = system::bring_up(layout, &Progress::quiet(), tools, FOR_TESTS, |_| Vec::new());
        if deployed.is_err() {
            // The others need not go on.
            started.store(count, Ordering::Relaxed);
        }
        deployed?;
        cloud::wipe(layout)?;
    }
}
