//! Gridbid's main job, done once for everybody to see: orders in, results filed, rejections told.
//!
//! Uses the system as its users do and checks each promise on the way: a promise that does not hold is a failure, not a
//! line of the report. The report goes to stdout, or to a log in tests.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock;
use crate::cloud::client::Cloud;
use crate::cloud::names::Names;
use crate::failure::{Failure, OnFile};
use crate::interrupt;
use crate::layout::Layout;
use crate::neighbours::client::Neighbours;
use crate::neighbours::slack::Post;
use crate::results_run::{self, Ended};
use crate::system::System;

/// A run waits for results for at most a minute, and for Lambda's retries.
const RUN_LIMIT: Duration = Duration::from_secs(180);
/// The schedule's own run, or the lease of one that died, is waited for.
const OTHER_RUN_LIMIT: Duration = Duration::from_secs(240);
/// A notification must have reached Slack within this time after the run.
const SLACK_LIMIT: Duration = Duration::from_secs(30);

/// Does the main job and hands each line of its report to `say`.
///
/// # Errors
/// The first promise that did not hold.
pub fn show(layout: &Layout, system: &System, say: &dyn Fn(&str)) -> Result<(), Failure> {
    let job = Job {
        say,
        cloud: Cloud::new(&system.record.ports),
        neighbours: Neighbours::new(&system.record.ports, &layout.cloud()),
        names: &system.names,
    };
    let file = layout.own_file("examples/orders.json");
    let body = fs::read(&file).on_file("read", &file)?;
    say(&format!("\nOrders ({})", layout.shown(&file)));
    job.store(&body)?;
    let file = layout.own_file("examples/wrong-orders.json");
    let body = fs::read(&file).on_file("read", &file)?;
    say(&format!("\nThe same rules in TypeScript ({})", layout.shown(&file)));
    job.preview(&body)?;
    say("\nA results run");
    let posts_before = job.neighbours.posts()?.len();
    let ended = job.run()?;
    say("\nWhat was filed");
    job.filed(&ended)?;
    say("\nWhat Slack was told");
    job.told(&ended, posts_before)?;
    say("\nThe day, added up in Python");
    job.day(&ended)
}

struct Job<'a> {
    say: &'a dyn Fn(&str),
    cloud: Cloud,
    neighbours: Neighbours,
    names: &'a Names,
}

impl Job<'_> {
    /// Stores the orders and reads each of them back.
    fn store(&self, body: &[u8]) -> Result<(), Failure> {
        let posted: Vec<Value> = serde_json::from_slice(body).map_err(|error| Failure::new(error.to_string()))?;
        let headers = [("content-type", "application/json")];
        let answer = self.cloud.http_api(&self.names.api_id, "POST", "/orders", &headers, body)?;
        (self.say)(&format!("  POST /orders: {} {}", answer.status, answer.text().trim()));
        let stored: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let accepted = stored.get("accepted").and_then(Value::as_u64);
        promise(answer.status == 201 && accepted == u64::try_from(posted.len()).ok(), "the orders were not stored")?;
        for order in &posted {
            self.read_back(order)?;
        }
        Ok(())
    }

    fn read_back(&self, posted: &Value) -> Result<(), Failure> {
        let record_id = posted.get("record_id").and_then(Value::as_str).unwrap_or_default();
        let path = format!("/orders/{record_id}");
        let answer = self.cloud.http_api(&self.names.api_id, "GET", &path, &[], &[])?;
        (self.say)(&format!("  GET {path}: {} {}", answer.status, answer.text().trim()));
        let there: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let same = posted.as_object().into_iter().flatten().all(|(name, value)| there.get(name) == Some(value));
        let expires = there.get("expires_at").and_then(Value::as_str).unwrap_or_default();
        let is_in_future = expires > clock::rfc3339(clock::unix_seconds()).as_str();
        promise(
            answer.status == 200 && same && is_in_future,
            &format!("order `{record_id}` was not there as it was stored"),
        )
    }

    /// Has wrong orders checked by the preview, which must say what storing them says.
    fn preview(&self, body: &[u8]) -> Result<(), Failure> {
        let headers = [("content-type", "application/json")];
        let post = |path| self.cloud.http_api(&self.names.api_id, "POST", path, &headers, body);
        let (previewed, refused) = (post("/orders/preview")?, post("/orders")?);
        let read = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap_or_default();
        let (told, expected) = (read(&previewed.body), read(&refused.body));
        (self.say)(&format!("  POST /orders/preview: {}", previewed.status));
        for violation in told.get("violations").and_then(Value::as_array).into_iter().flatten() {
            let text = |name| violation.get(name).and_then(Value::as_str).unwrap_or_default();
            (self.say)(&format!("    {} {}: {}", text("field"), text("code"), text("message")));
        }
        let same = ["total", "violations"]
            .iter()
            .all(|name| told.get(name).is_some_and(|told| Some(told) == expected.get(name)));
        promise(previewed.status == 200 && refused.status == 400 && same, "the preview does not say what storing says")
    }

    /// Reads the report of the run's day, which must count the run.
    fn day(&self, ended: &Ended) -> Result<(), Failure> {
        let slot = ended.execution.input.get("slot").and_then(Value::as_str).unwrap_or_default();
        let path = format!("/results/{}", slot.split('T').next().unwrap_or_default());
        let answer = self.cloud.http_api(&self.names.api_id, "GET", &path, &[], &[])?;
        (self.say)(&format!("  GET {path}: {} {}", answer.status, answer.text().trim()));
        let day: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let counts = ["accepted", "rejected"]
            .iter()
            .all(|name| day.get(name).and_then(Value::as_u64).is_some_and(|count| count >= ended.count(name)));
        promise(answer.status == 200 && counts, "the day's report does not count the run")
    }

    /// Runs a slot of its own to its end. The schedule may have started another run: then waits for that one.
    fn run(&self) -> Result<Ended, Failure> {
        let deadline = Instant::now() + OTHER_RUN_LIMIT;
        let slot = clock::rfc3339(clock::unix_seconds());
        (self.say)(&format!("  started by hand for the slot {slot}"));
        let mut waits = false;
        loop {
            let arn = results_run::start(&self.cloud, &self.names.state_machine_arn, &slot)?;
            let ended = results_run::follow(&self.cloud, &arn, RUN_LIMIT, |line| (self.say)(&format!("  {line}")))?;
            if ended.status() != Some("already_running") {
                (self.say)(&format!("  ended: {}", ended.told()));
                promise(ended.status() == Some("done"), "the results run was not done")?;
                return Ok(ended);
            }
            promise(Instant::now() < deadline, "another results run did not end")?;
            if !waits {
                (self.say)(
                    "  another run (the schedule's, or one that was cut off) holds the lock: waiting for its end",
                );
                waits = true;
            }
            interrupt::check()?;
            thread::sleep(Duration::from_secs(5));
        }
    }

    /// Compares the bucket with what the run says.
    fn filed(&self, ended: &Ended) -> Result<(), Failure> {
        let accepted: Vec<&str> = ended.outcomes.iter().filter_map(|outcome| outcome.get("key")?.as_str()).collect();
        for key in &accepted {
            let content = self.cloud.object(&self.names.results_bucket, key)?;
            let text = String::from_utf8_lossy(&content).into_owned();
            (self.say)(&format!("  {}/{key}: {} bytes: {text}", self.names.results_bucket, content.len()));
        }
        promise(
            ended.count("accepted") == accepted.len() as u64,
            "the run's count of accepted orders is not that of its keys",
        )?;
        let orders = ended.answers.last().and_then(|answer| answer.get("orders")?.as_array()).map_or(0, Vec::len);
        promise(
            ended.count("accepted") + ended.count("rejected") == orders as u64 && ended.count("failed") == 0,
            "some order was neither accepted nor rejected",
        )?;
        let slot = ended.execution.input.get("slot").and_then(Value::as_str).unwrap_or_default();
        let date = slot.split('T').next().unwrap_or_default();
        let summaries = self.cloud.objects(&self.names.results_bucket, &format!("summaries/{date}/"))?;
        let wanted = format!("summaries/{date}/{}.json", slot.replace(['-', ':'], ""));
        let summary = summaries.iter().find(|object| object.key == wanted);
        (self.say)(&format!(
            "  {}/{wanted}: {} bytes",
            self.names.results_bucket,
            summary.map_or(0, |summary| summary.size)
        ));
        promise(summary.is_some(), "the run's summary was not filed")
    }

    /// Waits for what Slack must have been told: something about this run when an order was rejected.
    fn told(&self, ended: &Ended, posts_before: usize) -> Result<(), Failure> {
        if ended.count("rejected") == 0 {
            (self.say)("  nothing: no order was rejected");
            return Ok(());
        }
        let deadline = Instant::now() + SLACK_LIMIT;
        loop {
            let posts = self.neighbours.posts()?;
            let about_this_run = |post: &&Post| post.status == 200 && post.message.to_string().contains(&ended.arn);
            if let Some(post) = posts.iter().skip(posts_before).find(about_this_run) {
                let text = post.message.get("text").and_then(Value::as_str).unwrap_or_default();
                (self.say)(&format!("  {} {}", post.at, text.replace('\n', "\n    ")));
                return Ok(());
            }
            interrupt::check()?;
            promise(Instant::now() < deadline, "Slack was not told of the rejected orders")?;
            thread::sleep(Duration::from_millis(200));
        }
    }
}

fn promise(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::new(format!("the main job failed: {otherwise}")))
}
