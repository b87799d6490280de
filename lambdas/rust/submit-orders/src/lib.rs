//! Submits stored orders to the auction platform, at least once and idempotently.
//!
//! SQS delivers messages with new items of the orders table, at least once and in any order. The function sends the orders in
//! batches, stores the platform's response to each, and returns the messages that have to be delivered again. It stores a
//! response only if the table still holds this order, so that a repeated message changes nothing. Its idempotency key makes a
//! repeated order effective once at the platform.
//!
//! | the platform's response | then |
//! | --- | --- |
//! | received | stored as submitted |
//! | refused | stored as refused, reported once, not submitted again |
//! | none, 429, 5xx | the message is delivered again after a growing, jittered delay |
//! | any other refusal, or a malformed response | the same, and `ContractBroken` is logged as a fault |
//!
//! An order that expires without a response is reported once and dropped: the platform may have it. A message that is not an order goes to the
//! dead-letter queue at once, so that it delays no other.

mod event;
mod notification;
mod retry;

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use gridbid_adapters::{
    AdapterError, Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    dynamodb::DynamoOrders,
    environment::Environment,
    http_platform::HttpPlatform,
    notifier::Notifier,
    queue::{Deferral, RetryQueue},
    secrets,
    sns::SnsNotifier,
    sqs::SqsQueue,
    submission_platform::{SubmissionError, SubmissionPlatform},
    submissions::{ReportClaim, SubmissionTable, WriteBack},
    telemetry::{InvocationLog, Outcome},
};
use gridbid_core::{
    expiry,
    outcome::ResultsLimits,
    stored::StoredOrder,
    submission::{MAX_ORDERS, Submission, Verdict, parse_response, request_json},
};
use serde::Serialize;

use crate::event::{Event, Message};

/// Concurrent writes to the table.
const WRITES: usize = 16;

/// The function, generic over table, platform, notifier and queue.
#[derive(Debug)]
pub struct SubmitOrders<T, P, N, Q> {
    table: T,
    platform: P,
    notifier: N,
    queue: Q,
    environment: String,
}

/// A message with a valid order.
struct Delivery<'a> {
    message: &'a Message<'a>,
    stored: StoredOrder,
}

/// A message to be delivered again.
struct Failure<'a> {
    message: &'a Message<'a>,
    expires_at: Option<expiry::Timestamp>,
    retry_after: Option<Duration>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HandlerOutput<'a> {
    batch_item_failures: Vec<FailedItem<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedItem<'a> {
    item_identifier: &'a str,
}

impl<'a> Delivery<'a> {
    fn failure(&self, retry_after: Option<Duration>) -> Failure<'a> {
        Failure { message: self.message, expires_at: Some(self.stored.expires_at), retry_after }
    }
}

impl<T: SubmissionTable, P: SubmissionPlatform, N: Notifier, Q: RetryQueue> SubmitOrders<T, P, N, Q> {
    /// Creates the function; messages to people contain the name of the environment.
    pub fn new(table: T, platform: P, notifier: N, queue: Q, environment: String) -> Self {
        Self { table, platform, notifier, queue, environment }
    }

    /// Returns the table.
    pub fn table(&self) -> &T {
        &self.table
    }

    /// Returns the platform.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Returns the notifier.
    pub fn notifier(&self) -> &N {
        &self.notifier
    }

    /// Returns the queue.
    pub fn queue(&self) -> &Q {
        &self.queue
    }

    /// Submits the orders of one event. Returns the messages to deliver again as `{"batchItemFailures": […]}`.
    ///
    /// # Errors
    /// `ContractBroken` for an event that is not SQS's. Any other problem concerns messages and is logged.
    pub async fn submit(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let event: Event<'_> =
            serde_json::from_str(event).map_err(|_| HandlerError::contract_broken("the event is not an SQS event"))?;
        invocation.log.orders = Some(event.records.len());
        let mut failures = Vec::new();
        let (mut live, mut expired) = (Vec::new(), Vec::new());
        for message in &event.records {
            match message.parse_order() {
                Some(stored) if expiry::is_live(stored.expires_at, invocation.now) => {
                    live.push(Delivery { message, stored });
                }
                Some(stored) => expired.push(Delivery { message, stored }),
                None => failures.extend(self.set_aside(message, invocation).await),
            }
        }
        self.report_expired(&expired, &mut failures, invocation).await;
        self.submit_live(&live, &mut failures, invocation).await;
        self.defer(&failures, invocation).await;
        let batch_item_failures =
            failures.iter().map(|failure| FailedItem { item_identifier: &failure.message.message_id }).collect();
        serde_json::to_string(&HandlerOutput { batch_item_failures }).map_err(HandlerError::contract_broken)
    }

    /// Copies a message that is not an order to the dead-letter queue. Returns a failure if that fails.
    async fn set_aside<'a>(&self, message: &'a Message<'a>, invocation: &mut Invocation) -> Option<Failure<'a>> {
        note(&mut invocation.log, HandlerError::contract_broken("a message is not an order"));
        match self.queue.send_to_dead_letters(&message.body, &invocation.deadline).await {
            Ok(()) => {
                *invocation.log.dead_letters.get_or_insert(0) += 1;
                None
            }
            Err(error) => {
                note(&mut invocation.log, error.into());
                Some(Failure { message, expires_at: None, retry_after: None })
            }
        }
    }

    /// Reports orders that expired without a response, each once, and refusals whose report failed until their order expired.
    async fn report_expired<'a>(
        &self,
        expired: &[Delivery<'a>],
        failures: &mut Vec<Failure<'a>>,
        invocation: &mut Invocation,
    ) {
        let deadline = &invocation.deadline;
        let claims = self
            .write_all(expired, async |_, delivery| {
                self.table.claim_report(&delivery.stored, &delivery.message.message_id, deadline).await
            })
            .await;
        let (mut reported, mut refused) = (Vec::new(), Vec::new());
        for (delivery, claim) in expired.iter().zip(claims) {
            match claim {
                // If the table no longer holds the order, this report is its only trace.
                Ok(ReportClaim::Claimed | ReportClaim::Gone) => reported.push(delivery),
                Ok(ReportClaim::Refused { reason }) => refused.push((delivery, reason)),
                Ok(ReportClaim::NotOurs) => {}
                Err(error) => {
                    note(&mut invocation.log, error.into());
                    failures.push(delivery.failure(None));
                }
            }
        }
        for reported in reported.chunks(notification::MAX_ORDERS) {
            let orders: Vec<&StoredOrder> = reported.iter().map(|delivery| &delivery.stored).collect();
            let message = notification::expiry_message(&self.environment, &orders);
            if self.publish(message, invocation).await {
                *invocation.log.expired.get_or_insert(0) += reported.len() as u32;
            } else {
                failures.extend(reported.iter().map(|delivery| delivery.failure(None)));
            }
        }
        self.report_refused(&refused, failures, invocation).await;
    }

    /// Sends orders in batches. After a batch without a response, the following ones are not sent.
    async fn submit_live<'a>(
        &self,
        live: &[Delivery<'a>],
        failures: &mut Vec<Failure<'a>>,
        invocation: &mut Invocation,
    ) {
        let mut batches = live.chunks(MAX_ORDERS);
        while let Some(batch) = batches.next() {
            let orders: Vec<&StoredOrder> = batch.iter().map(|delivery| &delivery.stored).collect();
            let response = match self.platform.submit(request_json(&orders), &invocation.deadline).await {
                Ok(response) => response,
                Err(SubmissionError { error, retry_after }) => {
                    match error {
                        // Not a fault of ours; the alarm `submission-waiting` counts deferred orders.
                        AdapterError::Unavailable(reason) => {
                            invocation.log.why.get_or_insert(reason);
                        }
                        AdapterError::Broken(_) => note(&mut invocation.log, error.into()),
                    }
                    let unsent = batch.iter().chain(batches.by_ref().flatten());
                    failures.extend(unsent.map(|delivery| delivery.failure(retry_after)));
                    return;
                }
            };
            match parse_response(&response, &orders) {
                Ok(verdicts) => self.record_verdicts(batch, &verdicts, failures, invocation).await,
                Err(error) => {
                    note(&mut invocation.log, HandlerError::contract_broken(error));
                    invocation.log.code = Some(error.code());
                    failures.extend(batch.iter().map(|delivery| delivery.failure(None)));
                }
            }
        }
    }

    /// Stores the platform's verdicts on a batch, and reports refusals.
    async fn record_verdicts<'a>(
        &self,
        batch: &[Delivery<'a>],
        verdicts: &[Verdict],
        failures: &mut Vec<Failure<'a>>,
        invocation: &mut Invocation,
    ) {
        let (deadline, at) = (&invocation.deadline, invocation.now);
        let written = self
            .write_all(batch, async |index, delivery| {
                let submission = match verdicts.get(index) {
                    Some(Verdict::Received { slot }) => Submission::Submitted { at, slot: *slot },
                    Some(Verdict::Refused { reason }) => Submission::Refused { at, reason: reason.clone() },
                    Some(Verdict::Malformed(error)) => return Err(AdapterError::Broken(error.to_string())),
                    None => return Err(AdapterError::Broken("core returned too few verdicts".to_owned())),
                };
                self.table.record(&delivery.stored, &submission, &delivery.message.message_id, deadline).await
            })
            .await;
        let mut refused = Vec::new();
        for ((delivery, verdict), written) in batch.iter().zip(verdicts).zip(written) {
            if let Verdict::Malformed(error) = verdict {
                invocation.log.code = Some(error.code());
            }
            match (written, verdict) {
                (Err(error), _) => {
                    note(&mut invocation.log, error.into());
                    failures.push(delivery.failure(None));
                }
                (Ok(WriteBack::Written | WriteBack::Gone), Verdict::Refused { reason }) => {
                    refused.push((delivery, reason.clone()));
                }
                // The table holds this response already, or no longer this order: the message has done its work.
                (Ok(_), Verdict::Received { .. }) => *invocation.log.submitted.get_or_insert(0) += 1,
                (Ok(_), _) => {}
            }
        }
        self.report_refused(&refused, failures, invocation).await;
    }

    /// Reports orders that the platform refused.
    async fn report_refused<'a>(
        &self,
        refused: &[(&Delivery<'a>, String)],
        failures: &mut Vec<Failure<'a>>,
        invocation: &mut Invocation,
    ) {
        for refused in refused.chunks(notification::MAX_ORDERS) {
            let orders: Vec<_> = refused.iter().map(|(delivery, reason)| (&delivery.stored, reason.as_str())).collect();
            let message = notification::refusal_message(&self.environment, &orders);
            if self.publish(message, invocation).await {
                *invocation.log.refused.get_or_insert(0) += refused.len() as u32;
            } else {
                failures.extend(refused.iter().map(|(delivery, _)| delivery.failure(None)));
            }
        }
    }

    /// Executes a write per delivery, several at a time. Returns the results in the order of the deliveries.
    async fn write_all<'d, O>(
        &self,
        deliveries: &'d [Delivery<'d>],
        write: impl AsyncFn(usize, &'d Delivery<'d>) -> Result<O, AdapterError>,
    ) -> Vec<Result<O, AdapterError>> {
        let write = &write;
        stream::iter(deliveries.iter().enumerate())
            .map(|(index, delivery)| write(index, delivery))
            .buffered(WRITES)
            .collect()
            .await
    }

    /// Publishes a message to people. Returns whether it is published.
    async fn publish(&self, message: Result<String, serde_json::Error>, invocation: &mut Invocation) -> bool {
        let published = match message {
            Ok(message) => self.notifier.publish(&message, &invocation.deadline).await.map_err(HandlerError::from),
            Err(error) => Err(HandlerError::contract_broken(error)),
        };
        match published {
            Ok(()) => *invocation.log.published.get_or_insert(0) += 1,
            Err(error) => {
                note(&mut invocation.log, error);
                return false;
            }
        }
        true
    }

    /// Sets when the failed messages are delivered again.
    async fn defer(&self, failures: &[Failure<'_>], invocation: &mut Invocation) {
        if failures.is_empty() {
            return;
        }
        invocation.log.deferred = Some(failures.len() as u32);
        let deferrals: Vec<Deferral> = failures
            .iter()
            .map(|failure| Deferral {
                receipt_handle: failure.message.receipt_handle.clone().into_owned(),
                delay: retry::delay(
                    failure.message.receive_count(),
                    failure.retry_after,
                    failure.expires_at,
                    invocation.now,
                ),
            })
            .collect();
        // The messages stay in the queue in any case, and are delivered after its visibility timeout.
        if let Err(error) = self.queue.defer(&deferrals, &invocation.deadline).await {
            note(&mut invocation.log, error.into());
        }
    }
}

/// Logs an error of a part of the event. A broken contract is kept, because alarms and the runbook distinguish it.
fn note(log: &mut InvocationLog, error: HandlerError) {
    let is_first = log.outcome != Outcome::Fault;
    log.outcome = Outcome::Fault;
    if is_first || (log.error != Some("ContractBroken") && error.name() == "ContractBroken") {
        log.error = Some(error.name());
        log.why = error.log_reason().map(str::to_owned);
    }
}

impl Function for SubmitOrders<DynamoOrders, HttpPlatform, SnsNotifier, SqsQueue> {
    const NAME: &'static str = "submit-orders";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let [dynamodb, sns, sqs] = [Service::DynamoDb, Service::Sns, Service::Sqs]
            .map(|service| Account::from_environment(environment, service));
        let table = environment.required("ORDERS_TABLE");
        let topic_arn = environment.required("NOTIFICATIONS_TOPIC_ARN");
        let queue_url = environment.required("SUBMISSION_QUEUE_URL");
        let dead_letters_url = environment.required("SUBMISSION_DEAD_LETTER_QUEUE_URL");
        let name = environment.required("GRIDBID_ENVIRONMENT");
        let url = environment.required_url("AUCTION_PLATFORM_URL");
        let token_secret = environment
            .optional("AUCTION_PLATFORM_TOKEN_SECRET")
            .map(|secret_id| (Account::from_environment(environment, Service::SecretsManager), secret_id));
        let url = environment.finish(url)?;
        let token = match token_secret {
            Some((account, secret_id)) => Some(secrets::read(&account, &secret_id).await?),
            None => None,
        };
        let token = token.as_ref().map(|token| token.reveal().trim());
        Ok(Self::new(
            DynamoOrders::new(&dynamodb, table),
            HttpPlatform::new(url, token, &ResultsLimits::default())?,
            SnsNotifier::new(&sns, topic_arn),
            SqsQueue::new(sqs, queue_url, dead_letters_url),
            name,
        ))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.submit(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
