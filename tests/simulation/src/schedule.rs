//! What happens in one simulation: the clients' requests, the operator's commands, and the faults.
//!
//! A seed draws a schedule. Each event stands for itself, so that a failing schedule can be shrunk by leaving events out:
//! a fault names the call that it hits by its place and number, and everything else has a time.

use std::fmt;

use crate::dice::Dice;

/// A function of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    OrdersApi,
    SubmitOrders,
    CollectResults,
    StoreResult,
    CloseRun,
    NotifySlack,
}

impl Function {
    pub const ALL: [Self; 6] = [
        Self::OrdersApi,
        Self::SubmitOrders,
        Self::CollectResults,
        Self::StoreResult,
        Self::CloseRun,
        Self::NotifySlack,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::OrdersApi => "orders-api",
            Self::SubmitOrders => "submit-orders",
            Self::CollectResults => "collect-results",
            Self::StoreResult => "store-result",
            Self::CloseRun => "close-run",
            Self::NotifySlack => "notify-slack",
        }
    }

    /// The timeout in seconds: see `terraform/stack/functions.tf`.
    pub fn timeout_seconds(self) -> u64 {
        match self {
            Self::OrdersApi => 15,
            Self::SubmitOrders => 29,
            Self::CollectResults => 240,
            Self::StoreResult => 50,
            Self::CloseRun => 120,
            Self::NotifySlack => 20,
        }
    }
}

/// A place where calls are counted and can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Transaction,
    /// Of a cancelled transaction.
    Write,
    OrderRead,
    WriteBack,
    ClaimReport,
    Submission,
    Poll,
    PutIfAbsent,
    Put,
    Get,
    Publish,
    Defer,
    SetAside,
    SlackPost,
    RunsUpdate,
    RunsRead,
    RunsCount,
    Invocation(Function),
    ApiResponse,
    StreamRecord,
    QueueDelivery,
    QueueDelete,
    ScheduledStart,
    TopicDelivery,
    /// A state of a run, before which Step Functions may stall.
    State(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Transaction => "transaction of orders",
            Self::Write => "write of a cancelled transaction",
            Self::OrderRead => "read of an order",
            Self::WriteBack => "write-back of a submission",
            Self::ClaimReport => "claim of an expiry report",
            Self::Submission => "request with orders to the platform",
            Self::Poll => "poll of the platform",
            Self::PutIfAbsent => "put-if-absent to the archive",
            Self::Put => "put of a summary",
            Self::Get => "read of the archive",
            Self::Publish => "publication to the topic",
            Self::Defer => "deferral of messages",
            Self::SetAside => "copy to the dead-letter queue",
            Self::SlackPost => "post to Slack",
            Self::RunsUpdate => "update of the runs table",
            Self::RunsRead => "read of the runs table",
            Self::RunsCount => "count of open slots",
            Self::Invocation(function) => return write!(out, "invocation of {}", function.name()),
            Self::ApiResponse => "response of the API",
            Self::StreamRecord => "record of the stream",
            Self::QueueDelivery => "delivery of the queue",
            Self::QueueDelete => "deletion of messages",
            Self::ScheduledStart => "start by the scheduler",
            Self::TopicDelivery => "delivery of the topic",
            Self::State(name) => return write!(out, "state {name} of a run"),
        })
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Refused for now; nothing is done.
    Throttle,
    /// The request is lost; nothing is done and there is no response in time.
    LoseRequest,
    /// The call is executed, but its response is lost.
    LoseResponse,
    /// Another client's transaction is in the way; nothing is done.
    Contend,
    /// Refused for good, such as by a missing permission.
    Deny,
    /// The function's process ends before the call.
    CrashBefore,
    /// The function's process ends after the call was executed.
    CrashAfter,
    /// The call takes this many seconds before it is executed.
    Slow(u64),
    /// The call never ends: the function is stopped at its timeout.
    Hang,
    /// The caller gets an error at once, while the function goes on.
    Abandon,
    /// It happens a second time, this many seconds later.
    Repeat(u64),
    /// It happens this many seconds later.
    Delay(u64),
}

impl fmt::Display for Effect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Throttle => out.write_str("is throttled"),
            Self::LoseRequest => out.write_str("is lost before its effect"),
            Self::LoseResponse => out.write_str("takes effect, but its response is lost"),
            Self::Contend => out.write_str("is cancelled because of another client's"),
            Self::Deny => out.write_str("is denied"),
            Self::CrashBefore => out.write_str("is preceded by a crash of the function"),
            Self::CrashAfter => out.write_str("takes effect, then the function crashes"),
            Self::Slow(seconds) => write!(out, "takes {seconds} seconds"),
            Self::Hang => out.write_str("hangs until the function's timeout"),
            Self::Abandon => out.write_str("is abandoned by its caller, but goes on"),
            Self::Repeat(seconds) => write!(out, "happens again {seconds} seconds later"),
            Self::Delay(seconds) => write!(out, "happens {seconds} seconds late"),
        }
    }
}

/// A request that is not a batch of valid orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidRequest {
    Empty,
    RepeatedId,
    NotBase64,
    NotUtf8,
    TooLarge,
    Text,
    Compressed,
}

impl InvalidRequest {
    pub const ALL: [Self; 7] =
        [Self::Empty, Self::RepeatedId, Self::NotBase64, Self::NotUtf8, Self::TooLarge, Self::Text, Self::Compressed];
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Empty => "no body",
            Self::RepeatedId => "two orders with one id",
            Self::NotBase64 => "a body that is not base64",
            Self::NotUtf8 => "a body that is not UTF-8",
            Self::TooLarge => "a body that is too large",
            Self::Text => "plain text",
            Self::Compressed => "a compressed body",
        })
    }
}

/// An order of a request: the number of its `record_id` and its amount.
pub type RequestedOrder = (u64, u64);

/// One event. Times are in seconds since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Request { at: u64, client: u64, orders: Vec<RequestedOrder> },
    Read { at: u64, client: u64, id: u64 },
    InvalidRequest { at: u64, client: u64, kind: InvalidRequest },
    Fault { place: Place, first: u64, count: u64, effect: Effect },
    PlatformOutage { from: u64, to: u64 },
    PlatformBusy { from: u64, to: u64 },
    MalformedReceipts { from: u64, to: u64, is_whole: bool },
    TokenRefused { from: u64, to: u64 },
    SlackOutage { from: u64, to: u64 },
    LateResults { slot: u64, seconds: u64 },
    CorrectedResults { slot: u64, after: u64 },
    MalformedResults { slot: u64 },
    BrokenResults { slot: u64, until: u64, is_large: bool },
    ManyResults { slot: u64, orders: u64 },
    ClockStep { at: u64, seconds: i64 },
    TtlDeletion { at: u64 },
    Redeployment { at: u64 },
    Abort { slot: u64, at: u64 },
    Rerun { slot: u64, at: u64, ask_again: bool },
    InvalidStart { at: u64 },
    Resubmission { at: u64 },
    PoisonedMessage { at: u64 },
}

struct Clock(u64);

impl fmt::Display for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}:{:02}", self.0 / 3_600, self.0 / 60 % 60, self.0 % 60)
    }
}

impl Event {
    /// The time of a request; `None` for other events.
    fn request_at(&self) -> Option<u64> {
        if let Self::Request { at, .. } = self { Some(*at) } else { None }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = |again: &bool| if *again { ", asking the platform again" } else { "" };
        match self {
            Self::Request { at, client, orders } => {
                write!(out, "{}  client {client} posts", Clock(*at))?;
                orders.iter().try_for_each(|(id, amount)| write!(out, " o-{id}={amount}"))
            }
            Self::Read { at, client, id } => write!(out, "{}  client {client} reads o-{id}", Clock(*at)),
            Self::InvalidRequest { at, client, kind } => write!(out, "{}  client {client} sends {kind}", Clock(*at)),
            Self::Fault { place, first, count: 1, effect } => write!(out, "{place} {first} {effect}"),
            Self::Fault { place, first, count, effect } => {
                write!(out, "each {place} from {first} to {} {effect}", first + count - 1)
            }
            Self::PlatformOutage { from, to } => {
                write!(out, "{} to {}  the platform is away", Clock(*from), Clock(*to))
            }
            Self::PlatformBusy { from, to } => write!(out, "{} to {}  the platform is busy", Clock(*from), Clock(*to)),
            Self::MalformedReceipts { from, to, is_whole } => {
                let what = if *is_whole { "is not a list" } else { "has an unknown status for each" };
                write!(out, "{} to {}  the platform receives orders, but its response {what}", Clock(*from), Clock(*to))
            }
            Self::TokenRefused { from, to } => {
                write!(out, "{} to {}  the platform refuses the token", Clock(*from), Clock(*to))
            }
            Self::SlackOutage { from, to } => write!(out, "{} to {}  Slack is away", Clock(*from), Clock(*to)),
            Self::LateResults { slot, seconds } => write!(out, "the results of slot {slot} are {seconds} seconds late"),
            Self::CorrectedResults { slot, after: 1 } => {
                write!(out, "the platform changes the results of slot {slot} after its first response")
            }
            Self::CorrectedResults { slot, after } => {
                write!(out, "the platform changes the results of slot {slot} after {after} responses")
            }
            Self::MalformedResults { slot } => write!(out, "the results of slot {slot} have a malformed order"),
            Self::BrokenResults { slot, until, is_large } => {
                let what = if *is_large { "are too large" } else { "break the contract" };
                write!(out, "until {}  the results of slot {slot} {what}", Clock(*until))
            }
            Self::ManyResults { slot, orders } => write!(out, "the results of slot {slot} have {orders} more orders"),
            Self::ClockStep { at, seconds } => write!(out, "{}  the clocks are set to {seconds:+} seconds", Clock(*at)),
            Self::TtlDeletion { at } => write!(out, "{}  DynamoDB deletes expired orders", Clock(*at)),
            Self::Redeployment { at } => write!(out, "{}  all functions are deployed again", Clock(*at)),
            Self::Abort { slot, at } => write!(out, "{}  the runs of slot {slot} are aborted", Clock(*at)),
            Self::Rerun { slot, at, ask_again } => {
                write!(out, "{}  slot {slot} is run by hand{}", Clock(*at), again(ask_again))
            }
            Self::InvalidStart { at } => write!(out, "{}  a run is started by hand without a valid slot", Clock(*at)),
            Self::Resubmission { at } => write!(out, "{}  pending orders are resubmitted by hand", Clock(*at)),
            Self::PoisonedMessage { at } => write!(out, "{}  a message that is not an order is sent", Clock(*at)),
        }
    }
}

/// A simulation's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub seed: u64,
    /// Seconds between two slots.
    pub period: u64,
    /// The number of slots; slot `n` is at `n * period` seconds, from 1.
    pub slots: u64,
    pub events: Vec<Event>,
}

/// The least number of seconds for which a run holds its slot when it comes to a state: the lease, and for the orders 2000 more.
fn lease_before(state: &str) -> u64 {
    if matches!(state, "RenewLease" | "HoldForOrders") { 1_200 } else { 3_200 }
}

/// Calls that few schedules make, so that few faults hit them.
const RARE: [Place; 7] =
    [Place::OrderRead, Place::ClaimReport, Place::Publish, Place::Defer, Place::SetAside, Place::Get, Place::Put];

/// An order's lifetime in seconds.
pub const DAY: u64 = 86_400;

impl Schedule {
    /// Draws a schedule: minutes with many slots, or a day after which orders expire and their ids are used again.
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::of(seed, "schedule", 0);
        let is_long = dice.percent(30);
        let (period, slots) = if is_long { (14_400, 7) } else { (300, dice.between(2, 4)) };
        let mut schedule = Self { seed, period, slots, events: Vec::new() };
        schedule.draw_requests(is_long, &mut dice);
        schedule.draw_circumstances(is_long, &mut dice);
        for _ in 0..dice.below(9) {
            let fault = draw_fault(&mut dice);
            schedule.events.push(fault);
        }
        schedule.draw_clients(is_long, &mut Dice::of(seed, "clients", 0));
        schedule
    }

    fn draw_requests(&mut self, is_long: bool, dice: &mut Dice) {
        let ids = dice.between(3, 12);
        let window = self.period * self.slots;
        let mut client = 0;
        for _ in 0..dice.between(2, 6) {
            // Close to each other or to a slot's time, so that requests overlap.
            let at = match dice.below(4) {
                0 => self.period * dice.between(1, self.slots - 1) - dice.below(3),
                1 => dice.below(3),
                _ => dice.below(if is_long { 3_600 } else { window - 60 }),
            };
            let first = dice.below(ids);
            let count = dice.between(1, ids.min(6));
            let mut orders: Vec<RequestedOrder> =
                (0..count).map(|index| ((first + index) % ids, dice.between(1, 3))).collect();
            client += 1;
            self.events.push(Event::Request { at, client, orders: orders.clone() });
            // The same request again, or one that conflicts, now or much later.
            for _ in 0..dice.below(3) {
                let at = at
                    + if is_long && dice.percent(60) {
                        DAY - 4 + dice.below(12)
                    } else {
                        dice.pick(&[0, 0, 1, 5, 60, 400])
                    };
                if dice.percent(40) {
                    let index = dice.below(count) as usize;
                    orders[index].1 += 1;
                }
                client += 1;
                self.events.push(Event::Request { at, client, orders: orders.clone() });
            }
        }
    }

    /// Reads, invalid requests, and what only some clients meet.
    fn draw_clients(&mut self, is_long: bool, dice: &mut Dice) {
        let requests: Vec<(u64, u64)> = self
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Request { at, orders, .. } => Some((*at, orders[0].0)),
                _ => None,
            })
            .collect();
        let client = |dice: &mut Dice| 100 + dice.below(10);
        for _ in 0..dice.below(5) {
            let (at, id) = dice.pick(&requests);
            // Around an expiry, or soon after the request; sometimes of an order that nobody posts.
            let later =
                if is_long && dice.percent(40) { DAY - 20 + dice.below(40) } else { dice.pick(&[0, 1, 3, 30, 400]) };
            let id = if dice.percent(10) { 99 } else { id };
            self.events.push(Event::Read { at: at + later, client: client(dice), id });
        }
        let at = dice.below(self.period * self.slots);
        if dice.percent(20) {
            let kind = dice.pick(&InvalidRequest::ALL);
            self.events.push(Event::InvalidRequest { at, client: client(dice), kind });
        }
        let (from, _) = dice.pick(&requests);
        let to = from + dice.between(5, 600);
        match dice.below(20) {
            0 => self.events.push(Event::PlatformBusy { from, to }),
            1 => self.events.push(Event::MalformedReceipts { from, to, is_whole: dice.percent(50) }),
            2 | 3 => {
                let (first, count) = (dice.between(1, 6), dice.pick(&[1, 2, 8]));
                let (place, effect) = (Place::Transaction, Effect::Contend);
                self.events.push(Event::Fault { place, first, count, effect });
            }
            4 if dice.percent(30) => {
                let slot = dice.between(1, self.slots);
                self.events.push(Event::ManyResults { slot, orders: dice.between(490, 620) });
                self.events.push(Event::MalformedResults { slot });
                let (first, effect) = (dice.between(1, 12), dice.pick(&[Effect::Throttle, Effect::Deny]));
                self.events.push(Event::Fault { place: Place::Get, first, count: 3, effect });
            }
            5 if dice.percent(40) => self.events.push(Event::InvalidStart { at }),
            6 => {
                let effect = dice.pick(&[Effect::Throttle, Effect::Deny, Effect::Deny]);
                let place = dice.pick(&RARE);
                if place == Place::SetAside {
                    self.events.push(Event::PoisonedMessage { at });
                }
                if place == Place::Defer {
                    self.events.push(Event::PlatformBusy { from, to });
                }
                let first = if place == Place::SetAside { 1 } else { dice.between(1, 4) };
                self.events.push(Event::Fault { place, first, count: 3, effect });
            }
            // An order is received just before it expires, and deleted before the response is stored.
            7 if is_long => {
                let (expiry, slow) = (from + DAY, Effect::Slow(10));
                self.events.push(Event::PlatformOutage { from, to: expiry - 60 });
                self.events.push(Event::Fault { place: Place::Submission, first: 1, count: 400, effect: slow });
                self.events.push(Event::Resubmission { at: expiry - 8 });
                self.events.push(Event::TtlDeletion { at: expiry + 2 });
            }
            _ => {}
        }
    }

    fn draw_circumstances(&mut self, is_long: bool, dice: &mut Dice) {
        let end = self.period * self.slots;
        let window = |dice: &mut Dice, longest: u64| {
            let from = dice.below(end);
            (from, from + dice.between(10, longest))
        };
        // An outage that lasts until orders expire, or nearly.
        if is_long && dice.percent(35) {
            let to = if dice.percent(50) { DAY + dice.below(4_000) } else { DAY - 10 + dice.below(30) };
            self.events.push(Event::PlatformOutage { from: dice.below(100), to });
            if dice.percent(30) {
                self.events.push(Event::Resubmission { at: dice.below(DAY) });
            }
        }
        let draws = dice.below(4);
        for _ in 0..draws {
            let slot = dice.between(1, self.slots);
            let around = self.period * slot + dice.below(300);
            let event = match dice.below(16) {
                0 | 1 => {
                    let (from, to) = window(dice, 4_000);
                    Event::PlatformOutage { from, to }
                }
                2 => {
                    let (from, to) = window(dice, 1_000);
                    Event::TokenRefused { from, to }
                }
                3 => {
                    let (from, to) = window(dice, 900);
                    Event::SlackOutage { from, to }
                }
                4 => Event::LateResults { slot, seconds: dice.pick(&[100, 700, 2_000, 9_000]) },
                5 | 6 => Event::CorrectedResults { slot, after: dice.pick(&[1, 1, 2]) },
                7 => Event::MalformedResults { slot },
                8 => Event::BrokenResults { slot, until: around, is_large: around.is_multiple_of(2) },
                9 if dice.percent(30) => Event::ManyResults { slot, orders: dice.between(490, 620) },
                9 | 10 => Event::ClockStep { at: dice.below(end), seconds: dice.between(1, 9) as i64 - 5 },
                11 => Event::TtlDeletion { at: if is_long { DAY + dice.below(3_600) } else { around } },
                12 => Event::Redeployment { at: around },
                13 => Event::Abort { slot, at: around },
                14 => Event::Rerun { slot, at: around + dice.pick(&[0, 0, 60, 400]), ask_again: dice.percent(50) },
                _ if dice.percent(50) => Event::Resubmission { at: around },
                _ => {
                    let effect = dice.pick(&[Effect::Throttle, Effect::LoseRequest]);
                    if dice.percent(50) {
                        self.events.push(Event::Fault { place: Place::SetAside, first: 1, count: 1, effect });
                    }
                    Event::PoisonedMessage { at: around }
                }
            };
            self.events.push(event);
        }
        if dice.percent(45) {
            self.draw_overlap(dice);
        }
    }

    /// Two runs of a slot, or two invocations for it, of which each may see another answer of the platform.
    fn draw_overlap(&mut self, dice: &mut Dice) {
        // Preferably a slot with orders.
        let requests: Vec<u64> = self.events.iter().filter_map(Event::request_at).collect();
        let slot = (dice.pick(&requests) / self.period + 1).min(self.slots);
        let at = self.period * slot;
        match dice.below(4) {
            // Another run begins with the first one, or after it.
            0 => {
                let at = at + if dice.percent(50) { dice.below(6) } else { 700 };
                self.events.push(Event::Rerun { slot, at, ask_again: dice.percent(60) });
                let (place, first) = (Place::RunsUpdate, dice.between(1, 4 * slot + 2));
                self.events.push(Event::Fault { place, first, count: 1, effect: Effect::LoseResponse });
            }
            // The first run waits for longer than a lease.
            1 => {
                self.events.push(Event::LateResults { slot, seconds: dice.pick(&[2_000, 4_000]) });
                self.events.push(Event::Rerun { slot, at: at + dice.between(900, 3_000), ask_again: dice.percent(20) });
            }
            // The first run stalls for longer than its lease, and another one takes the slot over.
            2 => {
                let (state, seconds) = dice.pick(&[
                    ("RenewLease", 1_800),
                    ("HoldForOrders", 1_800),
                    ("StoreOrders", 1_800),
                    ("StoreOrders", 5_000),
                    ("CloseRun", 1_800),
                    ("CloseRun", 5_000),
                    ("FinishRun", 5_000),
                ]);
                let (place, effect) = (Place::State(state), Effect::Slow(seconds));
                self.events.push(Event::Fault { place, first: slot, count: 1, effect });
                let at = at + seconds + dice.below(330);
                self.events.push(Event::Rerun { slot, at, ask_again: dice.percent(50) });
            }
            // An invocation goes on while the next one does the same.
            _ => {
                let abandoned = Place::Invocation(dice.pick(&[Function::CollectResults, Function::StoreResult]));
                let first = dice.between(1, 2 * self.slots);
                self.events.push(Event::Fault { place: abandoned, first, count: 2, effect: Effect::Abandon });
                let effect = Effect::Slow(dice.pick(&[10, 10, 45]));
                self.events.push(Event::Fault { place: Place::PutIfAbsent, first: 1, count: 12, effect });
            }
        }
        self.events.push(Event::CorrectedResults { slot, after: 1 });
    }

    /// The second after which no event of the schedule goes on.
    pub fn last_second(&self) -> u64 {
        let last = self.events.iter().map(|event| match event {
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
            Event::PlatformOutage { to, .. }
            | Event::PlatformBusy { to, .. }
            | Event::MalformedReceipts { to, .. }
            | Event::TokenRefused { to, .. }
            | Event::SlackOutage { to, .. } => *to,
            Event::BrokenResults { until, .. } => *until,
            Event::LateResults { slot, seconds } => slot * self.period + seconds + 300,
            Event::Fault { .. }
            | Event::CorrectedResults { .. }
            | Event::MalformedResults { .. }
            | Event::ManyResults { .. } => 0,
        });
        last.max().unwrap_or(0).max(self.slots * self.period)
    }

    /// Whether the results of a slot may come after a run's deadline.
    pub fn is_slot_delayed(&self, index: u64) -> bool {
        self.events.iter().any(|event| match event {
            Event::PlatformOutage { .. } => true,
            Event::LateResults { slot, .. } => *slot == index,
            _ => false,
        })
    }

    /// Whether a run may stall for longer than it holds its slot.
    pub fn may_lose_lease(&self) -> bool {
        self.events.iter().any(|event| match event {
            Event::Fault { place: Place::State(state), effect: Effect::Slow(seconds), .. } => {
                *seconds > lease_before(state)
            }
            _ => false,
        })
    }

    /// Whether the results of a slot may break the contract.
    pub fn is_slot_broken(&self, index: u64) -> bool {
        self.events.iter().any(|event| matches!(event, Event::BrokenResults { slot, .. } if *slot == index))
    }

    /// Whether the results of a slot have a malformed order.
    pub fn is_slot_malformed(&self, index: u64) -> bool {
        self.events.contains(&Event::MalformedResults { slot: index })
    }

    /// The number of messages that are not orders.
    pub fn poisoned_messages(&self) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::PoisonedMessage { .. })).count()
    }

    /// The shortest part of the schedule that still fails: events are left out while it does.
    pub fn shrink(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut shortest = self.clone();
        let mut is_shorter = true;
        while is_shorter {
            is_shorter = false;
            for index in (0..shortest.events.len()).rev() {
                let mut without = shortest.clone();
                without.events.remove(index);
                if fails(&without) {
                    shortest = without;
                    is_shorter = true;
                }
            }
        }
        shortest
    }
}

fn draw_fault(dice: &mut Dice) -> Event {
    let function = dice.pick(&Function::ALL);
    let place = dice.pick(&[
        Place::Transaction,
        Place::Transaction,
        Place::OrderRead,
        Place::WriteBack,
        Place::WriteBack,
        Place::ClaimReport,
        Place::Submission,
        Place::Submission,
        Place::Poll,
        Place::PutIfAbsent,
        Place::PutIfAbsent,
        Place::Put,
        Place::Get,
        Place::Publish,
        Place::Defer,
        Place::SetAside,
        Place::SlackPost,
        Place::RunsUpdate,
        Place::RunsUpdate,
        Place::RunsRead,
        Place::RunsCount,
        Place::Invocation(function),
        Place::Invocation(Function::CollectResults),
        Place::Invocation(Function::StoreResult),
        Place::ApiResponse,
        Place::StreamRecord,
        Place::QueueDelivery,
        Place::QueueDelete,
        Place::ScheduledStart,
        Place::TopicDelivery,
    ]);
    let seconds = dice.pick(&[1, 10, 45, 200, 260, 900]);
    let effect = match place {
        Place::Invocation(_) | Place::RunsUpdate | Place::RunsRead | Place::RunsCount => {
            let lost = if matches!(place, Place::Invocation(_)) { Effect::Abandon } else { Effect::LoseResponse };
            dice.pick(&[Effect::Throttle, Effect::LoseRequest, Effect::LoseResponse, lost, Effect::Slow(seconds)])
        }
        Place::ApiResponse | Place::QueueDelete => Effect::LoseResponse,
        Place::StreamRecord | Place::QueueDelivery | Place::TopicDelivery => {
            dice.pick(&[Effect::Repeat(seconds), Effect::Delay(seconds)])
        }
        Place::ScheduledStart => dice.pick(&[Effect::Repeat(seconds), Effect::Delay(seconds), Effect::Deny]),
        _ if dice.percent(4) => Effect::Deny,
        _ => dice.pick(&[
            Effect::Throttle,
            Effect::Throttle,
            Effect::LoseRequest,
            Effect::LoseResponse,
            Effect::LoseResponse,
            Effect::CrashBefore,
            Effect::CrashAfter,
            Effect::CrashAfter,
            Effect::Slow(seconds),
            Effect::Hang,
        ]),
    };
    let first = 1 + dice.pick(&[0, 0, 1, 2, 3, 5, 8, 13]).min(dice.below(14));
    let count = dice.pick(&[1, 1, 1, 1, 2, 3, 8]);
    Event::Fault { place, first, count, effect }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_schedule_is_shrunk_to_what_it_takes() {
        let needed = Event::TtlDeletion { at: 3 };
        let mut schedule = Schedule::draw(1);
        schedule.events.push(needed.clone());
        schedule.events.extend(Schedule::draw(2).events);
        let shrunk = schedule.shrink(|schedule| schedule.events.contains(&needed));
        assert_eq!(shrunk.events, [needed]);
    }

    #[test]
    fn seed_draws_the_same_schedule_every_time() {
        assert_eq!(Schedule::draw(7), Schedule::draw(7));
        assert_ne!(Schedule::draw(7), Schedule::draw(8));
    }
}
