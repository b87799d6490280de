//! The body of `TransactWriteItems`, written in one pass from the orders as they are.
//!
//! The SDK's own types own every text: for a hundred orders some two thousand names, conditions and values would be
//! copied, hashed and freed again, most of a request's processor time. What is written here is what they would be written
//! as; everything else about the call stays the SDK's. Called by `dynamodb`.

use std::cell::LazyCell;

use gridbid_core::{
    expiry::{self, Instant},
    order::Order,
};

use super::Write;

/// As many bytes as most writes have, so that a body seldom has to be moved while it grows.
const WRITE_BYTES: usize = 512;

/// The body of a transaction that does all of the writes or none of them. By the token DynamoDB knows a repetition from a
/// second request.
///
/// # Errors
/// None that can happen: texts are always JSON.
pub(super) fn body(
    table_name: &str,
    writes: &[Write<'_>],
    now: Instant,
    token: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let table_name = serde_json::to_string(table_name)?;
    let confirm = LazyCell::new(|| Frame::confirm(&table_name, now));
    // All orders of a request have these moments; for others the frame is made again.
    let mut moments = (now, expiry::expires_at(now));
    let mut put = Frame::put(&table_name, now, moments);
    let mut out = Vec::with_capacity((writes.len() + 1) * WRITE_BYTES);
    out.extend_from_slice(br#"{"TransactItems":["#);
    for (index, write) in writes.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match *write {
            Write::Put { order, accepted_at, expires_at } => {
                if moments != (accepted_at, expires_at) {
                    moments = (accepted_at, expires_at);
                    put = Frame::put(&table_name, now, moments);
                }
                put.write(order, &mut out)?;
            }
            Write::Confirm { order } => confirm.write(order, &mut out)?,
        }
    }
    out.extend_from_slice(br#"],"ClientRequestToken":"#);
    serde_json::to_writer(&mut out, token)?;
    out.push(b'}');
    Ok(out)
}

/// One write without its order: the JSON before the id, before the text, before the amount, and after that. Only what
/// differs from order to order is written anew for each of them.
#[derive(Debug)]
struct Frame {
    id: String,
    text: &'static str,
    amount: &'static str,
    end: String,
}

impl Frame {
    /// Stores the order if no live one is there; a refusal tells what is.
    fn put(table_name: &str, now: Instant, (accepted_at, expires_at): (Instant, Instant)) -> Self {
        let [now, accepted_at, expires_at] = [now, accepted_at, expires_at].map(seconds);
        Self {
            id: [r#"{"Put":{"TableName":"#, table_name, r#","Item":{"record_id":{"S":"#].concat(),
            text: r#"},"parameter_1":{"S":"#,
            amount: r#"},"parameter_2":{"N":"#,
            end: [
                r#"},"accepted_at":{"N":""#,
                &accepted_at,
                r#""},"expires_at":{"N":""#,
                &expires_at,
                r#""}},"ConditionExpression":"attribute_not_exists(record_id) OR expires_at <= :now""#,
                r#","ExpressionAttributeValues":{":now":{"N":""#,
                &now,
                r#""}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}"#,
            ]
            .concat(),
        }
    }

    /// Holds if exactly this order is there and live; a refusal tells what is.
    fn confirm(table_name: &str, now: Instant) -> Self {
        Self {
            id: [r#"{"ConditionCheck":{"TableName":"#, table_name, r#","Key":{"record_id":{"S":"#].concat(),
            text: concat!(
                r#"}},"ConditionExpression":"attribute_exists(record_id) AND expires_at > :now "#,
                r#"AND parameter_1 = :parameter_1 AND parameter_2 = :parameter_2""#,
                r#","ExpressionAttributeValues":{":parameter_1":{"S":"#,
            ),
            amount: r#"},":parameter_2":{"N":"#,
            end: [r#"},":now":{"N":""#, &seconds(now), r#""}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}"#]
                .concat(),
        }
    }

    fn write(&self, order: &Order<'_>, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        out.extend_from_slice(self.id.as_bytes());
        serde_json::to_writer(&mut *out, order.record_id.as_str())?;
        out.extend_from_slice(self.text.as_bytes());
        serde_json::to_writer(&mut *out, order.parameter_1.as_str())?;
        out.extend_from_slice(self.amount.as_bytes());
        serde_json::to_writer(&mut *out, &order.parameter_2.text())?;
        out.extend_from_slice(self.end.as_bytes());
        Ok(())
    }
}

fn seconds(instant: Instant) -> String {
    instant.unix_seconds().to_string()
}

#[cfg(test)]
mod tests {
    use gridbid_core::{
        amount::Amount,
        order::{RecordId, Text},
    };
    use serde_json::{Value, json};

    use super::*;

    fn order() -> Order<'static> {
        Order {
            record_id: RecordId::parse("a").unwrap(),
            parameter_1: Text::parse("é\"").unwrap(),
            parameter_2: Amount::parse("1e21").unwrap(),
        }
    }

    fn written(writes: &[Write<'_>], now: u64) -> Value {
        serde_json::from_slice(&body("orders", writes, Instant::from_unix_seconds(now), "token").unwrap()).unwrap()
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
        assert_eq!(written(&[Write::Put { order: &order(), accepted_at, expires_at }], 1_000), expected);
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
        assert_eq!(written(&[Write::Confirm { order: &order() }], 5), expected);
    }

    #[test]
    fn writes_of_different_moments_and_kinds_stand_in_their_order() {
        let order = order();
        let put = |accepted_at, expires_at| Write::Put {
            order: &order,
            accepted_at: Instant::from_unix_seconds(accepted_at),
            expires_at: Instant::from_unix_seconds(expires_at),
        };
        let written = written(&[put(1, 2), Write::Confirm { order: &order }, put(3, 4), put(3, 5)], 1);
        let moments = |index: usize| {
            let item = &written["TransactItems"][index]["Put"]["Item"];
            (item["accepted_at"]["N"].clone(), item["expires_at"]["N"].clone())
        };
        assert_eq!(moments(0), (json!("1"), json!("2")));
        assert_eq!(written["TransactItems"][1]["ConditionCheck"]["Key"]["record_id"]["S"], "a");
        assert_eq!(moments(2), (json!("3"), json!("4")));
        assert_eq!(moments(3), (json!("3"), json!("5")));
    }
}
