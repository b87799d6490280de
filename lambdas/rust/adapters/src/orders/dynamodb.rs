//! The table of orders in Amazon DynamoDB.
//!
//! An item has `record_id` (S, the key), `parameter_1` (S), `parameter_2` (N, core's canonical text on the way in and
//! out), and `accepted_at` and `expires_at` (N, seconds since 1970; the second is the table's TTL attribute). TTL deletes
//! late, so every condition compares `expires_at` itself. The SDK repeats a transaction under one client request token,
//! by which DynamoDB knows a repetition from a second request. A transaction's body is `transaction`'s.

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
    expiry::Instant,
    order::{Order, RecordId, Text},
    stored::StoredOrder,
};
use hyper::{body::Bytes, header::CONTENT_LENGTH};

use super::{OrderTable, Transacted, Verdict, Write};
use crate::{account::Account, chance, deadline::Deadline, error::AdapterError, sdk};

const RECORD_ID: &str = "record_id";
const PARAMETER_1: &str = "parameter_1";
const PARAMETER_2: &str = "parameter_2";
const ACCEPTED_AT: &str = "accepted_at";
const EXPIRES_AT: &str = "expires_at";

type Item = HashMap<String, AttributeValue>;

/// A DynamoDB table of orders.
#[derive(Clone, Debug)]
pub struct DynamoOrders {
    client: Client,
    table: String,
}

impl DynamoOrders {
    /// The table of this name.
    #[must_use]
    pub fn new(account: &Account, table: String) -> Self {
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(sdk::http_client(account))
            .region(Region::new(account.region.clone()))
            .credentials_provider(account.credentials())
            // They stay what they are: nothing is to be kept or fetched again.
            .identity_cache(IdentityCache::no_cache())
            // Every attempt has a time limit, for the whole of its answer.
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
        now: Instant,
        deadline: &Deadline,
    ) -> Result<Transacted, AdapterError> {
        let token = format!("{:016x}{:016x}", chance::number(), chance::number());
        let body = transaction::body(&self.table, writes, now, &token)
            .map_err(|error| AdapterError::Broken(format!("DynamoDB request: {error}")))?;
        let body = Bytes::from(body);
        let bounds = aws_sdk_dynamodb::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        let sent = self
            .client
            .transact_write_items()
            .customize()
            .config_override(bounds)
            // Before each attempt is signed.
            .mutate_request(move |request| {
                request.headers_mut().insert(CONTENT_LENGTH, body.len().to_string());
                *request.body_mut() = SdkBody::from(body.clone());
            })
            .send();
        match sent.await {
            Ok(_) => Ok(Transacted::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                    if cancelled.cancellation_reasons().len() == writes.len() =>
                {
                    let verdicts = cancelled.cancellation_reasons().iter().map(verdict).collect::<Result<_, _>>()?;
                    Ok(Transacted::Cancelled(verdicts))
                }
                _ => Err(sdk::failure("DynamoDB TransactWriteItems", &error)),
            },
        }
    }

    async fn get(&self, record_id: &RecordId<'_>, deadline: &Deadline) -> Result<Option<StoredOrder>, AdapterError> {
        let bounds = aws_sdk_dynamodb::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        let sent = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(RECORD_ID, text(record_id.as_str()))
            // Whoever was told 201 finds the order from then on.
            .consistent_read(true)
            .customize()
            .config_override(bounds)
            .send();
        let answer = sent.await.map_err(|error| sdk::failure("DynamoDB GetItem", &error))?;
        answer.item().map(stored_order).transpose()
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// The reasons' codes are those of DynamoDB's `TransactionCanceledException`.
fn verdict(reason: &CancellationReason) -> Result<Verdict, AdapterError> {
    match reason.code() {
        None | Some("None") => Ok(Verdict::Fine),
        Some("ConditionalCheckFailed") => {
            let there = reason.item().filter(|item| !item.is_empty()).map(stored_order).transpose()?;
            Ok(Verdict::Refused(there.map(Box::new)))
        }
        Some("TransactionConflict" | "ProvisionedThroughputExceeded" | "ThrottlingError") => Ok(Verdict::Contended),
        Some(other) => Err(AdapterError::Broken(format!("DynamoDB TransactWriteItems: {other}"))),
    }
}

fn stored_order(item: &Item) -> Result<StoredOrder, AdapterError> {
    read(item).ok_or_else(|| AdapterError::Broken("DynamoDB holds an item that is no order".to_owned()))
}

fn read(item: &Item) -> Option<StoredOrder> {
    let text = |name| item.get(name)?.as_s().ok();
    let number = |name| item.get(name)?.as_n().ok();
    let instant = |name| Some(Instant::from_unix_seconds(number(name)?.parse().ok()?));
    Some(StoredOrder {
        order: Order {
            record_id: RecordId::parse(text(RECORD_ID)?).ok()?.into_owned(),
            parameter_1: Text::parse(text(PARAMETER_1)?).ok()?.into_owned(),
            parameter_2: Amount::parse(number(PARAMETER_2)?).ok()?,
        },
        accepted_at: instant(ACCEPTED_AT)?,
        expires_at: instant(EXPIRES_AT)?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, answer};

    const AWAY: &str = "http://127.0.0.1:1";

    fn table(address: &str) -> DynamoOrders {
        DynamoOrders::new(&Account::at(address), "orders".into())
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
    fn an_item_is_read_back_as_the_order_that_was_put() {
        let order = order();
        let (accepted_at, expires_at) = (Instant::from_unix_seconds(1_000), Instant::from_unix_seconds(87_400));
        let item = Item::from([
            (RECORD_ID.to_owned(), text("a")),
            (PARAMETER_1.to_owned(), text("é")),
            (PARAMETER_2.to_owned(), AttributeValue::N("1e+21".into())),
            (ACCEPTED_AT.to_owned(), AttributeValue::N("1000".into())),
            (EXPIRES_AT.to_owned(), AttributeValue::N("87400".into())),
        ]);
        assert_eq!(read(&item), Some(StoredOrder { order: order.clone(), accepted_at, expires_at }));
        // DynamoDB gives numbers back in a text of its own.
        let mut returned = item.clone();
        returned.insert(PARAMETER_2.into(), AttributeValue::N("1000000000000000000000".into()));
        assert_eq!(read(&returned).unwrap().order, order);
    }

    #[test]
    fn reasons_say_what_stood_in_the_way() {
        assert_eq!(verdict(&reason("None")), Ok(Verdict::Fine));
        assert_eq!(verdict(&reason("ConditionalCheckFailed")), Ok(Verdict::Refused(None)));
        assert_eq!(verdict(&reason("TransactionConflict")), Ok(Verdict::Contended));
        assert_eq!(verdict(&reason("ThrottlingError")), Ok(Verdict::Contended));
        assert_eq!(
            verdict(&reason("ValidationError")),
            Err(AdapterError::Broken("DynamoDB TransactWriteItems: ValidationError".into()))
        );
    }

    #[test]
    fn an_item_that_is_no_order_is_a_broken_contract() {
        let item = HashMap::from([(RECORD_ID.to_owned(), text("a"))]);
        assert!(matches!(stored_order(&item), Err(AdapterError::Broken(_))));
    }

    /// What the table says of one new order.
    async fn transact(address: &str) -> Result<Transacted, AdapterError> {
        let order = order();
        let now = Instant::from_unix_seconds(1_000);
        let write = Write::Put { order: &order, accepted_at: now, expires_at: Instant::from_unix_seconds(87_400) };
        table(address).transact(&[write], now, &Deadline::after(Duration::from_secs(5))).await
    }

    #[tokio::test]
    async fn a_table_that_is_away_is_unavailable_before_the_deadline() {
        let error = transact(AWAY).await.unwrap_err();
        assert_eq!(error, AdapterError::Unavailable("DynamoDB TransactWriteItems: no connection".into()));
    }

    #[tokio::test]
    async fn a_lost_answer_is_asked_for_again_under_the_same_token() {
        let server = ScriptedServer::start([HANG_UP.to_owned(), answer(200, "", "{}")]).await;
        assert_eq!(transact(&server.address).await, Ok(Transacted::Done));
        let tokens: Vec<String> = server
            .requests()
            .await
            .iter()
            .map(|asked| {
                let (_, body) = asked.split_once("\r\n\r\n").unwrap();
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                assert_eq!(body["TransactItems"][0]["Put"]["Item"]["record_id"]["S"], "a");
                body["ClientRequestToken"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(tokens.len(), 2);
        assert_eq!(tokens[0], tokens[1]);
    }

    #[tokio::test]
    async fn a_cancelled_transaction_tells_what_is_there() {
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
        let server = ScriptedServer::start([answer(400, "", &cancelled.to_string())]).await;
        let there = StoredOrder {
            order: order(),
            accepted_at: Instant::from_unix_seconds(500),
            expires_at: Instant::from_unix_seconds(86_900),
        };
        let verdicts = vec![Verdict::Refused(Some(Box::new(there)))];
        assert_eq!(transact(&server.address).await, Ok(Transacted::Cancelled(verdicts)));
        assert_eq!(server.requests().await.len(), 1);
    }

    #[tokio::test]
    async fn throttles_are_repeated_and_refusals_are_not() {
        let refusal = |code: &str| answer(400, "", &format!(r#"{{"__type":"{code}"}}"#));
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
    async fn requests_go_over_one_kept_connection() {
        let server = ScriptedServer::on_one_connection(vec![answer(200, "", "{}"); 2]).await;
        let (table, record_id) = (table(&server.address), RecordId::parse("a").unwrap());
        for _ in 0..2 {
            assert_eq!(table.get(&record_id, &Deadline::after(Duration::from_secs(5))).await, Ok(None));
        }
        assert_eq!(server.requests().await.len(), 2);
    }

    #[tokio::test]
    async fn an_order_is_read_as_of_the_last_write() {
        let server = ScriptedServer::start([answer(200, "", "{}")]).await;
        let record_id = RecordId::parse("a").unwrap();
        let found = table(&server.address).get(&record_id, &Deadline::after(Duration::from_secs(5))).await;
        assert_eq!(found, Ok(None));
        assert!(server.requests().await[0].contains(r#""ConsistentRead":true"#));
    }
}
