//! The example, run once with a report: orders are stored and submitted to the auction, its results are stored, and
//! people are notified of rejections.
//!
//! It uses the system as clients do and verifies every step. The report goes to stdout, or to a log in tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::{clock, interrupt};
use gridbid_local_cloud::client::{Cloud, Object};
use gridbid_local_cloud::names::Names;
use gridbid_local_cloud::results_run::{self, value_text};
use gridbid_local_cloud::simulators::{Simulators, SlackPost};
use gridbid_local_cloud::slot::Slot;
use gridbid_local_cloud::submission::{self, Submission};
use gridbid_release_format::InvalidTimestamp;
use serde_json::Value;

use crate::system::System;

/// Time within which the platform must have received an order: some seconds, or a minute after retries.
const SUBMISSION_LIMIT: Duration = Duration::from_secs(120);
/// Time limit of a run, which polls for up to a minute and retries failed functions.
const RUN_LIMIT: Duration = Duration::from_secs(180);
/// Time limit for the end of another run of the slot, or of the lease of a dead one.
const OTHER_RUN_LIMIT: Duration = Duration::from_secs(240);
/// Time within which a notification must reach Slack after the run.
const SLACK_LIMIT: Duration = Duration::from_secs(30);

/// Runs the example and passes each line of its report to `say`.
///
/// # Errors
/// The first step with an unexpected result.
pub fn show(layout: &Layout, system: &System, say: &dyn Fn(&str)) -> Result<(), Failure> {
    let example = Example {
        say,
        cloud: system.cloud(),
        simulators: Simulators::new(&system.record.ports, &layout.cloud()),
        names: &system.names,
    };
    let file = layout.file("xtask/examples/orders.json");
    let body = fs::read(&file).on_file("read", &file)?;
    say(&format!("\nOrders ({})", layout.shown(&file)));
    let record_ids = example.store(&body)?;
    let file = layout.file("xtask/examples/wrong-orders.json");
    let body = fs::read(&file).on_file("read", &file)?;
    say(&format!("\nThe same rules in TypeScript ({})", layout.shown(&file)));
    example.preview(&body)?;
    say("\nSubmission to the auction platform, which is simulated");
    for (slot, record_ids) in example.submissions(&record_ids)? {
        say(&format!("\nA results run for the auction of {slot}"));
        example.run(slot)?;
        say("\nThe results of these orders");
        let summary = example.summary(slot)?;
        example.verdicts(slot, &record_ids)?;
        say("\nNotifications in Slack");
        example.check_notification(&summary)?;
        say("\nThe day's report, in Python");
        example.check_day(slot, &summary)?;
    }
    Ok(())
}

struct Example<'a> {
    say: &'a dyn Fn(&str),
    cloud: Cloud,
    simulators: Simulators,
    names: &'a Names,
}

impl Example<'_> {
    /// Stores the orders and reads each one back. Returns their ids.
    fn store(&self, body: &[u8]) -> Result<Vec<String>, Failure> {
        let posted: Vec<Value> = serde_json::from_slice(body).map_err(|error| Failure::new(error.to_string()))?;
        let response = self.cloud.post_orders(&self.names.api_id, "/orders", body)?;
        (self.say)(&format!("  POST /orders: {} {}", response.status, response.text().trim()));
        let stored: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let accepted = stored.get("accepted").and_then(Value::as_u64);
        ensure(response.status == 201 && accepted == u64::try_from(posted.len()).ok(), "the orders were not stored")?;
        for order in &posted {
            self.read_back(order)?;
        }
        let id = |order: &Value| Some(order.get("record_id")?.as_str()?.to_owned());
        Ok(posted.iter().filter_map(id).collect())
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

    /// Waits until the platform has responded to each order. Returns the ids by the slot that they take part in.
    fn submissions(&self, record_ids: &[String]) -> Result<BTreeMap<Slot, BTreeSet<String>>, Failure> {
        let ids: Vec<&str> = record_ids.iter().map(String::as_str).collect();
        let say = |line: &str| (self.say)(&format!("  {line}"));
        let mut slots = BTreeMap::<Slot, BTreeSet<String>>::new();
        for (id, submission) in submission::follow(&self.cloud, &self.names.api_id, &ids, SUBMISSION_LIMIT, say)? {
            match submission {
                Submission::Submitted { slot, .. } => {
                    let slot = slot.parse().map_err(|error: InvalidTimestamp| Failure::new(error.to_string()))?;
                    slots.entry(slot).or_default().insert(id);
                }
                Submission::Refused { reason } => {
                    return ensure(false, &format!("the platform refused `{id}`: {reason}")).map(|()| slots);
                }
            }
        }
        Ok(slots)
    }

    /// Runs a slot to its end, after waiting for a run that the schedule may have started.
    fn run(&self, slot: Slot) -> Result<(), Failure> {
        let deadline = Instant::now() + OTHER_RUN_LIMIT;
        let mut waits = false;
        loop {
            let arn = results_run::start(&self.cloud, &self.names.state_machine_arn, &slot.to_string())?;
            let run = results_run::follow(&self.cloud, &arn, RUN_LIMIT, |line| (self.say)(&format!("  {line}")))?;
            match run.status() {
                Some("already_running") => {}
                Some("already_done") => {
                    (self.say)("  this slot is done: its results stay as they are");
                    return Ok(());
                }
                status => {
                    (self.say)(&format!("  ended: {}", run.summary()));
                    return ensure(status == Some("done"), "the results run was not done");
                }
            }
            ensure(Instant::now() < deadline, "another run of the slot did not end")?;
            if !waits {
                (self.say)(
                    "  another run (a scheduled one, or one that was cut off) has this slot: waiting for its end",
                );
                waits = true;
            }
            interrupt::check()?;
            thread::sleep(Duration::from_secs(5));
        }
    }

    /// Reads the slot's summary from the bucket.
    fn summary(&self, slot: Slot) -> Result<Value, Failure> {
        let key = format!("summaries/{}.json", slot.path());
        let content = self.cloud.object(&self.names.results_bucket, &key)?;
        serde_json::from_slice(&content).map_err(|error| Failure::new(format!("{key}: {error}")))
    }

    /// Shows the auction's verdict on each order: an accepted one is stored, a rejected one is not.
    fn verdicts(&self, slot: Slot, record_ids: &BTreeSet<String>) -> Result<(), Failure> {
        let (attempt, orders) = self.results(slot)?;
        let bucket = &self.names.results_bucket;
        let prefix = format!("results/{}/{attempt}/", slot.path());
        let objects = self.cloud.objects(bucket, &prefix)?;
        let mut shown = 0;
        for order in &orders {
            let text = |name: &str| order.get(name).map(value_text).unwrap_or_default();
            let id = text("record_id");
            if !record_ids.contains(&id) {
                continue;
            }
            shown += 1;
            let position = order.get("position").and_then(Value::as_u64).unwrap_or_default();
            let start = format!("{prefix}{position:04}-");
            let object = objects.iter().find(|object: &&Object| object.key.starts_with(&start));
            match (text("outcome").as_str(), object) {
                ("accepted", Some(Object { key, .. })) => {
                    let content = String::from_utf8_lossy(&self.cloud.object(bucket, key)?).into_owned();
                    (self.say)(&format!("  {id}: accepted, power {}", text("power")));
                    (self.say)(&format!("    {bucket}/{key}: {content}"));
                    ensure(content.contains(&id), "the stored result is another order's")?;
                }
                // Results of more than 500 orders are stored in batches.
                ("accepted", None) if objects.iter().any(|object| object.key.ends_with(".jsonl")) => {
                    (self.say)(&format!("  {id}: accepted, power {}, stored in a batch", text("power")));
                }
                ("rejected", None) => (self.say)(&format!("  {id}: rejected: {}", text("reason"))),
                (outcome, object) => {
                    let stored = object.map_or("nothing", |object| object.key.as_str());
                    return ensure(false, &format!("order `{id}` is {outcome}, and {stored} is stored for it"));
                }
            }
        }
        ensure(shown == record_ids.len(), "the auction's results do not name each of these orders")
    }

    /// Reads every order of a slot's results, page by page. Returns the slot's attempt and the orders.
    fn results(&self, slot: Slot) -> Result<(u64, Vec<Value>), Failure> {
        let (mut attempt, mut orders, mut cursor) = (0, Vec::new(), String::new());
        loop {
            let path = format!("/results/{}?limit=1000{cursor}", slot.path());
            let response = self.cloud.http_api(&self.names.api_id, "GET", &path, &[], &[])?;
            let mut page: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            ensure(
                response.status == 200,
                &format!("GET {path} has the response {}: {}", response.status, response.text().trim()),
            )?;
            attempt = page.get("attempt").and_then(Value::as_u64).unwrap_or(attempt);
            if let Some(Value::Array(found)) = page.get_mut("orders").map(Value::take) {
                orders.extend(found);
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok((attempt, orders)),
            }
        }
    }

    /// Reads the report of the slot's day, which must have the slot with the counts of its summary.
    fn check_day(&self, slot: Slot, summary: &Value) -> Result<(), Failure> {
        let path = format!("/results/{}", slot.date());
        let response = self.cloud.http_api(&self.names.api_id, "GET", &path, &[], &[])?;
        let day: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let slots = day.get("slots").and_then(Value::as_array);
        let name = slot.to_string();
        let is_slot = |entry: &&Value| entry.get("slot").and_then(Value::as_str) == Some(name.as_str());
        let entry = slots.and_then(|slots| slots.iter().find(is_slot)).cloned().unwrap_or_default();
        (self.say)(&format!("  GET {path}: {}, with the entry {entry}", response.status));
        let is_done = entry.get("status").and_then(Value::as_str) == Some("done");
        let counts = ["accepted", "rejected", "failed"];
        let same = counts.iter().all(|name| entry.get(name).is_some_and(|count| Some(count) == summary.get(name)));
        ensure(response.status == 200 && is_done && same, "the day's report does not count the run")
    }

    /// Waits for the notification in Slack of a run with rejected or failed orders.
    fn check_notification(&self, summary: &Value) -> Result<(), Failure> {
        let count = |name: &str| summary.get(name).and_then(Value::as_u64).unwrap_or_default();
        if count("rejected") + count("failed") == 0 {
            (self.say)("  none: no order was rejected");
            return Ok(());
        }
        let run = summary.get("run").and_then(Value::as_str).unwrap_or("unknown");
        let deadline = Instant::now() + SLACK_LIMIT;
        loop {
            let posts = self.simulators.slack_posts()?;
            let about_this_run = |post: &&SlackPost| post.status == 200 && post.message.to_string().contains(run);
            if let Some(post) = posts.iter().find(about_this_run) {
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
