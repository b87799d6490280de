//! `cargo xtask bench functions`: compares Gridbid's functions with common alternatives in one run.
//!
//! Each function is started from the content of its zip, limited to one processor, with a fake of Lambda's runtime API and a
//! fake AWS with a set latency. Cold starts, warm requests, CPU time, memory, sizes and a price are printed as Markdown
//! tables. The network and the time before a process starts (the download of the zip, the micro virtual machine) can be
//! measured only on Lambda. Linux only.

pub mod aws;
pub mod certificate;
pub mod events;
pub mod execution;
pub mod implementations;
pub mod measure;
mod price;
pub mod quota;
pub mod report;
mod runtime_api;
pub mod sample;
mod server;

use std::time::{Duration, Instant};

use gridbid_devkit::clock::format_duration;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::lock;
use gridbid_devkit::progress::print;

use aws::FakeAws;
use implementations::Implementation;
use measure::{Batch, Effort, Endpoint};
use quota::Quota;
use report::Results;

/// Requests that end at different stages, which shows where the time of a request goes.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    /// The probe: the runtime and the log line.
    probe: Batch,
    /// A batch that is read, checked and refused: nothing is sent to AWS.
    refused: Batch,
}

/// Measures, and prints the tables.
///
/// # Errors
/// When a build or a download fails, or a function responds with an error. No timing is an error.
pub fn bench(context: &Context, latency: Duration, starts: usize, requests: usize) -> Result<(), Failure> {
    let (layout, progress) = (&context.layout, &context.progress);
    if !cfg!(target_os = "linux") {
        return Err(Failure::new("functions are measured with figures from Linux's /proc")
            .with_hint("run it on Linux, or in a Linux virtual machine"));
    }
    let began = Instant::now();
    let _held = lock::local_cloud(layout)?;
    progress.say("  the first run builds functions and downloads packages (about 10 minutes on two cores), later runs only measure (about 5)");
    let (compared, others) = implementations::prepare(context)?;
    let (effort, quota) = (Effort { starts, requests }, Quota::one_processor());
    let cannot = |error| Failure::new(format!("cannot start the fake AWS: {error}"));
    let (acceptor, authorities) = certificate::generate(&layout.home().join("bench"))?;
    let aws = FakeAws::start(latency, acceptor).map_err(cannot)?;
    let plain = Endpoint { url: aws.http_url(), authorities: None };
    let tls = Endpoint { url: aws.https_url(), authorities: Some(authorities) };

    let count = format!("{starts} starts each");
    let cold = progress
        .step("cold starts", |step| Ok((measure::cold(&compared, &tls, effort, &quota, step)?, count.clone())))?;
    let cold_others = progress.step("cold starts of the other functions", |step| {
        Ok((measure::cold(&others, &plain, effort, &quota, step)?, count.clone()))
    })?;
    let warm = progress
        .step("warm requests", |step| Ok((measure::warm(&compared, &tls, effort, &quota, step)?, String::new())))?;
    let warm_plain = progress.step("warm requests without TLS", |step| {
        Ok((measure::warm(&compared, &plain, effort, &quota, step)?, String::new()))
    })?;
    let stages =
        progress.step("stages of a request", |_| Ok((stages(&compared, &plain, effort, &quota)?, String::new())))?;
    let calls = aws.calls();
    let results = Results {
        compared,
        others,
        cold,
        cold_others,
        warm,
        warm_plain,
        stages,
        latency,
        effort,
        quota: quota.summary(),
        calls,
    };
    print(&results.markdown());
    progress.say(&format!("\nmeasured in {}", format_duration(began.elapsed())));
    Ok(())
}

fn stages(compared: &[Implementation], plain: &Endpoint, effort: Effort, quota: &Quota) -> Result<Stages, Failure> {
    let Some(ours) = compared.iter().find(|implementation| implementation.launch.name == implementations::OURS) else {
        return Err(Failure::new(format!("{} is missing", implementations::OURS)));
    };
    let refused = events::post_duplicate(100);
    Ok(Stages {
        probe: measure::one(ours, plain, br#"{"probe":"gridbid"}"#, r#""probe":"gridbid""#, effort, quota)?,
        refused: measure::one(ours, plain, &refused, "duplicate_record_id", effort, quota)?,
    })
}
