//! `cargo xtask bench load`: sustained requests of orders-api, each read back. Memory and descriptors must not grow.
//!
//! Batches of 1, 10 and 100 orders are posted one after the other, as one execution environment of Lambda handles them. After
//! each POST, one of its orders is read back and compared. Measured is the function alone, compiled as for production, with
//! the runtime API and the fake AWS of [`functions`](crate::functions); or the whole system on the running local cloud.
//! Timings are printed and never asserted; a leak is an error. Linux only.

mod alone;
mod local_cloud;
mod report;
mod usage;

use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::clock;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::{Step, print};
use serde_json::Value;

use crate::functions::events;
use crate::functions::measure::ORDERS;
use crate::functions::sample::Sample;
use alone::Alone;
use local_cloud::LocalCloud;
use usage::{Limits, Usage, leaks};

/// Requests of each size by default: those of an hour, ten per second.
pub const REQUESTS: usize = 10 * 3600;
/// Requests of each size before the first reading, unless fewer are measured: they fill pools and the allocator's free lists.
const WARM_UP: usize = 200;

/// The system that is measured.
trait System {
    /// Posts a batch. Returns the time from the request to the response.
    fn post(&self, batch: &str, orders: usize) -> Result<Duration, Failure>;

    /// Reads an order. Returns the time from the request to the response, and the response's body.
    fn get(&self, record_id: &str) -> Result<(Duration, String), Failure>;

    /// How long idle connections and execution environments may remain after the last request.
    fn idle_time(&self) -> Duration;

    /// Waits until the work that requests leave behind is done.
    fn settle(&self, step: &Step) -> Result<(), Failure>;

    /// The processes that are watched.
    fn processes(&self) -> Result<Vec<Process>, Failure>;
}

/// A watched process, or several of one kind.
#[derive(Clone, Debug)]
pub struct Process {
    name: &'static str,
    usage: Usage,
    limits: Limits,
}

/// The measurements of one size.
#[derive(Clone, Debug)]
pub struct Measured {
    orders: usize,
    requests: usize,
    elapsed: Duration,
    post: Sample,
    get: Sample,
    /// Readings at the start, in the middle and at the end.
    processes: [Vec<Process>; 3],
}

/// Measures, and prints the tables.
///
/// # Errors
/// When a response is not the expected one, or a process leaks memory or descriptors.
pub fn bench(context: &Context, requests: usize, latency: Duration, local_cloud: bool) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::new("memory and descriptors are read from Linux's /proc")
            .with_hint("run it on Linux, or in a Linux virtual machine"));
    }
    let (system, title): (Box<dyn System>, String) = if local_cloud {
        (Box::new(LocalCloud::running(context)?), "orders-api on the local cloud".to_owned())
    } else {
        let title = format!("orders-api alone; AWS responds after {} ms, over TLS", latency.as_millis());
        (Box::new(Alone::start(context, latency)?), title)
    };
    // Orders of earlier runs may still be stored.
    let run = format!("load-{:x}", clock::unix_seconds());
    let mut all = Vec::new();
    for orders in ORDERS {
        let name = format!("{requests} requests of {orders}");
        let measured = context.progress.step(&name, |step| {
            let measured = measure(system.as_ref(), &run, orders, requests, step)?;
            Ok((measured, String::new()))
        })?;
        all.push(measured);
    }
    print(&report::markdown(&title, &all));
    let found: Vec<String> = all.iter().flat_map(found_in).collect();
    if found.is_empty() { Ok(()) } else { Err(Failure::new(format!("leaks: {}", found.join("; ")))) }
}

fn found_in(measured: &Measured) -> Vec<String> {
    let [start, _, end] = &measured.processes;
    let leaks = leaks_between(start, end, measured.orders * measured.requests);
    leaks.into_iter().map(|leak| format!("with {} orders per request, {leak}", measured.orders)).collect()
}

/// What grew in any process while this number of orders was stored.
fn leaks_between(start: &[Process], end: &[Process], stored: usize) -> Vec<String> {
    let pairs = start.iter().zip(end);
    let found = pairs.flat_map(|(start, end)| {
        let leaks = leaks(start.usage, end.usage, start.limits, stored);
        leaks.into_iter().map(|leak| format!("{}: {leak}", start.name))
    });
    found.collect()
}

fn measure(system: &dyn System, run: &str, orders: usize, requests: usize, step: &Step) -> Result<Measured, Failure> {
    // No two batches of a run have an order in common.
    let batch = |part: &str, request: usize| format!("{run}-{part}-{orders}-{request}");
    for request in 0..WARM_UP.min(requests) {
        round_trip(system, &batch("warm", request), orders, request)?;
    }
    system.settle(step)?;
    let start = system.processes()?;
    let (mut post, mut get) = (Sample::default(), Sample::default());
    let mut middle = start.clone();
    let began = Instant::now();
    for request in 0..requests {
        if request % 100 == 0 {
            step.note(format!("request {request} of {requests}"));
        }
        if request == requests / 2 {
            middle = system.processes()?;
        }
        let (posted, read) = round_trip(system, &batch("load", request), orders, request)?;
        post.add(posted);
        get.add(read);
    }
    let elapsed = began.elapsed();
    system.settle(step)?;
    let mut end = system.processes()?;
    let settled = Instant::now();
    // A leak remains.
    while !leaks_between(&start, &end, orders * requests).is_empty() && settled.elapsed() < system.idle_time() {
        step.check()?;
        thread::sleep(Duration::from_secs(1));
        end = system.processes()?;
    }
    Ok(Measured { orders, requests, elapsed, post, get, processes: [start, middle, end] })
}

/// Posts a batch, reads one of its orders and compares it. Returns both times.
fn round_trip(
    system: &dyn System,
    batch: &str,
    orders: usize,
    request: usize,
) -> Result<(Duration, Duration), Failure> {
    let posted = system.post(batch, orders)?;
    let order = events::order(batch, request % orders);
    let (read, body) = system.get(&order.record_id)?;
    if is_order(&body, &order) {
        return Ok((posted, read));
    }
    Err(Failure::new(format!("{} was read back as {body}", order.record_id)))
}

fn is_order(body: &str, order: &events::Order) -> bool {
    let Ok(read) = serde_json::from_str::<Value>(body) else { return false };
    // Two decimals: the same text of a number, or one with fewer zeros.
    let amount = order.parameter_2.parse::<f64>().ok();
    let text = |name: &str| read.get(name).and_then(Value::as_str);
    text("record_id") == Some(&order.record_id)
        && text("parameter_1") == Some(&order.parameter_1)
        && amount.is_some()
        && read.get("parameter_2").and_then(Value::as_f64) == amount
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_compared_by_all_its_fields() {
        let order = events::order("load-1-0", 0);
        let body = |id: &str, amount: &str| {
            format!(r#"{{"record_id":"{id}","parameter_1":"{}","parameter_2":{amount}}}"#, order.parameter_1)
        };
        assert_eq!((order.record_id.as_str(), order.parameter_2.as_str()), ("load-1-0-000000", "20.00"));
        assert!(is_order(&body(&order.record_id, "20"), &order));
        assert!(!is_order(&body(&order.record_id, "20.01"), &order));
        assert!(!is_order(&body("load-1-0-000001", "20"), &order));
        assert!(!is_order(r#"{"title":"There is no such order"}"#, &order));
        assert!(!is_order("", &order));
    }
}
