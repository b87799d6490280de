//! The measurements: cold starts, warm requests one at a time and back to back, processor time, memory.
//!
//! Implementations take turns in every round, so that what else the machine does meets all alike. An answer that is not one of
//! success ends the benchmark: a function that fails quickly is not quick.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::events;
use super::execution::{Execution, Launch};
use super::implementations::Implementation;
use super::quota::Quota;
use super::sample::Sample;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::Step;

/// The sizes of batches.
pub const ORDERS: [usize; 3] = [1, 10, 100];
/// Requests before anything is counted: a JIT compiler's and a pool's time to warm up.
const WARM_UP: usize = 100;
const ROUNDS: usize = 3;
/// The pause between requests that come one at a time.
const PAUSE: Duration = Duration::from_millis(25);
/// Requests that come one at a time, in each round.
const SINGLE: usize = 30;

/// What a request that cannot be is answered with.
const REFUSED: &str = r#""statusCode":400"#;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Cold starts of each function.
    pub starts: usize,
    /// Warm requests of each size, back to back.
    pub requests: usize,
}

/// Starts of one function.
#[derive(Clone, Debug, Default)]
pub struct Cold {
    /// From the start of the process to its first question for an event.
    pub initialisation: Sample,
    /// From the start of the process to its first answer, when that needs nothing of AWS: a request without a body, refused.
    pub first_refusal: Sample,
    /// From the start of the process to its first answer, a stored order where it stores orders.
    pub first_answer: Sample,
    /// The most memory after the first answer, in bytes.
    pub peak_memory: u64,
    /// Time on a processor until after the first answer.
    pub processor: Sample,
}

/// Warm requests of one size.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// From event to answer, when requests come one at a time.
    pub single: Sample,
    /// From event to answer, when the next request follows at once.
    pub sustained: Sample,
    /// The time from the first event to the last answer of that.
    pub elapsed: Duration,
    /// Time on a processor for all of them.
    pub processor: Duration,
}

impl Batch {
    /// Time on a processor for one request.
    #[must_use]
    pub fn processor_per_request(&self) -> Duration {
        self.processor.checked_div(u32::try_from(self.sustained.count()).unwrap_or(0)).unwrap_or_default()
    }

    /// Requests in a second, back to back in one execution environment.
    #[must_use]
    pub fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.sustained.count()).unwrap_or(0)) / self.elapsed.as_secs_f64()
    }
}

/// The warm requests of one function, and the most memory it had after all of them.
#[derive(Clone, Debug, Default)]
pub struct Warm {
    /// One for each of [`ORDERS`].
    pub batches: [Batch; ORDERS.len()],
    /// In bytes.
    pub peak_memory: u64,
}

/// Starts each function again and again.
///
/// # Errors
/// When one does not start or does not answer as it should.
pub fn cold(
    implementations: &[Implementation],
    endpoint: &Endpoint,
    effort: Effort,
    quota: &Quota,
    step: &Step,
) -> Result<Vec<Cold>, Failure> {
    let mut all = vec![Cold::default(); implementations.len()];
    // The first round brings files into the operating system's cache, and Python's bytecode onto the disk.
    for round in 0..=effort.starts {
        step.note(format!("start {round} of {}", effort.starts));
        for (implementation, cold) in implementations.iter().zip(&mut all) {
            let launch = endpoint.of(&implementation.launch);
            if implementation.batch_answer.is_some() {
                let execution = Execution::start(&launch, quota, &events::post_nothing())?;
                let invocation = execution.answer(REFUSED)?;
                if round > 0 {
                    cold.first_refusal.add(execution.since_start(invocation.answered));
                }
            }
            let (event, expected) = &implementation.first;
            let execution = Execution::start(&launch, quota, event)?;
            let invocation = execution.answer(expected)?;
            if round > 0 {
                cold.initialisation.add(execution.initialisation());
                cold.first_answer.add(execution.since_start(invocation.answered));
                cold.processor.add(execution.processor_time()?);
                cold.peak_memory = cold.peak_memory.max(execution.peak_memory()?);
            }
        }
    }
    Ok(all)
}

/// Keeps each function warm and sends it requests of every size. A function that takes no batches gets its own event.
///
/// # Errors
/// As [`cold`].
pub fn warm(
    implementations: &[Implementation],
    endpoint: &Endpoint,
    effort: Effort,
    quota: &Quota,
    step: &Step,
) -> Result<Vec<Warm>, Failure> {
    let mut all = vec![Warm::default(); implementations.len()];
    let mut executions = Vec::new();
    for implementation in implementations {
        step.note(format!("warms up {}", implementation.title));
        let (event, expected) = event(implementation, 100);
        let execution = Execution::start(&endpoint.of(&implementation.launch), quota, &event)?;
        execution.answer(expected)?;
        for _ in 1..WARM_UP {
            execution.invoke(&event, expected)?;
        }
        executions.push(execution);
    }
    for round in 1..=ROUNDS {
        for ((implementation, execution), warm) in implementations.iter().zip(&executions).zip(&mut all) {
            step.note(format!("round {round} of {ROUNDS}: {}", implementation.title));
            for (orders, batch) in ORDERS.into_iter().zip(&mut warm.batches) {
                let (event, expected) = event(implementation, orders);
                measure(execution, &event, expected, effort.requests.div_ceil(ROUNDS), batch)?;
            }
        }
    }
    for (execution, warm) in executions.iter().zip(&mut all) {
        warm.peak_memory = execution.peak_memory()?;
    }
    Ok(all)
}

/// Sends one function one event, back to back.
///
/// # Errors
/// As [`cold`].
pub fn one(
    implementation: &Implementation,
    endpoint: &Endpoint,
    event: &[u8],
    expected: &str,
    effort: Effort,
    quota: &Quota,
) -> Result<Batch, Failure> {
    let execution = Execution::start(&endpoint.of(&implementation.launch), quota, event)?;
    execution.answer(expected)?;
    for _ in 1..WARM_UP {
        execution.invoke(event, expected)?;
    }
    let mut batch = Batch::default();
    measure(&execution, event, expected, effort.requests, &mut batch)?;
    Ok(batch)
}

fn event(implementation: &Implementation, orders: usize) -> (Vec<u8>, &str) {
    match implementation.batch_answer {
        Some(expected) => (events::post(orders), expected),
        None => (implementation.first.0.clone(), implementation.first.1),
    }
}

fn measure(
    execution: &Execution,
    event: &[u8],
    expected: &str,
    requests: usize,
    batch: &mut Batch,
) -> Result<(), Failure> {
    for _ in 0..SINGLE {
        thread::sleep(PAUSE);
        let invocation = execution.invoke(event, expected)?;
        batch.single.add(invocation.answered.duration_since(invocation.sent));
    }
    let before = execution.processor_time()?;
    let (mut began, mut ended) = (None, None);
    for _ in 0..requests {
        let invocation = execution.invoke(event, expected)?;
        batch.sustained.add(invocation.answered.duration_since(invocation.sent));
        began.get_or_insert(invocation.sent);
        ended = Some(invocation.answered);
    }
    batch.elapsed += began.zip(ended).map(|(began, ended)| ended.duration_since(began)).unwrap_or_default();
    batch.processor += execution.processor_time()?.saturating_sub(before);
    Ok(())
}

/// Where a function finds AWS: in plain text, or behind TLS with a certificate authority of its own.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address.
    pub url: String,
    /// Whom to trust, for TLS.
    pub authorities: Option<Authorities>,
}

/// Files of certificates to trust.
#[derive(Clone, Debug)]
pub struct Authorities {
    /// The benchmark's own.
    pub own: PathBuf,
    /// That one and those of the system.
    pub all: PathBuf,
}

impl Endpoint {
    fn of(&self, launch: &Launch) -> Launch {
        let mut launch = launch.clone();
        launch.variables.push(("AWS_ENDPOINT_URL", self.url.clone()));
        if let Some(authorities) = &self.authorities {
            let (own, all) = (authorities.own.display().to_string(), authorities.all.display().to_string());
            launch.variables.extend([
                // rustls and OpenSSL read the system's file, botocore one that it brings: this one stands for either.
                ("SSL_CERT_FILE", all.clone()),
                ("AWS_CA_BUNDLE", all),
                // Node has the others compiled in.
                ("NODE_EXTRA_CA_CERTS", own),
            ]);
        }
        launch
    }
}
