//! The body of `TransactWriteItems`, written in one pass from the orders as they are.
//!
//! The SDK's own types own every text: for a hundred orders some two thousand names, conditions and values would be
//! copied, hashed and freed again, most of a request's processor time. What is written here is what they would be written
//! as; everything else about the call stays the SDK's. Called by `dynamodb`.

use std::fmt::Display;

use gridbid_core::{amount::Amount, expiry::Instant};
use serde::{Serialize, Serializer};

use super::Write;

const NO_LIVE_ORDER: &str = "attribute_not_exists(record_id) OR expires_at <= :now";
const SAME_LIVE_ORDER: &str =
    "attribute_exists(record_id) AND expires_at > :now AND parameter_1 = :parameter_1 AND parameter_2 = :parameter_2";
/// A refused write tells what is there.
const ALL_OLD: &str = "ALL_OLD";

/// A transaction.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Transaction<'a> {
    transact_items: Vec<Part<'a>>,
    /// By it DynamoDB knows a repetition from a second request.
    client_request_token: &'a str,
}

#[derive(Debug, Serialize)]
enum Part<'a> {
    Put(Put<'a>),
    ConditionCheck(ConditionCheck<'a>),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Put<'a> {
    table_name: &'a str,
    item: Item<'a>,
    condition_expression: &'static str,
    expression_attribute_values: Now,
    return_values_on_condition_check_failure: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConditionCheck<'a> {
    table_name: &'a str,
    key: Key<'a>,
    condition_expression: &'static str,
    expression_attribute_values: Same<'a>,
    return_values_on_condition_check_failure: &'static str,
}

#[derive(Debug, Serialize)]
struct Key<'a> {
    record_id: Text<'a>,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    record_id: Text<'a>,
    parameter_1: Text<'a>,
    parameter_2: Number<Amount>,
    accepted_at: Number<u64>,
    expires_at: Number<u64>,
}

#[derive(Debug, Serialize)]
struct Now {
    #[serde(rename = ":now")]
    now: Number<u64>,
}

#[derive(Debug, Serialize)]
struct Same<'a> {
    #[serde(rename = ":now")]
    now: Number<u64>,
    #[serde(rename = ":parameter_1")]
    parameter_1: Text<'a>,
    #[serde(rename = ":parameter_2")]
    parameter_2: Number<Amount>,
}

#[derive(Debug, Serialize)]
struct Text<'a> {
    #[serde(rename = "S")]
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct Number<T: Display> {
    #[serde(rename = "N", serialize_with = "as_text")]
    number: T,
}

impl<'a> Transaction<'a> {
    /// All of the writes or none of them.
    pub(super) fn new(table_name: &'a str, writes: &[Write<'a>], now: Instant, token: &'a str) -> Self {
        let part = |write: &Write<'a>| match *write {
            Write::Put { order, accepted_at, expires_at } => Part::Put(Put {
                table_name,
                item: Item {
                    record_id: text(order.record_id.as_str()),
                    parameter_1: text(order.parameter_1.as_str()),
                    parameter_2: Number { number: order.parameter_2 },
                    accepted_at: moment(accepted_at),
                    expires_at: moment(expires_at),
                },
                condition_expression: NO_LIVE_ORDER,
                expression_attribute_values: Now { now: moment(now) },
                return_values_on_condition_check_failure: ALL_OLD,
            }),
            Write::Confirm { order } => Part::ConditionCheck(ConditionCheck {
                table_name,
                key: Key { record_id: text(order.record_id.as_str()) },
                condition_expression: SAME_LIVE_ORDER,
                expression_attribute_values: Same {
                    now: moment(now),
                    parameter_1: text(order.parameter_1.as_str()),
                    parameter_2: Number { number: order.parameter_2 },
                },
                return_values_on_condition_check_failure: ALL_OLD,
            }),
        };
        Self { transact_items: writes.iter().map(part).collect(), client_request_token: token }
    }
}

fn text(text: &str) -> Text<'_> {
    Text { text }
}

fn moment(instant: Instant) -> Number<u64> {
    Number { number: instant.unix_seconds() }
}

fn as_text<T: Display, S: Serializer>(number: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

#[cfg(test)]
mod tests {
    use gridbid_core::order::{Order, RecordId, Text};
    use serde_json::{Value, json};

    use super::*;

    fn order() -> Order<'static> {
        Order {
            record_id: RecordId::parse("a").unwrap(),
            parameter_1: Text::parse("é\"").unwrap(),
            parameter_2: Amount::parse("1e21").unwrap(),
        }
    }

    fn written(write: Write<'_>, now: u64) -> Value {
        let writes = [write];
        let transaction = Transaction::new("orders", &writes, Instant::from_unix_seconds(now), "token");
        serde_json::to_value(transaction).unwrap()
    }

    #[test]
    fn a_put_writes_the_order_where_no_live_one_is() {
        let (accepted_at, expires_at) = (Instant::from_unix_seconds(1_000), Instant::from_unix_seconds(87_400));
        let expected = json!({
            "TransactItems": [{"Put": {
                "TableName": "orders",
                "Item": {
                    "record_id": {"S": "a"}, "parameter_1": {"S": "é\""}, "parameter_2": {"N": "1e+21"},
                    "accepted_at": {"N": "1000"}, "expires_at": {"N": "87400"},
                },
                "ConditionExpression": "attribute_not_exists(record_id) OR expires_at <= :now",
                "ExpressionAttributeValues": {":now": {"N": "1000"}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }}],
            "ClientRequestToken": "token",
        });
        assert_eq!(written(Write::Put { order: &order(), accepted_at, expires_at }, 1_000), expected);
    }

    #[test]
    fn conditions_compare_the_moment_and_the_content() {
        let expected = json!({
            "TransactItems": [{"ConditionCheck": {
                "TableName": "orders",
                "Key": {"record_id": {"S": "a"}},
                "ConditionExpression": "attribute_exists(record_id) AND expires_at > :now AND parameter_1 = :parameter_1 \
                    AND parameter_2 = :parameter_2",
                "ExpressionAttributeValues": {
                    ":now": {"N": "5"}, ":parameter_1": {"S": "é\""}, ":parameter_2": {"N": "1e+21"},
                },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }}],
            "ClientRequestToken": "token",
        });
        assert_eq!(written(Write::Confirm { order: &order() }, 5), expected);
    }
}
