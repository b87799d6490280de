//! What happened in a simulation, and the invariants that are checked at every change.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use gridbid_adapters::{
    HandlerError,
    memory::Items,
    orders::{OrderItem, Write},
    telemetry::{InvocationLog, Outcome},
};
use gridbid_core::{
    expiry::{Timestamp, is_live},
    name::{Slot, summary_key},
    stored::StoredOrder,
    submission::{Submission, idempotency_key},
};
use serde_json::{Value, json};

use crate::{
    functions::invoke,
    mutation::Protection,
    ports::is_item_live,
    run::Run,
    schedule::{Effect, Event, Function, Place, RequestedOrder},
    watch::{FAILED_NOTIFICATIONS, FAILED_PIPE},
    world::World,
};

/// What happened.
#[derive(Default)]
pub struct Observations {
    /// Every order that was ever stored, in order.
    pub instances: Vec<Instance>,
    /// Messages to people.
    pub messages: Vec<Message>,
    /// What Slack received.
    pub posts: Vec<String>,
    pub runs: Vec<Rc<Run>>,
    /// The message that reports an order, by `record_id` and acceptance.
    pub reporters: BTreeMap<(String, Timestamp), String>,
    /// The platform's responses to orders that the table no longer held, by `record_id` and acceptance.
    pub late_responses: BTreeMap<(String, Timestamp), Submission>,
    /// Slots and the runs that began another attempt of them.
    pub attempts: BTreeSet<(String, String)>,
    /// Functions with an invocation that ended as a fault.
    pub faulted: BTreeSet<Function>,
}

/// An order in the table, from its acceptance on.
pub struct Instance {
    pub stored: StoredOrder,
    /// Who stored it.
    pub caller: String,
    pub submission: Submission,
    /// The second in which it was stored, and the one in which the platform's response was.
    pub stored_at: u64,
    pub decided_at: Option<u64>,
}

/// A message of the topic.
pub struct Message {
    pub text: String,
    /// The second in which it was published.
    pub at: u64,
    /// Whether it was posted to Slack, or is kept in the queue of failed messages, which has an alarm.
    pub has_arrived: bool,
}

impl Message {
    /// The message as JSON; null if it is another text.
    pub fn parse(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// The name of a client, as the API sees it.
pub fn caller_of(client: u64) -> String {
    format!("client-{client}")
}

/// The `record_id` of an order of a schedule.
pub fn record_id_of(id: u64) -> String {
    format!("o-{id}")
}

impl World {
    /// The summary of a slot.
    pub fn summary(&self, slot: &str) -> Option<Value> {
        let summary = self.archive.object(&summary_key(&Slot::parse(slot).unwrap()))?;
        Some(serde_json::from_str(&summary).unwrap())
    }

    /// Checks the orders that a transaction wrote: none replaces a live one, and none is alone.
    pub fn observe_orders(self: &Rc<Self>, writes: &[Write<'_>], now: Timestamp) {
        let mut callers = BTreeSet::new();
        for write in writes {
            let Write::Put { order, .. } = write else { continue };
            let record_id = order.record_id.as_str();
            let Some(item) = self.orders.with_items(|items| items.get(record_id).cloned()) else { continue };
            let mut observations = self.observations.borrow_mut();
            let mut earlier = observations
                .instances
                .iter()
                .rev()
                .filter(|instance| instance.stored.order.record_id == order.record_id);
            let previous = earlier.next();
            if previous.is_some_and(|previous| previous.stored.accepted_at == item.stored.accepted_at) {
                continue;
            }
            if let Some(previous) = previous.filter(|previous| is_live(previous.stored.expires_at, now)) {
                let accepted_at = previous.stored.accepted_at;
                self.violate(|| format!("`{record_id}` of {accepted_at} was replaced while it was live"));
            }
            let caller = item.submitted_by.clone().unwrap_or_default();
            self.note(|| format!("{record_id} is stored for {caller}"));
            let submission = Submission::Pending;
            let (stored, stored_at) = (item.stored.clone(), self.second());
            let instance = Instance { stored, caller: caller.clone(), submission, stored_at, decided_at: None };
            observations.instances.push(instance);
            drop(observations);
            callers.insert((caller, item.stored.accepted_at));
            self.emit(&item);
        }
        for (caller, accepted_at) in callers {
            self.orders.with_items(|items| self.check_batch(items, &caller, accepted_at));
        }
    }

    /// Checks that all orders of a request are in the table if one of them is.
    fn check_batch(&self, items: &Items, caller: &str, accepted_at: Timestamp) {
        for event in &self.schedule.events {
            let Event::Request { client, orders, .. } = event else { continue };
            if caller_of(*client) == caller {
                for order in orders {
                    if !is_stored(items, order, accepted_at) {
                        self.violate(|| format!("{caller}'s request is stored without `{}`", record_id_of(order.0)));
                    }
                }
            }
        }
    }

    /// Checks an acknowledged request.
    pub fn observe_acknowledgement(&self, client: u64, orders: &[RequestedOrder], now: Timestamp) {
        self.orders.with_items(|items| {
            for order in orders {
                if !is_stored(items, order, now) {
                    let record_id = record_id_of(order.0);
                    self.violate(|| format!("client {client} got a 201, but `{record_id}` is not stored"));
                }
            }
        });
    }

    /// Checks an item after a write-back: it says what the platform said about this order.
    pub fn observe_submission(self: &Rc<Self>, item: Option<OrderItem>) {
        let Some(item) = item else { return };
        let StoredOrder { order, accepted_at, .. } = &item.stored;
        let record_id = order.record_id.as_str();
        let Some(submission) = item.submission.clone() else {
            self.violate(|| format!("`{record_id}` has lost its submission"));
            return;
        };
        let mut observations = self.observations.borrow_mut();
        let mut instances = observations.instances.iter_mut().rev();
        let instance = instances.find(|instance| {
            instance.stored.order.record_id == order.record_id && instance.stored.accepted_at == *accepted_at
        });
        let Some(instance) = instance else { return };
        if instance.submission == submission {
            return;
        }
        let is_repeated = instance.submission.status() == submission.status();
        if instance.submission != Submission::Pending && !is_repeated {
            let before = instance.submission.status();
            self.violate(|| format!("`{record_id}` changes from {before} to {}", submission.status()));
        }
        if !self.lacks(Protection::IdempotencyKey) {
            let key = idempotency_key(order, *accepted_at);
            let auction = self.auction.borrow();
            let response = auction.response(&key).map(|response| response["status"].as_str().unwrap());
            let expected = match &submission {
                Submission::Pending => None,
                Submission::Submitted { .. } => Some("received"),
                Submission::Refused { .. } => Some("refused"),
            };
            if response != expected {
                self.violate(|| {
                    format!(
                        "`{record_id}` of {accepted_at} is {}, but the platform said {response:?}",
                        submission.status()
                    )
                });
            }
        }
        self.note(|| format!("{record_id} is {}", submission.status()));
        instance.submission = submission;
        instance.decided_at.get_or_insert(self.second());
        drop(observations);
        self.emit(&item);
    }

    /// Checks that an invocation counts as a fault exactly if it is one, from the log line that its function writes.
    pub fn observe_invocation(&self, function: Function, log: &InvocationLog, error: Option<&HandlerError>) {
        self.coverage.borrow_mut().take_end(function, error.map_or(Ok(log.outcome), Err));
        let is_fault = error.map_or(log.outcome, Outcome::from) == Outcome::Fault;
        if is_fault {
            self.observations.borrow_mut().faulted.insert(function);
        }
        if self.log_invocation(function, log, error) != is_fault {
            self.violate(|| format!("the metric of faults is wrong about {}: {log:?} {error:?}", function.name()));
        }
    }

    /// Checks that the end of a process during an invocation counts as a fault.
    pub fn observe_lost_process(&self, function: Function, is_timeout: bool) {
        self.coverage.borrow_mut().take_crash(function, is_timeout);
        self.observations.borrow_mut().faulted.insert(function);
        if !self.log_report(function, if is_timeout { "timeout" } else { "failure" }) {
            self.violate(|| format!("the metric of faults does not count the end of {}", function.name()));
        }
    }

    /// Records the platform's response to an order that the table no longer holds.
    pub fn observe_late_response(&self, order: &StoredOrder, submission: &Submission) {
        let key = (order.order.record_id.as_str().to_owned(), order.accepted_at);
        self.observations.borrow_mut().late_responses.insert(key, submission.clone());
    }

    /// Checks that an order is reported by one message, which may repeat its report.
    pub fn observe_reporter(&self, order: &StoredOrder, message_id: &str) {
        let record_id = order.order.record_id.as_str();
        let key = (record_id.to_owned(), order.accepted_at);
        let mut observations = self.observations.borrow_mut();
        let reporter = observations.reporters.entry(key).or_insert_with(|| message_id.to_owned());
        if *reporter != message_id {
            self.violate(|| format!("`{record_id}` is reported by two messages"));
        }
    }

    /// Checks that no order takes part in auctions more often than it was stored.
    pub fn observe_effects(&self) {
        let mut stored: BTreeMap<(&str, String), i64> = BTreeMap::new();
        let observations = self.observations.borrow();
        for Instance { stored: StoredOrder { order, .. }, .. } in &observations.instances {
            *stored.entry((order.record_id.as_str(), order.parameter_2.text())).or_default() += 1;
        }
        let auction = self.auction.borrow();
        for effect in &auction.effects {
            let left = stored.entry((&effect.record_id, effect.amount.to_string())).or_default();
            *left -= 1;
            if *left < 0 {
                self.violate(|| format!("`{}` takes part in an auction twice", effect.record_id));
            }
        }
    }

    /// Checks an object after a write: only summaries are written again.
    pub fn observe_object(&self, key: &str, before: Option<&str>) {
        let after = self.archive.object(key);
        self.note(|| format!("{key} is written"));
        if key.starts_with("summaries/") {
            let attempt = |text: Option<&str>| {
                text.and_then(|text| serde_json::from_str::<Value>(text).ok()?["attempt"].as_u64()).unwrap_or(0)
            };
            if attempt(after.as_deref()) < attempt(before) {
                self.violate(|| format!("`{key}` is replaced by an earlier attempt's"));
            }
        } else if before.is_some() && before != after.as_deref() {
            self.violate(|| format!("`{key}` is written again with other content"));
        }
    }

    /// Publishes a message to people, who are notified by notify-slack.
    pub fn publish(self: &Rc<Self>, text: &str) {
        self.note(|| format!("published: {text}"));
        let index = {
            let mut observations = self.observations.borrow_mut();
            observations.messages.push(Message { text: text.to_owned(), at: self.second(), has_arrived: false });
            observations.messages.len() - 1
        };
        let (delay, repetition) = match self.fault(Place::TopicDelivery, None) {
            Some(Effect::Repeat(seconds)) => (0, Some(seconds)),
            Some(Effect::Delay(seconds)) => (seconds, None),
            _ => (0, None),
        };
        for delay in std::iter::once(delay).chain(repetition) {
            let (world, text) = (Rc::clone(self), text.to_owned());
            self.spawn(async move {
                tokio::time::sleep(Duration::from_secs(delay)).await;
                world.deliver_message(index, &text).await;
            });
        }
    }

    /// Invokes notify-slack as Lambda's queue does: with two retries, then the queue of failed messages.
    async fn deliver_message(self: &Rc<Self>, index: usize, text: &str) {
        let event = json!({"Records": [{"Sns": {"Message": text}}]}).to_string();
        for delay in [60, 120, 0] {
            let posts = self.observations.borrow().posts.len();
            if invoke(self, Function::NotifySlack, event.clone(), None).await.is_ok() {
                if self.observations.borrow().posts.len() == posts {
                    self.violate(|| "notify-slack succeeded without a post".to_owned());
                }
                self.observations.borrow_mut().messages[index].has_arrived = true;
                return;
            }
            tokio::time::sleep(Duration::from_secs(delay)).await;
        }
        self.emit_metric(FAILED_NOTIFICATIONS, 1.0);
        self.observations.borrow_mut().messages[index].has_arrived = true;
    }

    /// The table's stream, and the pipe to the submission queue.
    pub fn emit(self: &Rc<Self>, item: &OrderItem) {
        let is_pending = item.submission == Some(Submission::Pending);
        let record = stream_record(item);
        let world = Rc::clone(self);
        self.spawn(async move {
            world.pass_time("pipe", 50, 1_500).await;
            let effect = world.fault(Place::StreamRecord, None);
            if let Some(Effect::Delay(seconds)) = effect {
                world.emit_metric(FAILED_PIPE, 1.0);
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            if !is_pending {
                return;
            }
            world.queue.send(record.clone());
            if let Some(Effect::Repeat(seconds)) = effect {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                world.queue.send(record);
            }
        });
    }

    /// Sends what is pending again, as `gridbid resubmit` does.
    pub fn resubmit(&self) {
        let pending: Vec<String> = self.orders.with_items(|items| {
            let pending = items.values().filter(|item| item.submission == Some(Submission::Pending));
            pending.map(stream_record).collect()
        });
        pending.into_iter().for_each(|record| self.queue.send(record));
    }

    /// Deletes expired orders, as DynamoDB does some time after their expiry.
    pub fn delete_expired(&self) {
        let now = self.host_time();
        self.orders.with_items(|items| items.retain(|_, item| is_item_live(item, now)));
    }
}

fn is_stored(items: &Items, (id, amount): &RequestedOrder, now: Timestamp) -> bool {
    items.get(&record_id_of(*id)).is_some_and(|item| {
        item.stored.order.parameter_2.text() == amount.to_string() && is_live(item.stored.expires_at, now)
    })
}

fn stream_record(item: &OrderItem) -> String {
    let StoredOrder { order, accepted_at, expires_at } = &item.stored;
    let status = item.submission.as_ref().map_or("", Submission::status);
    json!({
        "eventName": "INSERT",
        "dynamodb": {"NewImage": {
            "record_id": {"S": order.record_id.as_str()},
            "parameter_1": {"S": order.parameter_1.as_str()},
            "parameter_2": {"N": order.parameter_2.text()},
            "accepted_at": {"N": accepted_at.unix_seconds().to_string()},
            "expires_at": {"N": expires_at.unix_seconds().to_string()},
            "submission_status": {"S": status},
        }},
    })
    .to_string()
}
