//! The table of orders in Amazon DynamoDB.
//!
//! An item has `record_id` (S, the key), `parameter_1` (S), `parameter_2` (N, core's canonical text), and `accepted_at` and
//! `expires_at` (N, Unix seconds; `expires_at` is the table's TTL attribute). TTL deletes lazily, so every condition
//! compares `expires_at`. The SDK retries a transaction under one client request token, which makes the retry idempotent.
//!
//! `submitted_by` (S) is the caller. `submission_status` (S) is `pending`, `submitted` or `refused`; the pipe from the table's
//! stream to the submission queue matches `pending`. `submission_at` (N), `submission_slot` (S) and `submission_reason` (S) are
//! the platform's response. `submission_message` (S) is the queue's message that reports the order to people.

mod submission;
mod transaction;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, IdentityCache, Region, StalledStreamProtectionConfig},
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, CancellationReason},
};
use aws_smithy_types::body::SdkBody;
use gridbid_core::{
    amount::Amount,
    expiry::Timestamp,
    name::Slot,
    order::{Order, RecordId, Text},
    stored::StoredOrder,
    submission::Submission,
};
use hyper::{body::Bytes, header::CONTENT_LENGTH};

use crate::{
    account::Account,
    deadline::Deadline,
    error::AdapterError,
    orders::{OrderItem, OrderTable, TransactionOutcome, Write, WriteVerdict},
    random, sdk,
};

const RECORD_ID: &str = "record_id";
const PARAMETER_1: &str = "parameter_1";
const PARAMETER_2: &str = "parameter_2";
const ACCEPTED_AT: &str = "accepted_at";
const EXPIRES_AT: &str = "expires_at";
const SUBMITTED_BY: &str = "submitted_by";
const SUBMISSION_STATUS: &str = "submission_status";
const SUBMISSION_AT: &str = "submission_at";
const SUBMISSION_SLOT: &str = "submission_slot";
const SUBMISSION_REASON: &str = "submission_reason";
const SUBMISSION_MESSAGE: &str = "submission_message";

type Item = HashMap<String, AttributeValue>;

/// A DynamoDB table of orders.
#[derive(Clone, Debug)]
pub struct DynamoOrders {
    client: Client,
    table: String,
}

impl DynamoOrders {
    /// Creates a client for this table. Nothing is sent.
    ///
    /// ```no_run
    /// use gridbid_adapters::{account::{Account, Service}, dynamodb::DynamoOrders, environment::Environment};
    ///
    /// let mut environment = Environment::from_process();
    /// let account = Account::from_environment(&mut environment, Service::DynamoDb);
    /// let table = environment.required("ORDERS_TABLE");
    /// let orders = environment.finish(DynamoOrders::new(&account, table));
    /// ```
    #[must_use]
    pub fn new(account: &Account, table: String) -> Self {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(sdk::http_client(account))
            .region(Region::new(account.region.clone()))
            .credentials_provider(account.credentials())
            // Static credentials need no cache.
            .identity_cache(IdentityCache::no_cache())
            // The attempt timeout covers the whole response.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(sdk::retries());
        config.set_endpoint_url(account.endpoint.clone());
        Self { client: Client::from_conf(config.build()), table }
    }
}

impl OrderTable for DynamoOrders {
    async fn transact(
        &self,
        writes: &[Write<'_>],
        now: Timestamp,
        deadline: &Deadline,
    ) -> Result<TransactionOutcome, AdapterError> {
        let token = format!("{:016x}{:016x}", random::u64(), random::u64());
        let body = transaction::write_body(&self.table, writes, now, &token)
            .map_err(|error| AdapterError::Broken(format!("DynamoDB request: {error}")))?;
        let body = Bytes::from(body);
        let config = aws_sdk_dynamodb::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        let sent = self
            .client
            .transact_write_items()
            .customize()
            .config_override(config)
            // Runs before each attempt is signed.
            .mutate_request(move |request| {
                request.headers_mut().insert(CONTENT_LENGTH, body.len().to_string());
                *request.body_mut() = SdkBody::from(body.clone());
            })
            .send();
        match sent.await {
            Ok(_) => Ok(TransactionOutcome::Committed),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                    if cancelled.cancellation_reasons().len() == writes.len() =>
                {
                    let verdicts =
                        cancelled.cancellation_reasons().iter().map(parse_reason).collect::<Result<_, _>>()?;
                    Ok(TransactionOutcome::Cancelled(verdicts))
                }
                _ => Err(sdk::classify("DynamoDB TransactWriteItems", &error)),
            },
        }
    }

    async fn get(&self, record_id: &RecordId<'_>, deadline: &Deadline) -> Result<Option<OrderItem>, AdapterError> {
        let config = aws_sdk_dynamodb::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        let sent = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(RECORD_ID, AttributeValue::S(record_id.as_str().to_owned()))
            // A client that got a 201 can read its order at once.
            .consistent_read(true)
            .customize()
            .config_override(config)
            .send();
        let output = sent.await.map_err(|error| sdk::classify("DynamoDB GetItem", &error))?;
        output.item().map(parse_order_item).transpose()
    }
}

/// The codes are those of DynamoDB's `TransactionCanceledException`.
fn parse_reason(reason: &CancellationReason) -> Result<WriteVerdict, AdapterError> {
    match reason.code() {
        None | Some("None") => Ok(WriteVerdict::Passed),
        Some("ConditionalCheckFailed") => {
            let existing = reason.item().filter(|item| !item.is_empty()).map(parse_item).transpose()?;
            Ok(WriteVerdict::ConditionFailed(existing.map(Box::new)))
        }
        Some("TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError") => {
            Ok(WriteVerdict::Contended)
        }
        Some(other) => Err(AdapterError::Broken(format!("DynamoDB TransactWriteItems: {other}"))),
    }
}

fn parse_order_item(item: &Item) -> Result<OrderItem, AdapterError> {
    let submitted_by = optional(item, SUBMITTED_BY)?;
    Ok(OrderItem { stored: parse_item(item)?, submitted_by, submission: parse_submission(item)? })
}

fn parse_submission(item: &Item) -> Result<Option<Submission>, AdapterError> {
    Ok(match optional(item, SUBMISSION_STATUS)?.as_deref() {
        None => None,
        Some("pending") => Some(Submission::Pending),
        Some("submitted") => Some(Submission::Submitted {
            at: attribute(item, SUBMISSION_AT, instant)?,
            slot: attribute(item, SUBMISSION_SLOT, |value| Slot::parse(value.as_s().ok()?).ok())?,
        }),
        Some("refused") => Some(Submission::Refused {
            at: attribute(item, SUBMISSION_AT, instant)?,
            reason: attribute(item, SUBMISSION_REASON, string)?,
        }),
        Some(_) => return Err(invalid_attribute(SUBMISSION_STATUS)),
    })
}

fn optional(item: &Item, name: &str) -> Result<Option<String>, AdapterError> {
    item.contains_key(name).then(|| attribute(item, name, string)).transpose()
}

fn parse_item(item: &Item) -> Result<StoredOrder, AdapterError> {
    Ok(StoredOrder {
        order: Order {
            record_id: attribute(item, RECORD_ID, |value| {
                Some(RecordId::parse(value.as_s().ok()?).ok()?.into_owned())
            })?,
            parameter_1: attribute(item, PARAMETER_1, |value| {
                Some(Text::parse(value.as_s().ok()?).ok()?.into_owned())
            })?,
            parameter_2: attribute(item, PARAMETER_2, |value| Amount::parse(value.as_n().ok()?).ok())?,
        },
        accepted_at: attribute(item, ACCEPTED_AT, instant)?,
        expires_at: attribute(item, EXPIRES_AT, instant)?,
    })
}

/// Parses one attribute. The error names the attribute and never its value.
fn attribute<T>(item: &Item, name: &str, parse: impl FnOnce(&AttributeValue) -> Option<T>) -> Result<T, AdapterError> {
    item.get(name).and_then(parse).ok_or_else(|| invalid_attribute(name))
}

fn invalid_attribute(name: &str) -> AdapterError {
    AdapterError::Broken(format!("DynamoDB item: `{name}` is missing or invalid"))
}

fn string(value: &AttributeValue) -> Option<String> {
    value.as_s().ok().cloned()
}

fn instant(value: &AttributeValue) -> Option<Timestamp> {
    Some(Timestamp::from_unix_seconds(value.as_n().ok()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        orders::Acceptance,
        scripted_server::{HANG_UP, ScriptedServer, response},
    };

    const UNREACHABLE: &str = "http://127.0.0.1:1";

    fn table(address: &str) -> DynamoOrders {
        DynamoOrders::new(&Account::for_test(address), "orders".into())
    }

    fn order() -> Order<'static> {
        Order {
            record_id: RecordId::parse("a").unwrap(),
            parameter_1: Text::parse("é").unwrap(),
            parameter_2: Amount::parse("1e21").unwrap(),
        }
    }

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    #[test]
    fn item_round_trips_to_its_order() {
        let order = order();
        let (accepted_at, expires_at) = (Timestamp::from_unix_seconds(1_000), Timestamp::from_unix_seconds(87_400));
        let item = Item::from([
            (RECORD_ID.to_owned(), AttributeValue::S("a".into())),
            (PARAMETER_1.to_owned(), AttributeValue::S("é".into())),
            (PARAMETER_2.to_owned(), AttributeValue::N("1e+21".into())),
            (ACCEPTED_AT.to_owned(), AttributeValue::N("1000".into())),
            (EXPIRES_AT.to_owned(), AttributeValue::N("87400".into())),
        ]);
        assert_eq!(parse_item(&item), Ok(StoredOrder { order: order.clone(), accepted_at, expires_at }));
        // DynamoDB rewrites the text of a number.
        let mut returned = item.clone();
        returned.insert(PARAMETER_2.into(), AttributeValue::N("1000000000000000000000".into()));
        assert_eq!(parse_item(&returned).unwrap().order, order);
    }

    #[test]
    fn submission_round_trips() {
        let mut item = Item::from([
            (RECORD_ID.to_owned(), AttributeValue::S("a".into())),
            (PARAMETER_1.to_owned(), AttributeValue::S("é".into())),
            (PARAMETER_2.to_owned(), AttributeValue::N("1".into())),
            (ACCEPTED_AT.to_owned(), AttributeValue::N("1000".into())),
            (EXPIRES_AT.to_owned(), AttributeValue::N("87400".into())),
        ]);
        let parsed = parse_order_item(&item).unwrap();
        assert_eq!((parsed.submitted_by, parsed.submission), (None, None));
        let (at, slot) = (Timestamp::from_unix_seconds(1_001), Slot::parse("2026-11-22T07:05:00Z").unwrap());
        item.insert(SUBMITTED_BY.into(), AttributeValue::S("arn:user".into()));
        for (status, expected) in [
            ("pending", Submission::Pending),
            ("submitted", Submission::Submitted { at, slot }),
            ("refused", Submission::Refused { at, reason: "gate closed".into() }),
        ] {
            item.insert(SUBMISSION_STATUS.into(), AttributeValue::S(status.into()));
            item.insert(SUBMISSION_AT.into(), AttributeValue::N("1001".into()));
            item.insert(SUBMISSION_SLOT.into(), AttributeValue::S(slot.to_string()));
            item.insert(SUBMISSION_REASON.into(), AttributeValue::S("gate closed".into()));
            let parsed = parse_order_item(&item).unwrap();
            assert_eq!((parsed.submitted_by.as_deref(), parsed.submission), (Some("arn:user"), Some(expected)));
        }
        item.insert(SUBMISSION_STATUS.into(), AttributeValue::S("lost".into()));
        let error = AdapterError::Broken("DynamoDB item: `submission_status` is missing or invalid".into());
        assert_eq!(parse_order_item(&item), Err(error));
    }

    #[test]
    fn cancellation_reasons_are_classified() {
        assert_eq!(parse_reason(&reason("None")), Ok(WriteVerdict::Passed));
        assert_eq!(parse_reason(&reason("ConditionalCheckFailed")), Ok(WriteVerdict::ConditionFailed(None)));
        assert_eq!(parse_reason(&reason("TransactionConflict")), Ok(WriteVerdict::Contended));
        assert_eq!(parse_reason(&reason("ThrottlingError")), Ok(WriteVerdict::Contended));
        assert_eq!(
            parse_reason(&reason("ValidationError")),
            Err(AdapterError::Broken("DynamoDB TransactWriteItems: ValidationError".into()))
        );
    }

    #[test]
    fn incomplete_item_is_broken() {
        let item = HashMap::from([(RECORD_ID.to_owned(), AttributeValue::S("a".into()))]);
        let why = "DynamoDB item: `parameter_1` is missing or invalid";
        assert_eq!(parse_item(&item), Err(AdapterError::Broken(why.into())));
    }

    /// Puts one new order.
    async fn transact(address: &str) -> Result<TransactionOutcome, AdapterError> {
        let order = order();
        let now = Timestamp::from_unix_seconds(1_000);
        let expires_at = Timestamp::from_unix_seconds(87_400);
        let acceptance = Acceptance { accepted_at: now, expires_at, submitted_by: None, is_pending: false };
        let write = Write::Put { order: &order, acceptance };
        table(address).transact(&[write], now, &Deadline::after(Duration::from_secs(5))).await
    }

    #[tokio::test]
    async fn unreachable_table_is_unavailable_before_the_deadline() {
        let error = transact(UNREACHABLE).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("DynamoDB TransactWriteItems: no connection".into()));
    }

    #[tokio::test]
    async fn lost_response_is_retried_under_the_same_token() {
        let server = ScriptedServer::start([HANG_UP.to_owned(), response(200, "", "{}")]).await;
        assert_eq!(transact(&server.address).await, Ok(TransactionOutcome::Committed));
        let tokens: Vec<String> = server
            .requests()
            .await
            .iter()
            .map(|request| {
                let (_, body) = request.split_once("\r\n\r\n").unwrap();
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                assert_eq!(body["TransactItems"][0]["Put"]["Item"]["record_id"]["S"], "a");
                body["ClientRequestToken"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(tokens.len(), 2);
        assert_eq!(tokens[0], tokens[1]);
    }

    #[tokio::test]
    async fn cancelled_transaction_returns_the_existing_order() {
        let cancelled = serde_json::json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
            "CancellationReasons": [{
                "Code": "ConditionalCheckFailed",
                "Item": {
                    "record_id": {"S": "a"}, "parameter_1": {"S": "é"}, "parameter_2": {"N": "1000000000000000000000"},
                    "accepted_at": {"N": "500"}, "expires_at": {"N": "86900"},
                },
            }],
        });
        let server = ScriptedServer::start([response(400, "", &cancelled.to_string())]).await;
        let existing = StoredOrder {
            order: order(),
            accepted_at: Timestamp::from_unix_seconds(500),
            expires_at: Timestamp::from_unix_seconds(86_900),
        };
        let verdicts = vec![WriteVerdict::ConditionFailed(Some(Box::new(existing)))];
        assert_eq!(transact(&server.address).await, Ok(TransactionOutcome::Cancelled(verdicts)));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[tokio::test]
    async fn throttles_are_retried_and_refusals_are_not() {
        let refusal = |code: &str| response(400, "", &format!(r#"{{"__type":"{code}"}}"#));
        let server = ScriptedServer::start(vec![refusal("ProvisionedThroughputExceededException"); 4]).await;
        let why = "DynamoDB TransactWriteItems: ProvisionedThroughputExceededException (400)";
        assert_eq!(transact(&server.address).await, Err(AdapterError::Unavailable(why.into())));
        assert_eq!(server.requests().await.len(), 4);
        let server = ScriptedServer::start([refusal("AccessDeniedException")]).await;
        let why = "DynamoDB TransactWriteItems: AccessDeniedException (400)";
        assert_eq!(transact(&server.address).await, Err(AdapterError::Broken(why.into())));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[tokio::test]
    async fn requests_reuse_the_connection() {
        let server = ScriptedServer::on_one_connection(vec![response(200, "", "{}"); 2]).await;
        let (table, record_id) = (table(&server.address), RecordId::parse("a").unwrap());
        for _ in 0..2 {
            assert_eq!(table.get(&record_id, &Deadline::after(Duration::from_secs(5))).await, Ok(None));
        }
        assert_eq!(server.requests().await.len(), 2);
    }

    #[tokio::test]
    async fn reads_are_strongly_consistent() {
        let server = ScriptedServer::start([response(200, "", "{}")]).await;
        let record_id = RecordId::parse("a").unwrap();
        let found = table(&server.address).get(&record_id, &Deadline::after(Duration::from_secs(5))).await;
        assert_eq!(found, Ok(None));
        assert!(server.requests().await[0].contains(r#""ConsistentRead":true"#));
    }
}
