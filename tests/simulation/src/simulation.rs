//! Runs one schedule: clients, scheduler, operator; then waits until the system has come to rest.

use std::{rc::Rc, time::Duration};

use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::{
    clients::{post, read, send_invalid},
    coverage::Coverage,
    mutation::Mutation,
    queue::deliver_messages,
    run::{self, Run},
    runs_table::number,
    schedule::{Effect, Event, Place, Schedule},
    watch::{DROPPED_STARTS, OPEN_SLOTS},
    world::{OPEN_SLOT_ALARM, World, text_of},
};

/// The result of a simulation.
#[derive(Debug)]
pub struct Report {
    /// The first invariant that did not hold.
    pub violation: Option<String>,
    /// What happened, if it was to be traced.
    pub trace: Vec<String>,
    /// What was reached, so that a test can require it.
    pub reached: Reached,
    /// The paths and variants that were taken.
    pub coverage: Coverage,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    pub stored: usize,
    pub submitted: usize,
    pub refused: usize,
    pub expired: usize,
    pub slots_done: usize,
    pub runs: usize,
    pub failed_runs: usize,
    pub reports: usize,
    pub messages: usize,
}

impl Reached {
    /// Adds what another simulation reached.
    pub fn add(&mut self, other: Self) {
        self.stored += other.stored;
        self.submitted += other.submitted;
        self.refused += other.refused;
        self.expired += other.expired;
        self.slots_done += other.slots_done;
        self.runs += other.runs;
        self.failed_runs += other.failed_runs;
        self.reports += other.reports;
        self.messages += other.messages;
    }
}

/// Seconds within which the system must come to rest after the last event: a run's deadline and its leases.
const REST: u64 = 60_000;

/// Runs a schedule on a system, mutated or not.
pub fn simulate(schedule: &Schedule, mutation: Option<&Mutation>, is_traced: bool) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let world = World::new(schedule.clone(), mutation.cloned(), is_traced);
        let pump = tokio::task::spawn_local(deliver_messages(Rc::clone(&world)));
        run_schedule(&world).await;
        pump.abort();
        let reached = reached(&world);
        let coverage = world.coverage.take();
        Report { violation: world.violation(), trace: world.trace(), reached, coverage }
    })
}

async fn run_schedule(world: &Rc<World>) {
    for event in world.schedule.events.clone() {
        start_event(world, event);
    }
    for index in 1..=world.schedule.slots {
        let inner = Rc::clone(world);
        world.spawn(async move { start_scheduled_run(&inner, index).await });
    }
    let last = world.schedule.last_second();
    world.sleep_until(last + 1).await;
    rest(world, last).await;
    world.calm();
    watch(world).await;
    recover(world).await;
    rest(world, world.second()).await;
    if world.violation().is_none() {
        world.check_end();
    }
}

/// Waits until nothing is left to do, or an invariant is violated.
async fn rest(world: &Rc<World>, last: u64) {
    while !(world.is_idle() && world.queue.is_empty()) && world.violation().is_none() {
        if world.second() > last + REST {
            world.violate(|| "the system does not come to rest".to_owned());
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
}

/// After the faults, the schedule goes on: people have been notified of each slot that is not done, and the next run raises the
/// alarm on those that are open for too long.
async fn watch(world: &Rc<World>) {
    let is_open = |slot: &str| {
        let runs = world.runs.borrow();
        runs.items().get(&format!("slot#{slot}")).is_none_or(|item| !item.contains_key("done_at"))
    };
    let slots = (1..=world.schedule.slots).map(|index| text_of(index * world.schedule.period));
    let open: Vec<String> = slots.filter(|slot| is_open(slot)).collect();
    for slot in &open {
        if !world.is_failure_reported(slot) && !world.is_alarm_raised(DROPPED_STARTS, 0..u64::MAX) {
            world.violate(|| format!("slot {slot} is silently not done"));
        }
    }
    let is_begun = |slot: &String| world.runs.borrow().items().contains_key(&format!("slot#{slot}"));
    if !open.iter().any(is_begun) {
        return;
    }
    tokio::time::sleep(Duration::from_secs(OPEN_SLOT_ALARM + 60)).await;
    let next = (world.second() / world.schedule.period + 1) * world.schedule.period;
    world.sleep_until(next).await;
    finish(&run::start(world, json!({"scheduled_time": text_of(next)}))).await;
    if !world.is_alarm_raised(OPEN_SLOTS, next..u64::MAX) {
        world.violate(|| format!("the slots {open:?} stay open without an alarm"));
    }
}

async fn finish(run: &Run) {
    while run.end.borrow().is_none() {
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
}

/// Runs every open slot again, as the operator does after the alarm. Without further faults, only an answer with malformed
/// orders may keep a slot open.
async fn recover(world: &Rc<World>) {
    let leases: Vec<u64> =
        world.runs.borrow().items().values().filter_map(|item| number(item, "lease_until")).collect();
    let now = world.host_millis() / 1_000;
    let longest = leases.into_iter().map(|until| until.saturating_sub(now)).max().unwrap_or(0);
    tokio::time::sleep(Duration::from_secs(longest + 20)).await;
    for index in 1..=world.schedule.slots {
        let slot = text_of(index * world.schedule.period);
        let is_done = || {
            let runs = world.runs.borrow();
            runs.items().get(&format!("slot#{slot}")).is_some_and(|item| item.contains_key("done_at"))
        };
        if is_done() || world.violation().is_some() {
            continue;
        }
        let run = run::start(world, json!({"slot": slot}));
        finish(&run).await;
        if !is_done() && !world.schedule.is_slot_malformed(index) {
            world.violate(|| format!("slot {slot} cannot be recovered: {:?}", run.end.borrow()));
        }
    }
}

fn start_event(world: &Rc<World>, event: Event) {
    let at = match &event {
        Event::Request { at, .. }
        | Event::Read { at, .. }
        | Event::InvalidRequest { at, .. }
        | Event::ClockStep { at, .. }
        | Event::TtlDeletion { at }
        | Event::Redeployment { at }
        | Event::Abort { at, .. }
        | Event::Rerun { at, .. }
        | Event::InvalidStart { at }
        | Event::Resubmission { at }
        | Event::PoisonedMessage { at } => *at,
        // Faults and circumstances are looked up where they matter.
        _ => return,
    };
    let inner = Rc::clone(world);
    world.spawn(async move {
        inner.sleep_until(at).await;
        inner.note(|| event.to_string());
        match event {
            Event::Request { client, orders, .. } => post(&inner, client, &orders).await,
            Event::Read { client, id, .. } => read(&inner, client, id).await,
            Event::InvalidRequest { client, kind, .. } => send_invalid(&inner, client, kind).await,
            Event::ClockStep { seconds, .. } => inner.set_clocks(seconds),
            Event::TtlDeletion { .. } => inner.delete_expired(),
            Event::Redeployment { .. } => inner.redeploy(),
            Event::Abort { slot, .. } => {
                let slot = text_of(slot * inner.schedule.period);
                let runs = inner.observations.borrow().runs.clone();
                runs.iter().filter(|run| run.slot == slot).for_each(|run| run::abort(&inner, run));
            }
            Event::Rerun { slot, ask_again, .. } => {
                let mut input = json!({"slot": text_of(slot * inner.schedule.period)});
                if ask_again {
                    input["ask_again"] = Value::Bool(true);
                }
                run::start(&inner, input);
            }
            Event::InvalidStart { .. } => drop(run::start(&inner, json!({"slot": "today"}))),
            Event::Resubmission { .. } => inner.resubmit(),
            _ => inner.queue.send("{\"not\": \"an order\"}".to_owned()),
        }
    });
}

/// The scheduler delivers at least once. It drops a start that is denied until its maximum event age.
async fn start_scheduled_run(world: &Rc<World>, index: u64) {
    let second = index * world.schedule.period;
    world.sleep_until(second).await;
    let input = json!({"scheduled_time": text_of(second)});
    match world.fault(Place::ScheduledStart, None) {
        Some(Effect::Deny) => {
            world.emit_metric(DROPPED_STARTS, 1.0);
            return;
        }
        Some(Effect::Delay(seconds)) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        Some(Effect::Repeat(seconds)) => {
            run::start(world, input.clone());
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        _ => {}
    }
    run::start(world, input);
}

fn reached(world: &World) -> Reached {
    use gridbid_core::submission::Submission;

    let observations = world.observations.borrow();
    let count = |is_kind: fn(&Submission) -> bool| {
        observations.instances.iter().filter(|instance| is_kind(&instance.submission)).count()
    };
    let runs = world.runs.borrow();
    Reached {
        stored: observations.instances.len(),
        submitted: count(|submission| matches!(submission, Submission::Submitted { .. })),
        refused: count(|submission| matches!(submission, Submission::Refused { .. })),
        expired: count(|submission| matches!(submission, Submission::Pending)),
        slots_done: runs.items().values().filter(|item| item.contains_key("done_at")).count(),
        runs: observations.runs.len(),
        failed_runs: observations.runs.iter().filter(|run| matches!(&*run.end.borrow(), Some(Some(_)))).count(),
        reports: world.archive.objects().keys().filter(|key| key.starts_with("reports/")).count(),
        messages: observations.messages.len(),
    }
}
