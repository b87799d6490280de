//! The measurements: cold starts, warm requests one at a time and back to back, CPU time, memory.
//!
//! Implementations are interleaved in every round, so that other work of the machine affects all of them. An unexpected
//! response ends the benchmark: an error must not count as a fast response.

use std::thread;
use std::time::Duration;

use super::aws::PLATFORM;
use super::certificate::Authorities;
use super::events;
use super::execution::{Execution, Launch};
use super::implementations::{Implementation, SUBMITTER};
use super::quota::Quota;
use super::sample::Sample;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::Step;

/// Batch sizes, in orders.
pub const ORDERS: [usize; 3] = [1, 10, 100];
/// Requests before the first measurement: they warm up JIT compilers and connection pools.
const WARM_UP: usize = 100;
const ROUNDS: usize = 3;
/// Pause between requests that are sent one at a time.
const PAUSE: Duration = Duration::from_millis(25);
/// Number of requests that are sent one at a time in each round.
const SINGLE: usize = 30;

/// Part of the response to an empty request.
const REFUSED: &str = r#""statusCode":400"#;

/// Number of measurements.
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
    /// From the start of the process until it first asks for an event.
    pub initialization: Sample,
    /// From the start of the process to the refusal of a request without a body, which needs no call to AWS.
    pub first_refusal: Sample,
    /// From the start of the process to the first response: a stored order, if the function stores orders.
    pub first_response: Sample,
    /// Peak memory after the first response, in bytes.
    pub peak_memory: u64,
    /// CPU time until after the first response.
    pub cpu_time: Sample,
}

/// Warm requests of one size.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// From event to response, when requests are sent one at a time.
    pub single: Sample,
    /// From event to response, when each request immediately follows a response.
    pub sustained: Sample,
    /// The time from the first event to the last response of these.
    pub elapsed: Duration,
    /// CPU time of these.
    pub cpu_time: Duration,
}

impl Batch {
    /// CPU time per request.
    #[must_use]
    pub fn cpu_time_per_request(&self) -> Duration {
        self.cpu_time.checked_div(u32::try_from(self.sustained.count()).unwrap_or(0)).unwrap_or_default()
    }

    /// Requests per second, back to back in one execution environment.
    #[must_use]
    pub fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.sustained.count()).unwrap_or(0)) / self.elapsed.as_secs_f64()
    }
}

/// Warm requests of one function, and its peak memory after all of them.
#[derive(Clone, Debug, Default)]
pub struct Warm {
    /// By size, in the order of [`ORDERS`].
    pub batches: [Batch; ORDERS.len()],
    /// In bytes.
    pub peak_memory: u64,
}

/// Measures cold starts of each function.
///
/// # Errors
/// When a function does not start, or its response is not the expected one.
pub fn cold(
    implementations: &[Implementation],
    endpoint: &Endpoint,
    effort: Effort,
    quota: &Quota,
    step: &Step,
) -> Result<Vec<Cold>, Failure> {
    let mut all = vec![Cold::default(); implementations.len()];
    // The first round, not counted, fills the operating system's file cache and compiles Python's bytecode.
    for round in 0..=effort.starts {
        step.note(format!("start {round} of {}", effort.starts));
        for (implementation, cold) in implementations.iter().zip(&mut all) {
            let launch = endpoint.apply_to(&implementation.launch);
            if implementation.batch_response.is_some() {
                let execution = Execution::start(&launch, quota, &events::post_empty())?;
                let invocation = execution.response(REFUSED)?;
                if round > 0 {
                    cold.first_refusal.add(execution.since_start(invocation.received));
                }
            }
            let (event, expected) = &implementation.first;
            let execution = Execution::start(&launch, quota, event)?;
            let invocation = execution.response(expected)?;
            if round > 0 {
                cold.initialization.add(execution.initialization());
                cold.first_response.add(execution.since_start(invocation.received));
                cold.cpu_time.add(execution.cpu_time()?);
                cold.peak_memory = cold.peak_memory.max(execution.peak_memory()?);
            }
        }
    }
    Ok(all)
}

/// Measures warm requests of every size. A function that accepts no batches gets its first event every time.
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
        step.note(format!("warm up {}", implementation.title));
        let (event, expected) = event(implementation, 100);
        let execution = Execution::start(&endpoint.apply_to(&implementation.launch), quota, &event)?;
        execution.response(expected)?;
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

/// Measures warm requests of one function with one event.
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
    let execution = Execution::start(&endpoint.apply_to(&implementation.launch), quota, event)?;
    execution.response(expected)?;
    for _ in 1..WARM_UP {
        execution.invoke(event, expected)?;
    }
    let mut batch = Batch::default();
    measure(&execution, event, expected, effort.requests, &mut batch)?;
    Ok(batch)
}

fn event(implementation: &Implementation, orders: usize) -> (Vec<u8>, &str) {
    match implementation.batch_response {
        Some(expected) => (events::post_orders(orders), expected),
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
        batch.single.add(invocation.received.duration_since(invocation.sent));
    }
    let before = execution.cpu_time()?;
    let (mut began, mut ended) = (None, None);
    for _ in 0..requests {
        let invocation = execution.invoke(event, expected)?;
        batch.sustained.add(invocation.received.duration_since(invocation.sent));
        began.get_or_insert(invocation.sent);
        ended = Some(invocation.received);
    }
    batch.elapsed += began.zip(ended).map(|(began, ended)| ended.duration_since(began)).unwrap_or_default();
    batch.cpu_time += execution.cpu_time()?.saturating_sub(before);
    Ok(())
}

/// Where a function finds the fake AWS.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The URL.
    pub url: String,
    /// The authorities to trust, for TLS.
    pub authorities: Option<Authorities>,
}

impl Endpoint {
    /// The launch of a function that finds it.
    #[must_use]
    pub fn apply_to(&self, launch: &Launch) -> Launch {
        let mut launch = launch.clone();
        launch.variables.push(("AWS_ENDPOINT_URL", self.url.clone()));
        if launch.name == SUBMITTER {
            // collect-results is measured with the built-in platform.
            launch.variables.push(("AUCTION_PLATFORM_URL", format!("{}{PLATFORM}", self.url)));
        }
        if let Some(authorities) = &self.authorities {
            let (own, all) = (authorities.own.display().to_string(), authorities.all.display().to_string());
            launch.variables.extend([
                // Replaces the system's file (rustls, OpenSSL) and the one in botocore.
                ("SSL_CERT_FILE", all.clone()),
                ("AWS_CA_BUNDLE", all),
                // Added to the certificates that are compiled into Node.
                ("NODE_EXTRA_CA_CERTS", own),
            ]);
        }
        launch
    }
}
