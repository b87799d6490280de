//! The adapters of the functions: those in memory, behind calls that can fail.

use std::{cell::RefCell, rc::Rc, time::Duration};

use gridbid_adapters::{
    AdapterError,
    archive::{PutOutcome, ResultArchive},
    deadline::Deadline,
    memory::Fault,
    notifier::Notifier,
    orders::{OrderItem, OrderTable, TransactionOutcome, Write, WriteVerdict},
    platform::{AuctionPlatform, PlatformResponse},
    queue::{Deferral, RetryQueue},
    submission_platform::{SubmissionError, SubmissionPlatform},
    submissions::{ReportClaim, SubmissionTable, WriteBack},
    webhook::Webhook,
};
use gridbid_core::{
    expiry::{Timestamp, is_live},
    name::Slot,
    order::RecordId,
    stored::StoredOrder,
    submission::Submission,
};
use serde_json::{Value, json};

use crate::{
    coverage::Variants,
    functions::Crash,
    mutation::Protection,
    run::Run,
    schedule::{Effect, Event, Function, Place},
    watch::DEAD_LETTERS,
    world::World,
};

/// Everything outside of one invocation.
#[derive(Clone)]
pub struct Port {
    pub world: Rc<World>,
    pub function: Function,
    /// The run that invoked the function.
    pub run: Option<Rc<Run>>,
    pub crash: Rc<Crash>,
}

/// How long a client of an outside system waits for a response at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seconds in which a read that is not consistent may miss a write.
const REPLICATION: u64 = 2;

/// The `Retry-After` of a busy platform.
const RETRY_AFTER: Duration = Duration::from_secs(40);

/// Why a call of the platform fails during an outage.
pub const PLATFORM_AWAY: &str = "the platform is away";

/// An error of a call, which an adapter's error causes.
trait CallError: From<AdapterError> {
    fn cause(&self) -> &AdapterError;
}

impl CallError for AdapterError {
    fn cause(&self) -> &AdapterError {
        self
    }
}

impl CallError for SubmissionError {
    fn cause(&self) -> &AdapterError {
        &self.error
    }
}

fn unavailable(why: &str) -> AdapterError {
    AdapterError::Unavailable(why.to_owned())
}

impl Port {
    /// Makes one call, whose effect is `act`, and counts its result.
    async fn call<T: Variants, E: CallError>(
        &self,
        place: Place,
        deadline: &Deadline,
        act: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let result = self.try_call(place, deadline, act).await;
        let variant = result.as_ref().map_or_else(|error| error.cause().variant(), Variants::variant);
        self.world.coverage.borrow_mut().take_call(self.function, place, variant);
        result
    }

    async fn try_call<T, E: CallError>(
        &self,
        place: Place,
        deadline: &Deadline,
        act: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.world.pass_time("request", 1, 15).await;
        let effect = self.world.fault(place, self.run.as_deref());
        match effect {
            Some(Effect::Throttle) => return Err(unavailable("throttled").into()),
            Some(Effect::LoseRequest) => {
                tokio::time::sleep(PATIENCE.min(deadline.remaining())).await;
                return Err(unavailable("no response in time").into());
            }
            Some(Effect::Deny) => return Err(AdapterError::Broken("denied".to_owned()).into()),
            Some(Effect::CrashBefore) => match self.crash.happen().await {},
            Some(Effect::Hang) => std::future::pending().await,
            Some(Effect::Contend) => self.world.orders.inject(Fault::Conflict),
            Some(Effect::Slow(seconds)) => {
                let delay = Duration::from_secs(seconds);
                if !deadline.try_sleep(delay).await {
                    tokio::time::sleep(deadline.remaining()).await;
                    return Err(unavailable("no response in time").into());
                }
            }
            _ => {}
        }
        let result = act().await;
        match effect {
            Some(Effect::LoseResponse) => {
                tokio::time::sleep(PATIENCE.min(deadline.remaining())).await;
                Err(unavailable("no response in time").into())
            }
            Some(Effect::CrashAfter) => match self.crash.happen().await {},
            _ => {
                self.world.pass_time("response", 1, 15).await;
                result
            }
        }
    }

    fn item(&self, record_id: &str) -> Option<OrderItem> {
        self.world.orders.with_items(|items| items.get(record_id).cloned())
    }

    /// Whether the platform is away now, or refuses the token.
    async fn reach_platform(&self) -> Result<(), AdapterError> {
        if self.world.is_during(|event| match event {
            Event::PlatformOutage { from, to } => Some((*from, *to)),
            _ => None,
        }) {
            self.run.iter().for_each(|run| run.count_fault(Effect::LoseRequest));
            return Err(unavailable(PLATFORM_AWAY));
        }
        if self.world.is_during(|event| match event {
            Event::TokenRefused { from, to } => Some((*from, *to)),
            _ => None,
        }) {
            self.run.iter().for_each(|run| run.count_fault(Effect::Deny));
            return Err(AdapterError::Broken("status 403".to_owned()));
        }
        Ok(())
    }

    /// Executes writes, each in a separate transaction.
    async fn transact_one_by_one(
        &self,
        writes: &[Write<'_>],
        now: Timestamp,
        deadline: &Deadline,
    ) -> Result<TransactionOutcome, AdapterError> {
        let mut verdicts = Vec::new();
        for write in writes {
            match self.world.orders.transact(&[*write], now, deadline).await? {
                TransactionOutcome::Committed => verdicts.push(WriteVerdict::Passed),
                TransactionOutcome::Cancelled(verdict) => verdicts.extend(verdict),
            }
        }
        let is_committed = verdicts.iter().all(|verdict| *verdict == WriteVerdict::Passed);
        Ok(if is_committed { TransactionOutcome::Committed } else { TransactionOutcome::Cancelled(verdicts) })
    }
}

impl OrderTable for Port {
    async fn transact(
        &self,
        writes: &[Write<'_>],
        now: Timestamp,
        deadline: &Deadline,
    ) -> Result<TransactionOutcome, AdapterError> {
        self.call(Place::Transaction, deadline, async || {
            if self.world.lacks(Protection::PutCondition) {
                self.world.orders.with_items(|items| {
                    for write in writes {
                        if let Write::Put { order, .. } = write {
                            items.remove(order.record_id.as_str());
                        }
                    }
                });
            }
            let outcome = if self.world.lacks(Protection::Transaction) {
                self.transact_one_by_one(writes, now, deadline).await
            } else {
                self.world.orders.transact(writes, now, deadline).await
            };
            self.world.observe_orders(writes, now);
            if let Ok(TransactionOutcome::Cancelled(verdicts)) = &outcome {
                let mut coverage = self.world.coverage.borrow_mut();
                verdicts.iter().for_each(|verdict| coverage.take_call(self.function, Place::Write, verdict.variant()));
            }
            outcome
        })
        .await
    }

    async fn get(&self, record_id: &RecordId<'_>, deadline: &Deadline) -> Result<Option<OrderItem>, AdapterError> {
        self.call(Place::OrderRead, deadline, async || {
            let found = OrderTable::get(&self.world.orders, record_id, deadline).await;
            if self.world.lacks(Protection::ConsistentRead) {
                let now = self.world.host_time().unix_seconds();
                let is_old = |item: &OrderItem| item.stored.accepted_at.unix_seconds() + REPLICATION < now;
                return found.map(|item| item.filter(is_old));
            }
            found
        })
        .await
    }
}

impl SubmissionTable for Port {
    async fn record(
        &self,
        order: &StoredOrder,
        submission: &Submission,
        message_id: &str,
        deadline: &Deadline,
    ) -> Result<WriteBack, AdapterError> {
        self.call(Place::WriteBack, deadline, async || {
            let record_id = order.order.record_id.as_str();
            let outcome = if self.world.lacks(Protection::WriteBackCondition) {
                self.world.orders.with_items(|items| {
                    if let Some(item) = items.get_mut(record_id) {
                        item.submission = Some(submission.clone());
                    }
                });
                Ok(WriteBack::Written)
            } else {
                self.world.orders.record(order, submission, message_id, deadline).await
            };
            self.world.observe_submission(self.item(record_id));
            if outcome == Ok(WriteBack::Gone) {
                self.world.observe_late_response(order, submission);
            }
            if outcome == Ok(WriteBack::Written) && matches!(submission, Submission::Refused { .. }) {
                self.world.observe_reporter(order, message_id);
            }
            outcome
        })
        .await
    }

    async fn claim_report(
        &self,
        order: &StoredOrder,
        message_id: &str,
        deadline: &Deadline,
    ) -> Result<ReportClaim, AdapterError> {
        self.call(Place::ClaimReport, deadline, async || {
            let claim = if self.world.lacks(Protection::ReportClaim) {
                Ok(ReportClaim::Claimed)
            } else {
                self.world.orders.claim_report(order, message_id, deadline).await
            };
            if matches!(claim, Ok(ReportClaim::Claimed | ReportClaim::Refused { .. })) {
                self.world.observe_reporter(order, message_id);
            }
            claim
        })
        .await
    }
}

impl SubmissionPlatform for Port {
    async fn submit(&self, request: String, deadline: &Deadline) -> Result<Vec<u8>, SubmissionError> {
        self.call(Place::Submission, deadline, async || {
            self.reach_platform().await?;
            if self.world.is_during(|event| match event {
                Event::PlatformBusy { from, to } => Some((*from, *to)),
                _ => None,
            }) {
                return Err(SubmissionError { error: unavailable("status 429"), retry_after: Some(RETRY_AFTER) });
            }
            let mut request = request;
            if self.world.lacks(Protection::IdempotencyKey) {
                let mut orders: Vec<Value> = serde_json::from_str(&request).unwrap();
                for order in &mut orders {
                    order["idempotency_key"] = json!(format!("{:x}", self.world.dice("key").next()));
                }
                request = Value::Array(orders).to_string();
            }
            let response = self.world.auction.borrow_mut().receive(&request, self.world.second());
            self.world.observe_effects();
            Ok(response.into_bytes())
        })
        .await
    }
}

impl AuctionPlatform for Port {
    async fn results(&self, slot: &Slot, _: u32, deadline: &Deadline) -> Result<PlatformResponse, AdapterError> {
        self.call(Place::Poll, deadline, async || {
            self.reach_platform().await?;
            Ok(self.world.auction.borrow_mut().results(&slot.to_string(), self.world.second()))
        })
        .await
    }
}

impl ResultArchive for Port {
    async fn put_if_absent(&self, key: &str, content: &str, deadline: &Deadline) -> Result<PutOutcome, AdapterError> {
        self.call(Place::PutIfAbsent, deadline, async || {
            let before = self.world.archive.object(key);
            let outcome = if self.world.lacks(Protection::PutIfAbsent) {
                self.world.archive.put(key, content, deadline).await.map(|()| PutOutcome::Created)
            } else {
                self.world.archive.put_if_absent(key, content, deadline).await
            };
            self.world.observe_object(key, before.as_deref());
            outcome
        })
        .await
    }

    async fn put(&self, key: &str, content: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        self.call(Place::Put, deadline, async || {
            let before = self.world.archive.object(key);
            let outcome = self.world.archive.put(key, content, deadline).await;
            self.world.observe_object(key, before.as_deref());
            outcome
        })
        .await
    }

    async fn get(&self, key: &str, deadline: &Deadline) -> Result<Option<Vec<u8>>, AdapterError> {
        self.call(Place::Get, deadline, async || {
            let is_hidden = (self.world.lacks(Protection::FrozenAnswer) && key.ends_with("/manifest.json"))
                || (self.world.lacks(Protection::LateAttempt) && key.starts_with("summaries/"));
            if is_hidden { Ok(None) } else { ResultArchive::get(&self.world.archive, key, deadline).await }
        })
        .await
    }
}

impl Notifier for Port {
    async fn publish(&self, message: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        let published = self
            .call(Place::Publish, deadline, async || {
                self.world.publish(message);
                Ok(())
            })
            .await;
        if self.world.lacks(Protection::ReportBeforeDrop) { Ok(()) } else { published }
    }
}

impl RetryQueue for Port {
    async fn defer(&self, deferrals: &[Deferral], deadline: &Deadline) -> Result<(), AdapterError> {
        self.call(Place::Defer, deadline, async || {
            for Deferral { receipt_handle, delay } in deferrals {
                self.world.queue.defer(receipt_handle, *delay);
            }
            Ok(())
        })
        .await
    }

    async fn send_to_dead_letters(&self, body: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        let sent = self
            .call(Place::SetAside, deadline, async || {
                self.world.queue.add_dead_letter(body);
                self.world.emit_metric(DEAD_LETTERS, 1.0);
                Ok(())
            })
            .await;
        if self.world.lacks(Protection::DeadLetters) { Ok(()) } else { sent }
    }
}

impl Webhook for Port {
    async fn post(&self, json: String, deadline: &Deadline) -> Result<(), AdapterError> {
        let json = RefCell::new(json);
        self.call(Place::SlackPost, deadline, async || {
            if self.world.is_during(|event| match event {
                Event::SlackOutage { from, to } => Some((*from, *to)),
                _ => None,
            }) {
                return Err(unavailable("Slack is away"));
            }
            self.world.observations.borrow_mut().posts.push(json.take());
            Ok(())
        })
        .await
    }
}

/// Whether an item is live at a time.
pub fn is_item_live(item: &OrderItem, now: Timestamp) -> bool {
    is_live(item.stored.expires_at, now)
}
