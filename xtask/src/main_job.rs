//! Gridbid's main job, done once with a report: orders are stored, results filed, rejections notified.
//!
//! It uses the system as clients do and verifies every step. The report goes to stdout, or to a log in tests.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::{clock, interrupt};
use gridbid_local_cloud::client::Cloud;
use gridbid_local_cloud::names::Names;
use gridbid_local_cloud::results_run::{self, FinishedRun};
use gridbid_local_cloud::simulators::{Simulators, SlackPost};
use serde_json::Value;

use crate::system::System;

/// Time limit of a run, which polls for up to a minute and retries failed functions.
const RUN_LIMIT: Duration = Duration::from_secs(180);
/// Time limit for the end of another run, or of the lease of a dead one.
const OTHER_RUN_LIMIT: Duration = Duration::from_secs(240);
/// Time within which a notification must reach Slack after the run.
const SLACK_LIMIT: Duration = Duration::from_secs(30);

/// Runs the example and passes each line of its report to `say`.
///
/// # Errors
/// The first step with an unexpected result.
pub fn show(layout: &Layout, system: &System, say: &dyn Fn(&str)) -> Result<(), Failure> {
    let job = Job {
        say,
        cloud: Cloud::new(&system.record.ports),
        simulators: Simulators::new(&system.record.ports, &layout.cloud()),
        names: &system.names,
    };
    let file = layout.file("xtask/examples/orders.json");
    let body = fs::read(&file).on_file("read", &file)?;
    say(&format!("\nOrders ({})", layout.shown(&file)));
    job.store(&body)?;
    let file = layout.file("xtask/examples/wrong-orders.json");
    let body = fs::read(&file).on_file("read", &file)?;
    say(&format!("\nThe same rules in TypeScript ({})", layout.shown(&file)));
    job.preview(&body)?;
    say("\nA results run");
    let posts_before = job.simulators.slack_posts()?.len();
    let run = job.run()?;
    say("\nFiled results");
    job.check_files(&run)?;
    say("\nNotifications in Slack");
    job.check_notification(&run, posts_before)?;
    say("\nThe day's report, in Python");
    job.check_day(&run)
}

struct Job<'a> {
    say: &'a dyn Fn(&str),
    cloud: Cloud,
    simulators: Simulators,
    names: &'a Names,
}

impl Job<'_> {
    /// Stores the orders and reads each one back.
    fn store(&self, body: &[u8]) -> Result<(), Failure> {
        let posted: Vec<Value> = serde_json::from_slice(body).map_err(|error| Failure::new(error.to_string()))?;
        let response = self.cloud.post_orders(&self.names.api_id, "/orders", body)?;
        (self.say)(&format!("  POST /orders: {} {}", response.status, response.text().trim()));
        let stored: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let accepted = stored.get("accepted").and_then(Value::as_u64);
        ensure(response.status == 201 && accepted == u64::try_from(posted.len()).ok(), "the orders were not stored")?;
        for order in &posted {
            self.read_back(order)?;
        }
        Ok(())
    }

    fn read_back(&self, posted: &Value) -> Result<(), Failure> {
        let record_id = posted.get("record_id").and_then(Value::as_str).unwrap_or_default();
        let path = format!("/orders/{record_id}");
        let response = self.cloud.http_api(&self.names.api_id, "GET", &path, &[], &[])?;
        (self.say)(&format!("  GET {path}: {} {}", response.status, response.text().trim()));
        let read: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let same = posted.as_object().into_iter().flatten().all(|(name, value)| read.get(name) == Some(value));
        let expires = read.get("expires_at").and_then(Value::as_str).unwrap_or_default();
        let is_in_future = expires > clock::now().as_str();
        ensure(
            response.status == 200 && same && is_in_future,
            &format!("order `{record_id}` was not read back as stored"),
        )
    }

    /// Previews invalid orders, which must have the violations that storing them has.
    fn preview(&self, body: &[u8]) -> Result<(), Failure> {
        let post = |path| self.cloud.post_orders(&self.names.api_id, path, body);
        let (preview, refusal) = (post("/orders/preview")?, post("/orders")?);
        let parse = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap_or_default();
        let (previewed, refused) = (parse(&preview.body), parse(&refusal.body));
        (self.say)(&format!("  POST /orders/preview: {}", preview.status));
        for violation in previewed.get("violations").and_then(Value::as_array).into_iter().flatten() {
            let text = |name| violation.get(name).and_then(Value::as_str).unwrap_or_default();
            (self.say)(&format!("    {} {}: {}", text("field"), text("code"), text("message")));
        }
        let same = ["total", "violations"]
            .iter()
            .all(|name| previewed.get(name).is_some_and(|value| Some(value) == refused.get(name)));
        ensure(preview.status == 200 && refusal.status == 400 && same, "the preview has other violations than storing")
    }

    /// Reads the report of the run's day, which must count the run.
    fn check_day(&self, run: &FinishedRun) -> Result<(), Failure> {
        let slot = run.execution.input.get("slot").and_then(Value::as_str).unwrap_or_default();
        let path = format!("/results/{}", slot.split('T').next().unwrap_or_default());
        let response = self.cloud.http_api(&self.names.api_id, "GET", &path, &[], &[])?;
        (self.say)(&format!("  GET {path}: {} {}", response.status, response.text().trim()));
        let day: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let counts = ["accepted", "rejected"]
            .iter()
            .all(|name| day.get(name).and_then(Value::as_u64).is_some_and(|count| count >= run.count(name)));
        ensure(response.status == 200 && counts, "the day's report does not count the run")
    }

    /// Runs the current slot to its end, after waiting for a run that the schedule may have started.
    fn run(&self) -> Result<FinishedRun, Failure> {
        let deadline = Instant::now() + OTHER_RUN_LIMIT;
        let slot = clock::now();
        (self.say)(&format!("  started for the slot {slot}"));
        let mut waits = false;
        loop {
            let arn = results_run::start(&self.cloud, &self.names.state_machine_arn, &slot)?;
            let run = results_run::follow(&self.cloud, &arn, RUN_LIMIT, |line| (self.say)(&format!("  {line}")))?;
            if run.status() != Some("already_running") {
                (self.say)(&format!("  ended: {}", run.summary()));
                ensure(run.status() == Some("done"), "the results run was not done")?;
                return Ok(run);
            }
            ensure(Instant::now() < deadline, "another results run did not end")?;
            if !waits {
                (self.say)(
                    "  another run (a scheduled one, or one that was cut off) has the lock: waiting for its end",
                );
                waits = true;
            }
            interrupt::check()?;
            thread::sleep(Duration::from_secs(5));
        }
    }

    /// Compares the bucket with the output of the run.
    fn check_files(&self, run: &FinishedRun) -> Result<(), Failure> {
        let accepted: Vec<&str> = run.outcomes.iter().filter_map(|outcome| outcome.get("key")?.as_str()).collect();
        for key in &accepted {
            let content = self.cloud.object(&self.names.results_bucket, key)?;
            let text = String::from_utf8_lossy(&content).into_owned();
            (self.say)(&format!("  {}/{key}: {} bytes: {text}", self.names.results_bucket, content.len()));
        }
        ensure(
            run.count("accepted") == accepted.len() as u64,
            "the run counts other accepted orders than it has filed",
        )?;
        let orders = run.polls.last().and_then(|poll| poll.get("orders")?.as_array()).map_or(0, Vec::len);
        ensure(
            run.count("accepted") + run.count("rejected") == orders as u64 && run.count("failed") == 0,
            "an order was neither accepted nor rejected",
        )?;
        let slot = run.execution.input.get("slot").and_then(Value::as_str).unwrap_or_default();
        let date = slot.split('T').next().unwrap_or_default();
        let summaries = self.cloud.objects(&self.names.results_bucket, &format!("summaries/{date}/"))?;
        let key = format!("summaries/{date}/{}.json", slot.replace(['-', ':'], ""));
        let summary = summaries.iter().find(|object| object.key == key);
        (self.say)(&format!(
            "  {}/{key}: {} bytes",
            self.names.results_bucket,
            summary.map_or(0, |summary| summary.size)
        ));
        ensure(summary.is_some(), "the run's summary was not filed")
    }

    /// Waits for the notification in Slack of a run with rejected orders.
    fn check_notification(&self, run: &FinishedRun, posts_before: usize) -> Result<(), Failure> {
        if run.count("rejected") == 0 {
            (self.say)("  none: no order was rejected");
            return Ok(());
        }
        let deadline = Instant::now() + SLACK_LIMIT;
        loop {
            let posts = self.simulators.slack_posts()?;
            let about_this_run = |post: &&SlackPost| post.status == 200 && post.message.to_string().contains(&run.arn);
            if let Some(post) = posts.iter().skip(posts_before).find(about_this_run) {
                let text = post.message.get("text").and_then(Value::as_str).unwrap_or_default();
                (self.say)(&format!("  {} {}", post.at, text.replace('\n', "\n    ")));
                return Ok(());
            }
            interrupt::check()?;
            ensure(Instant::now() < deadline, "Slack was not notified of the rejected orders")?;
            thread::sleep(Duration::from_millis(200));
        }
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::new(format!("the example failed: {otherwise}")))
}
