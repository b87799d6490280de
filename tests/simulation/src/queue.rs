//! The submission queue: SQS with its event source mapping, its visibility timeout and its dead-letter queue.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::Notify, time::Instant};

use crate::{
    functions::invoke,
    mutation::Protection,
    schedule::{Effect, Function, Place},
    watch::DEAD_LETTERS,
    world::World,
};

/// Messages per event.
const BATCH: usize = 10;
/// See `terraform/stack`: the visibility timeout, and the batching window.
const VISIBILITY: Duration = Duration::from_secs(180);
const WINDOW: Duration = Duration::from_secs(1);
/// See `terraform/modules/submission`.
const MAX_RECEIVES: u32 = 1_000;

struct Message {
    body: String,
    visible_at: Instant,
    receives: u32,
    receipt: u64,
}

#[derive(Default)]
pub struct Queue {
    messages: RefCell<BTreeMap<u64, Message>>,
    next: Cell<u64>,
    arrival: Notify,
    dead_letters: RefCell<Vec<String>>,
}

impl Queue {
    pub fn send(&self, body: String) {
        let id = self.number();
        let message = Message { body, visible_at: Instant::now(), receives: 0, receipt: 0 };
        self.messages.borrow_mut().insert(id, message);
        self.arrival.notify_one();
    }

    pub fn is_empty(&self) -> bool {
        self.messages.borrow().is_empty()
    }

    pub fn dead_letters(&self) -> Vec<String> {
        self.dead_letters.borrow().clone()
    }

    pub fn add_dead_letter(&self, body: &str) {
        self.dead_letters.borrow_mut().push(body.to_owned());
    }

    /// Changes when a message becomes visible, if the receipt is that of its last delivery.
    pub fn defer(&self, receipt: &str, delay: Duration) {
        let mut messages = self.messages.borrow_mut();
        if let Some(message) = messages.values_mut().find(|message| message.receipt.to_string() == receipt) {
            message.visible_at = Instant::now() + delay;
        }
        self.arrival.notify_one();
    }

    fn number(&self) -> u64 {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// Takes the visible messages for one event.
    fn receive(&self) -> Vec<Value> {
        let now = Instant::now();
        let mut messages = self.messages.borrow_mut();
        let given_up: Vec<u64> =
            messages.iter().filter(|(_, message)| message.receives >= MAX_RECEIVES).map(|(id, _)| *id).collect();
        for id in given_up {
            self.dead_letters.borrow_mut().extend(messages.remove(&id).map(|message| message.body));
        }
        let visible = messages.iter_mut().filter(|(_, message)| message.visible_at <= now).take(BATCH);
        let receive = |(id, message): (&u64, &mut Message)| {
            message.receives += 1;
            message.receipt = self.number();
            message.visible_at = now + VISIBILITY;
            json!({
                "messageId": id.to_string(),
                "receiptHandle": message.receipt.to_string(),
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": message.receives.to_string()},
            })
        };
        visible.map(receive).collect()
    }

    /// Deletes the messages of an event, except those that are to be delivered again.
    fn delete(&self, event: &[Value], failed: &BTreeSet<String>) {
        let mut messages = self.messages.borrow_mut();
        for record in event {
            let id = record["messageId"].as_str().unwrap();
            if !failed.contains(id) {
                messages.remove(&id.parse().unwrap());
            }
        }
    }

    /// Waits until a message is visible.
    async fn wait(&self) {
        loop {
            let next = self.messages.borrow().values().map(|message| message.visible_at).min();
            match next {
                Some(at) if at <= Instant::now() => return,
                Some(at) => tokio::select! {
                    biased;
                    () = self.arrival.notified() => {}
                    () = tokio::time::sleep_until(at) => {}
                },
                None => self.arrival.notified().await,
            }
        }
    }
}

/// The event source mapping: delivers messages until the simulation ends.
pub async fn deliver_messages(world: Rc<World>) {
    loop {
        world.queue.wait().await;
        tokio::time::sleep(WINDOW).await;
        let kept = world.queue.dead_letters().len();
        let records = world.queue.receive();
        if world.queue.dead_letters().len() > kept {
            world.emit_metric(DEAD_LETTERS, 1.0);
        }
        if records.is_empty() {
            continue;
        }
        let (delay, repetition) = match world.fault(Place::QueueDelivery, None) {
            Some(Effect::Repeat(seconds)) => (0, Some(seconds)),
            Some(Effect::Delay(seconds)) => (seconds, None),
            _ => (0, None),
        };
        let deliveries = std::iter::once(delay).chain(repetition);
        for delay in deliveries {
            let (inner, records) = (Rc::clone(&world), records.clone());
            world.spawn(async move {
                tokio::time::sleep(Duration::from_secs(delay)).await;
                deliver(&inner, &records).await;
            });
        }
    }
}

async fn deliver(world: &Rc<World>, records: &[Value]) {
    let event = json!({"Records": records}).to_string();
    // After an error, all messages stay invisible until their timeout.
    let Ok(output) = invoke(world, Function::SubmitOrders, event, None).await else { return };
    let mut failed = BTreeSet::new();
    if !world.lacks(Protection::PartialBatchResponse) {
        let output: Value = serde_json::from_str(&output).unwrap();
        let failures = output["batchItemFailures"].as_array().unwrap();
        failed.extend(failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()));
    }
    if world.fault(Place::QueueDelete, None).is_none() {
        world.queue.delete(records, &failed);
    }
}
