//! Kills each process of the local cloud in turn, while orders are posted during a results run.
//!
//! Afterwards every acknowledged order is stored, an unacknowledged batch is stored completely or not at all, the table counts
//! its items, the platform has received each order once, and the slot of the run (started again if the kill has ended it) has
//! the objects that its summary counts.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::clock;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::process::Process;
use gridbid_devkit::progress::Step;
use gridbid_local_cloud::behaviour::FOR_TESTS;
use gridbid_local_cloud::client::Cloud;
use gridbid_local_cloud::record::Record;
use gridbid_local_cloud::simulators::Simulators;
use gridbid_local_cloud::slot::Slot;
use gridbid_local_cloud::{lifecycle, results_run, submission};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::system::System;

/// Number of acknowledged batches before the kill.
const BATCHES_BEFORE: usize = 12;
const RUN_LIMIT: Duration = Duration::from_secs(90);
/// A message in flight is delivered again after thirty seconds; retries take longer each time.
const SUBMISSION_LIMIT: Duration = Duration::from_secs(180);
/// A slot that no real run and no scenario uses.
const FIRST_SLOT: u64 = 1_890_000_000;

/// The processes to kill.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Cloud,
    Simulators,
    Functions,
}

impl Victim {
    fn title(self) -> &'static str {
        match self {
            Self::Cloud => "kill the local cloud",
            Self::Simulators => "kill the simulators",
            Self::Functions => "kill the functions",
        }
    }

    fn pids(self, record: &Record) -> Result<Vec<i32>, Failure> {
        let of = |process: &Option<Process>| process.iter().map(|process| process.pid).collect();
        match self {
            Self::Cloud => Ok(of(&record.cloud)),
            Self::Simulators => Ok(of(&record.simulators)),
            Self::Functions => {
                let leader = record.cloud.as_ref().map_or(0, |process| process.pid);
                Ok(group_members(leader)?.into_iter().filter(|pid| *pid != leader).collect())
            }
        }
    }
}

/// Runs a round for each process.
///
/// # Errors
/// The first expectation that is not met.
pub fn check(context: &Context, system: &System) -> Result<(), Failure> {
    let layout = &context.layout;
    for (number, victim) in (0..).zip([Victim::Cloud, Victim::Simulators, Victim::Functions]) {
        context.step(victim.title(), |step| {
            let slot = clock::rfc3339(FIRST_SLOT + number * 300);
            // Earlier rounds may have restarted processes.
            let none = || Failure::new("there is no local cloud to kill");
            let record = Record::read(&layout.cloud())?.ok_or_else(none)?;
            let prefix = format!("kill-{number}-{}", clock::unix_seconds());
            let round = Round { layout, system, record, slot, prefix };
            Ok(((), round.run(victim, step)?))
        })?;
    }
    Ok(())
}

/// One kill, and the checks after it.
struct Round<'a> {
    layout: &'a Layout,
    system: &'a System,
    record: Record,
    slot: String,
    /// The prefix of the `record_id`s of this round.
    prefix: String,
}

/// The `record_id`s of the batches of a round.
#[derive(Default)]
struct Posted {
    acknowledged: Vec<Vec<String>>,
    unacknowledged: Vec<Vec<String>>,
}

impl Round<'_> {
    fn run(&self, victim: Victim, step: &Step) -> Result<String, Failure> {
        let cloud = Cloud::new(&self.record.ports);
        self.script_platform(&self.record)?;
        let execution = results_run::start(&cloud, &self.system.names.state_machine_arn, &self.slot)?;
        let posted = Mutex::new(Posted::default());
        let is_over = AtomicBool::new(false);
        let killed = thread::scope(|scope| {
            let posting = scope.spawn(|| self.post_until(&is_over, &posted));
            let killed = self.kill_after_some(victim, &posted, step);
            thread::sleep(Duration::from_millis(300));
            is_over.store(true, Ordering::Relaxed);
            posting.join().map_err(|_| Failure::new("the posting thread panicked")).and(killed)
        })?;
        let (record, _) = lifecycle::start(self.layout, FOR_TESTS, &self.system.programs.simulators, step)?;
        let posted = posted.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.check_orders(&cloud, &posted)?;
        self.check_submissions(&cloud, &record, &posted)?;
        self.check_run(&cloud, &record, &execution)?;
        let (kept, unknown) = (posted.acknowledged.len(), posted.unacknowledged.len());
        Ok(format!(
            "{killed} killed, {kept} acknowledged batches kept, {unknown} unacknowledged ones complete or absent"
        ))
    }

    /// Scripts the platform for this slot: not ready at first, then two accepted orders and a rejected one.
    fn script_platform(&self, record: &Record) -> Result<(), Failure> {
        let orders = json!([
            {"order": "accepted", "power": 1}, {"order": "accepted", "power": 2}, {"order": "rejected", "power": 3}
        ]);
        let bodies = [json!({"results": false}), json!({"results": true, "orders": orders})];
        Simulators::new(&record.ports, &self.layout.cloud()).set_auction_bodies(&self.slot, &bodies)
    }

    fn post_until(&self, is_over: &AtomicBool, posted: &Mutex<Posted>) {
        let cloud = Cloud::new(&self.record.ports);
        for number in 0.. {
            if is_over.load(Ordering::Relaxed) {
                return;
            }
            let ids: Vec<String> = (0..=number % 3).map(|order| format!("{}-{number}-{order}", self.prefix)).collect();
            let orders: Vec<Value> =
                ids.iter().map(|id| json!({"record_id": id, "parameter_1": "kept", "parameter_2": 2.1})).collect();
            let body = Value::from(orders).to_string();
            let response = cloud.post_orders(&self.system.names.api_id, "/orders", body.as_bytes());
            let mut posted = posted.lock().unwrap_or_else(PoisonError::into_inner);
            match response {
                Ok(response) if response.status == 201 => posted.acknowledged.push(ids),
                _ => {
                    posted.unacknowledged.push(ids);
                    drop(posted);
                    thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    fn kill_after_some(&self, victim: Victim, posted: &Mutex<Posted>, step: &Step) -> Result<usize, Failure> {
        let deadline = Instant::now() + RUN_LIMIT;
        loop {
            let acknowledged = posted.lock().unwrap_or_else(PoisonError::into_inner).acknowledged.len();
            if acknowledged >= BATCHES_BEFORE {
                break;
            }
            step.check()?;
            ensure(Instant::now() < deadline, || "no order was stored before the kill".to_owned())?;
            thread::sleep(Duration::from_millis(10));
        }
        let pids = victim.pids(&self.record)?;
        ensure(!pids.is_empty(), || "there is no process to kill".to_owned())?;
        for pid in pids.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            // It may have ended in between.
            let _ = kill_process(pid, Signal::KILL);
        }
        Ok(pids.len())
    }

    fn check_orders(&self, cloud: &Cloud, posted: &Posted) -> Result<(), Failure> {
        let table = &self.system.names.orders_table;
        let items = cloud.items(table)?;
        let stored: BTreeSet<&str> = items.iter().filter_map(|item| Some(item.get("record_id")?.1.as_str())).collect();
        let counted = cloud.item_count(table)?;
        ensure(counted == items.len() as u64, || {
            format!("the table counts {counted} items and holds {}", items.len())
        })?;
        let lost: Vec<&String> =
            posted.acknowledged.iter().flatten().filter(|id| !stored.contains(id.as_str())).collect();
        ensure(lost.is_empty(), || {
            format!("{} acknowledged orders were lost, such as {:?}", lost.len(), lost.first())
        })?;
        for batch in &posted.unacknowledged {
            let found = batch.iter().filter(|id| stored.contains(id.as_str())).count();
            ensure(found == 0 || found == batch.len(), || format!("{found} of the {} orders of a batch", batch.len()))?;
        }
        let last = posted.acknowledged.last().and_then(|batch| batch.last());
        let path = format!("/orders/{}", last.map(String::as_str).unwrap_or_default());
        let response = cloud.http_api(&self.system.names.api_id, "GET", &path, &[], &[])?;
        ensure(response.status == 200, || {
            format!("GET {path} has the response {}: {}", response.status, response.text())
        })
    }

    /// Ends the lease of a dead run, which lasts for minutes.
    fn end_lease(&self, cloud: &Cloud) -> Result<(), Failure> {
        let table = &self.system.names.runs_table;
        if let Some(mut item) = results_run::slot_item(cloud, table, &self.slot)? {
            item.insert("lease_until".to_owned(), ("N".to_owned(), "0".to_owned()));
            cloud.put_item(table, &item)?;
        }
        Ok(())
    }

    /// Waits until the platform has received every acknowledged order; each is effective once.
    fn check_submissions(&self, cloud: &Cloud, record: &Record, posted: &Posted) -> Result<(), Failure> {
        let ids: Vec<&str> = posted.acknowledged.iter().flatten().map(String::as_str).collect();
        submission::follow(cloud, &self.system.names.api_id, &ids, SUBMISSION_LIMIT, |_| ())?;
        let seen = Simulators::new(&record.ports, &self.layout.cloud()).seen_orders(&self.prefix)?;
        let distinct: BTreeSet<&str> = seen.iter().map(|order| order.record_id.as_str()).collect();
        let lost = ids.iter().find(|id| !distinct.contains(*id));
        ensure(lost.is_none(), || format!("the platform has lost order {lost:?}"))?;
        ensure(distinct.len() == seen.len(), || {
            format!("the platform has {} orders under {} idempotency keys", distinct.len(), seen.len())
        })
    }

    fn check_run(&self, cloud: &Cloud, record: &Record, execution: &str) -> Result<(), Failure> {
        let names = &self.system.names;
        let mut run = results_run::follow(cloud, execution, RUN_LIMIT, |_| ())?;
        if run.status() != Some("done") {
            self.end_lease(cloud)?;
            self.script_platform(record)?;
            let second = results_run::start(cloud, &names.state_machine_arn, &self.slot)?;
            run = results_run::follow(cloud, &second, RUN_LIMIT, |_| ())?;
        }
        ensure(run.status() == Some("done"), || format!("slot {} ended as {}", self.slot, run.summary()))?;
        let path = self.slot.parse::<Slot>().map_err(|error| Failure::new(error.to_string()))?.path();
        let objects = cloud.objects(&names.results_bucket, &format!("results/{path}/"))?.len() as u64;
        let (accepted, rejected) = (run.count("accepted"), run.count("rejected"));
        ensure((accepted, rejected, objects) == (2, 1, 2), || {
            format!("slot {} has {objects} objects, {accepted} accepted and {rejected} rejected", self.slot)
        })
    }
}

/// The processes of a group.
fn group_members(group: i32) -> Result<Vec<i32>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::new(format!("cannot list processes with `ps`: {error}"));
    let listed = Command::new("ps").args(["-e", "-o", "pid=,pgid="]).output().map_err(|error| cannot(&error))?;
    let text = String::from_utf8(listed.stdout).map_err(|error| cannot(&error))?;
    let members = text.lines().filter_map(|line| {
        let (pid, of) = line.trim().split_once(char::is_whitespace)?;
        (of.trim().parse() == Ok(group)).then(|| pid.parse().ok())?
    });
    Ok(members.collect())
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(otherwise())) }
}
