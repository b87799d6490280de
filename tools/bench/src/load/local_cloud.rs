//! The whole system on the running local cloud: the HTTP API, the table, its stream, the submission to the simulated platform.
//!
//! The posted orders stay in the local cloud until they expire.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::http::Response;
use gridbid_devkit::lock::{self, Held};
use gridbid_devkit::progress::Step;
use gridbid_local_cloud::client::Cloud;
use gridbid_local_cloud::names::Names;
use gridbid_local_cloud::record::Record;

use super::usage::{Limits, Usage};
use super::{Process, System};
use crate::functions::events;
use crate::functions::implementations::OURS;

/// MiniStack keeps every item, stream record, message and log line in memory.
const CLOUD_BYTES_PER_ORDER: u64 = 16 * 1024;
/// The simulated platform keeps every order.
const PLATFORM_BYTES_PER_ORDER: u64 = 4 * 1024;
/// Time without progress after which the submission of orders is stuck.
const STUCK: Duration = Duration::from_secs(60);
/// Time in which MiniStack closes idle connections and ends idle execution environments.
const IDLE: Duration = Duration::from_secs(400);

/// A local cloud to which the system is deployed.
pub struct LocalCloud {
    cloud: Cloud,
    names: Names,
    cloud_pid: u32,
    simulators_pid: u32,
    /// No other command starts, stops or changes it meanwhile.
    _held: Held,
}

impl LocalCloud {
    /// The local cloud of this checkout.
    ///
    /// # Errors
    /// When it does not run.
    pub fn running(context: &Context) -> Result<Self, Failure> {
        let held = lock::local_cloud(&context.layout)?;
        let folder = context.layout.cloud();
        let stopped = || Failure::new("the local cloud is not running").with_hint("run `cargo xtask up` first");
        let record = Record::read(&folder)?.filter(Record::is_running).ok_or_else(stopped)?;
        let pid = |process: Option<&gridbid_devkit::process::Process>| {
            process.and_then(|process| u32::try_from(process.pid).ok()).ok_or_else(stopped)
        };
        Ok(Self {
            cloud: Cloud::new(&record.ports),
            names: Names::read(&folder)?,
            cloud_pid: pid(record.cloud.as_ref())?,
            simulators_pid: pid(record.simulators.as_ref())?,
            _held: held,
        })
    }

    /// The execution environments of a function, which are children of MiniStack.
    fn environments(&self, function: &str) -> Result<Usage, Failure> {
        let name = format!("AWS_LAMBDA_FUNCTION_NAME={}", self.names.function(function)?.function_name);
        let mut usage = Usage::default();
        for entry in fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let is_child = parent_of(pid) == Some(self.cloud_pid);
            if is_child && fs::read(entry.path().join("environ")).is_ok_and(|variables| has(&variables, &name)) {
                usage = usage + Usage::of(pid)?;
            }
        }
        Ok(usage)
    }
}

/// Whether the variables of a process, as `/proc` lists them, have this one.
fn has(variables: &[u8], variable: &str) -> bool {
    variables.split(|byte| *byte == 0).any(|other| other == variable.as_bytes())
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn require(response: &Response, status: u16) -> Result<(), Failure> {
    if response.status == status {
        return Ok(());
    }
    Err(Failure::new(format!("expected status {status}, found {}: {}", response.status, response.text())))
}

impl System for LocalCloud {
    fn post(&self, batch: &str, orders: usize) -> Result<Duration, Failure> {
        let body = events::body(batch, orders);
        let began = Instant::now();
        let response = self.cloud.post_orders(&self.names.api_id, "/orders", body.as_bytes())?;
        let took = began.elapsed();
        require(&response, 201).map(|()| took)
    }

    fn get(&self, record_id: &str) -> Result<(Duration, String), Failure> {
        let path = format!("/orders/{record_id}");
        let began = Instant::now();
        let response = self.cloud.http_api(&self.names.api_id, "GET", &path, &[], &[])?;
        let took = began.elapsed();
        require(&response, 200)?;
        Ok((took, response.text()))
    }

    fn idle_time(&self) -> Duration {
        IDLE
    }

    fn settle(&self, step: &Step) -> Result<(), Failure> {
        let mut least = u64::MAX;
        let mut since = Instant::now();
        loop {
            step.check()?;
            let left = self.cloud.message_count(&self.names.submission_queue_url)?;
            if left == 0 {
                return Ok(());
            }
            if left < least {
                (least, since) = (left, Instant::now());
            } else if since.elapsed() > STUCK {
                return Err(Failure::new(format!("{left} orders wait in the submission queue")));
            }
            step.note(format!("{left} orders to submit"));
            thread::sleep(Duration::from_millis(500));
        }
    }

    fn processes(&self) -> Result<Vec<Process>, Failure> {
        let keeping = |bytes_per_order| Limits { bytes_per_order };
        Ok(vec![
            Process { name: OURS, usage: self.environments(OURS)?, limits: Limits::default() },
            Process { name: "MiniStack", usage: Usage::of(self.cloud_pid)?, limits: keeping(CLOUD_BYTES_PER_ORDER) },
            Process {
                name: "simulators",
                usage: Usage::of(self.simulators_pid)?,
                limits: keeping(PLATFORM_BYTES_PER_ORDER),
            },
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_is_found_by_its_parent_and_a_variable() {
        let parent = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("60").env("GRIDBID_TEST", "a").spawn().unwrap();
        let began = Instant::now();
        // Until the child has become `sleep`, it has its parent's variables.
        let has_variable = || {
            let variables = fs::read(format!("/proc/{}/environ", child.id())).unwrap();
            has(&variables, "GRIDBID_TEST=a")
        };
        while !has_variable() {
            assert!(began.elapsed() < Duration::from_secs(10), "the child has no such variable");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(parent_of(child.id()), Some(parent));
        assert!(!has(b"A=GRIDBID_TEST=a\0GRIDBID_TEST=ab\0", "GRIDBID_TEST=a"));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
