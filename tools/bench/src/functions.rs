//! `cargo xtask bench functions`: Gridbid's functions beside what people deploy instead, measured in one run.
//!
//! Each function is started from its zip's content against a runtime API as Lambda's and a fake AWS with a set
//! latency, held to one processor. It reports cold starts, warm requests, processor time, memory, sizes and a price, as
//! tables in Markdown on standard output. It cannot measure what only Lambda shows: the time until a process starts (the
//! download of the zip, the micro virtual machine), and the network. Linux only. Called by `main`.

mod aws;
mod events;
mod execution;
mod http1;
mod implementations;
mod measure;
mod price;
mod quota;
mod report;
mod runtime_api;
mod sample;
mod tls_front;

use std::time::{Duration, Instant};

use gridbid_devkit::clock::format_duration;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::lock;
use gridbid_devkit::progress::print;
use gridbid_devkit::requirements::CARGO;
use gridbid_package::programs::build_release;

use aws::FakeAws;
use implementations::Implementation;
use measure::{Batch, Effort, Endpoint};
use quota::Quota;
use report::Results;
use tls_front::TlsFront;

/// Requests that end at different stages show where the time of a request goes.
#[derive(Clone, Debug, Default)]
struct Stages {
    /// The probe: the runtime and the log line.
    probe: Batch,
    /// A whole batch that is read, checked and refused: nothing is sent to AWS.
    refused: Batch,
}

/// Measures, and prints the tables.
///
/// # Errors
/// When something cannot be built or had, or a function does not answer as it should. No timing is an error.
pub fn bench(context: &Context, latency: Duration, starts: usize, requests: usize) -> Result<(), Failure> {
    let (layout, progress) = (&context.layout, &context.progress);
    if !cfg!(target_os = "linux") {
        return Err(Failure::new("functions are measured by what Linux's /proc tells of a process")
            .with_hint("run it on Linux, or in a Linux virtual machine"));
    }
    let began = Instant::now();
    let _held = lock::site(layout)?;
    progress.say("  a first run builds functions and fetches packages (some 10 minutes on two cores), later ones only measure (some 5)");
    let (compared, others) = implementations::prepare(context)?;
    let front = progress.step("build the TLS front", |step| {
        let _held = lock::shared(layout, step)?;
        Ok((build_release(layout, &CARGO.find()?, "tls-front".to_owned(), step)?, String::new()))
    })?;
    let (effort, quota) = (Effort { starts, requests }, Quota::of_one_processor());
    let cannot = |error| Failure::new(format!("the fake AWS cannot listen: {error}"));
    let aws = FakeAws::start(latency).map_err(cannot)?;
    let plain = Endpoint { url: format!("http://{}", aws.address()), authorities: None };
    let front = TlsFront::start(&front.executable, &aws.address(), &layout.home().join("bench"))?;
    let tls = front.endpoint();

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
        return Err(Failure::new(format!("there is no {} to be measured", implementations::OURS)));
    };
    let refused = events::post_refused(100);
    Ok(Stages {
        probe: measure::one(ours, plain, br#"{"probe":"gridbid"}"#, r#""probe":"gridbid""#, effort, quota)?,
        refused: measure::one(ours, plain, &refused, "duplicate_record_id", effort, quota)?,
    })
}
