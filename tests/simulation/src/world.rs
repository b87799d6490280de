//! The surroundings of the functions: clocks, faults, tables, queues, topic; and the record of what happened.
//!
//! Time is tokio's, paused: it advances only when every task waits. Latencies and jitter are functions of the seed, so that
//! a schedule has one outcome.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::Future,
    panic::AssertUnwindSafe,
    rc::Rc,
    time::Duration,
};

use futures_util::FutureExt as _;
use gridbid_adapters::memory::{MemoryArchive, MemoryOrders, seed_jitter};
use gridbid_core::expiry::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    auction::Auction,
    coverage::Coverage,
    dice::Dice,
    machine::Settings,
    mutation::{Mutation, Protection},
    observations::Observations,
    queue::Queue,
    run::Run,
    runs_table::RunsTable,
    schedule::{Effect, Event, Function, Place, Schedule},
    watch::Metrics,
};

/// The start of every simulation: 2026-11-22T00:00:00Z, a multiple of every period.
const START: u64 = 1_795_305_600;

/// Seconds after which an open slot is counted for the alarm.
pub const OPEN_SLOT_ALARM: u64 = 3_600;

/// The text of a second since the start.
pub fn text_of(second: u64) -> String {
    Timestamp::from_unix_seconds(START + second).to_string()
}

/// The second since the start of a text.
pub fn second_of(text: &str) -> u64 {
    Timestamp::parse(text).unwrap().unix_seconds() - START
}

/// The whole system, and its surroundings.
pub struct World {
    pub schedule: Schedule,
    pub mutation: Option<Mutation>,
    pub definition: Value,
    pub orders: MemoryOrders,
    pub archive: MemoryArchive,
    pub runs: RefCell<RunsTable>,
    pub auction: RefCell<Auction>,
    pub queue: Queue,
    pub observations: RefCell<Observations>,
    pub coverage: RefCell<Coverage>,
    pub metrics: Metrics,
    faults: BTreeMap<(Place, u64), Effect>,
    counts: RefCell<BTreeMap<Place, u64>>,
    started: Instant,
    clock_step: Cell<i64>,
    /// Functions whose next invocation meets a deployment.
    redeployed: RefCell<BTreeSet<Function>>,
    busy: Cell<u32>,
    draws: Cell<u64>,
    is_calm: Cell<bool>,
    violation: RefCell<Option<String>>,
    trace: Option<RefCell<Vec<String>>>,
}

impl World {
    pub fn new(schedule: Schedule, mutation: Option<Mutation>, is_traced: bool) -> Rc<Self> {
        seed_jitter(schedule.seed);
        let settings = Settings {
            period_seconds: schedule.period,
            poll_seconds: 300,
            deadline_seconds: 7_200,
            lease_seconds: 1_200,
            open_slot_alarm_seconds: OPEN_SLOT_ALARM,
        };
        let mut definition = settings.definition();
        if let Some(mutation) = &mutation {
            mutation.patch(&mut definition);
        }
        let mut faults = BTreeMap::new();
        for event in &schedule.events {
            if let Event::Fault { place, first, count, effect } = event {
                faults.extend((*first..first + count).map(|number| ((*place, number), *effect)));
            }
        }
        Rc::new(Self {
            auction: RefCell::new(Auction::new(schedule.clone())),
            schedule,
            mutation,
            definition,
            orders: MemoryOrders::new(),
            archive: MemoryArchive::new(),
            runs: RefCell::default(),
            queue: Queue::default(),
            observations: RefCell::default(),
            coverage: RefCell::default(),
            metrics: Metrics::default(),
            faults,
            counts: RefCell::default(),
            started: Instant::now(),
            clock_step: Cell::new(0),
            redeployed: RefCell::default(),
            busy: Cell::new(0),
            draws: Cell::new(0),
            is_calm: Cell::new(false),
            violation: RefCell::default(),
            trace: is_traced.then(RefCell::default),
        })
    }

    /// Whether the mutation takes this protection away.
    pub fn lacks(&self, protection: Protection) -> bool {
        self.mutation.as_ref().is_some_and(|mutation| mutation.removes(protection))
    }

    /// Seconds since the start.
    pub fn second(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// The time of a host's clock, in milliseconds since 1970.
    pub fn host_millis(&self) -> u64 {
        let true_millis = START * 1_000 + self.started.elapsed().as_millis() as u64;
        true_millis.saturating_add_signed(1_000 * self.clock_step.get())
    }

    /// The time of a host's clock.
    pub fn host_time(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.host_millis() / 1_000)
    }

    pub fn set_clocks(&self, step: i64) {
        self.clock_step.set(step);
    }

    /// Ends all faults.
    pub fn calm(&self) {
        self.is_calm.set(true);
        self.redeployed.borrow_mut().clear();
    }

    pub fn redeploy(&self) {
        self.redeployed.borrow_mut().extend(Function::ALL);
    }

    /// Whether a function was deployed since its last invocation.
    pub fn take_deployment(&self, function: Function) -> bool {
        self.redeployed.borrow_mut().remove(&function)
    }

    pub async fn sleep_until(&self, second: u64) {
        tokio::time::sleep_until(self.started + Duration::from_secs(second)).await;
    }

    /// Waits for a latency of the seed.
    pub async fn pass_time(&self, part: &str, least_ms: u64, most_ms: u64) {
        let delay = self.dice(part).between(least_ms, most_ms);
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }

    /// The generator of the next draw.
    pub fn dice(&self, part: &str) -> Dice {
        let draw = self.draws.get();
        self.draws.set(draw + 1);
        Dice::of(self.schedule.seed, part, draw)
    }

    /// Counts a call, and returns what happens to it.
    pub fn fault(&self, place: Place, run: Option<&Run>) -> Option<Effect> {
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry(place).or_default();
        *count += 1;
        let effect = self.faults.get(&(place, *count)).copied().filter(|_| !self.is_calm.get());
        if let Some(effect) = effect {
            let number = *count;
            self.note(|| format!("{place} {number} {effect}"));
            if let Some(run) = run {
                run.count_fault(effect);
            }
        }
        effect
    }

    /// Whether an event of the schedule is going on.
    pub fn is_during(&self, is_kind: impl Fn(&Event) -> Option<(u64, u64)>) -> bool {
        let now = self.second();
        self.schedule.events.iter().filter_map(is_kind).any(|(from, to)| (from..to).contains(&now))
    }

    /// Runs a task concurrently with all others. A panic violates the invariants.
    pub fn spawn(self: &Rc<Self>, task: impl Future<Output = ()> + 'static) -> tokio::task::AbortHandle {
        self.busy.set(self.busy.get() + 1);
        let busy = Busy(Rc::clone(self));
        let task = async move {
            let world = Rc::clone(&busy.0);
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                world.violate(|| "a task panicked".to_owned());
            }
            drop(busy);
        };
        tokio::task::spawn_local(task).abort_handle()
    }

    pub fn is_idle(&self) -> bool {
        self.busy.get() == 0
    }

    /// Records the first violation of an invariant.
    pub fn violate(&self, what: impl FnOnce() -> String) {
        let mut violation = self.violation.borrow_mut();
        if violation.is_none() {
            let what = what();
            self.note(|| format!("VIOLATION: {what}"));
            *violation = Some(what);
        }
    }

    pub fn violation(&self) -> Option<String> {
        self.violation.borrow().clone()
    }

    /// Adds a line to the trace, if there is one.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let second = self.started.elapsed().as_secs_f64();
            trace.borrow_mut().push(format!("{second:>10.3}  {}", line()));
        }
    }

    pub fn trace(&self) -> Vec<String> {
        self.trace.as_ref().map(|trace| trace.borrow().clone()).unwrap_or_default()
    }
}

/// Counts a task until it ends, however it ends.
struct Busy(Rc<World>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.set(self.0.busy.get() - 1);
    }
}
