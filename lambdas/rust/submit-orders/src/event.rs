//! The event: messages of the submission queue, each with one record of the orders table's stream.
//!
//! A message's body is the record as EventBridge Pipes delivers it: `{"eventName": …, "dynamodb": {"NewImage": {…}}, …}`, with
//! the item in DynamoDB's typed JSON. Only the image is read, so that `gridbid resubmit` can write the same form. DynamoDB
//! carries numbers as strings, which keeps their digits.

use std::borrow::Cow;

use gridbid_core::{
    amount::Amount,
    expiry::Timestamp,
    order::{Order, RecordId, Text},
    stored::StoredOrder,
};
use serde::Deserialize;

/// An event of an SQS event source mapping.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Event<'a> {
    #[serde(borrow)]
    pub(crate) records: Vec<Message<'a>>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    pub(crate) message_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) receipt_handle: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) body: Cow<'a, str>,
    #[serde(borrow)]
    attributes: Attributes<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes<'a> {
    #[serde(borrow)]
    approximate_receive_count: Cow<'a, str>,
}

#[derive(Deserialize)]
struct StreamRecord<'a> {
    #[serde(borrow)]
    dynamodb: Change<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change<'a> {
    #[serde(borrow)]
    new_image: Image<'a>,
}

#[derive(Deserialize)]
struct Image<'a> {
    #[serde(borrow)]
    record_id: TextAttribute<'a>,
    #[serde(borrow)]
    parameter_1: TextAttribute<'a>,
    #[serde(borrow)]
    parameter_2: NumberAttribute<'a>,
    #[serde(borrow)]
    accepted_at: NumberAttribute<'a>,
    #[serde(borrow)]
    expires_at: NumberAttribute<'a>,
}

#[derive(Deserialize)]
struct TextAttribute<'a> {
    #[serde(borrow, rename = "S")]
    text: Cow<'a, str>,
}

#[derive(Deserialize)]
struct NumberAttribute<'a> {
    #[serde(borrow, rename = "N")]
    digits: Cow<'a, str>,
}

impl Message<'_> {
    /// The number of deliveries of this message so far, at least 1.
    pub(crate) fn receive_count(&self) -> u32 {
        // SQS promises a number. Any other text counts as the first delivery: the delay is then short, never absent.
        self.attributes.approximate_receive_count.parse().unwrap_or(1).max(1)
    }

    /// Parses the order in the body; `None` if the body is not a stream record with an order.
    pub(crate) fn parse_order(&self) -> Option<StoredOrder> {
        let record: StreamRecord<'_> = serde_json::from_str(&self.body).ok()?;
        let Image { record_id, parameter_1, parameter_2, accepted_at, expires_at } = record.dynamodb.new_image;
        let instant = |attribute: &NumberAttribute<'_>| attribute.digits.parse().ok().map(Timestamp::from_unix_seconds);
        Some(StoredOrder {
            order: Order {
                record_id: RecordId::parse(&record_id.text).ok()?.into_owned(),
                parameter_1: Text::parse(&parameter_1.text).ok()?.into_owned(),
                parameter_2: Amount::parse(&parameter_2.digits).ok()?,
            },
            accepted_at: instant(&accepted_at)?,
            expires_at: instant(&expires_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &Value) -> Option<StoredOrder> {
        let event = json!({"Records": [{
            "messageId": "m", "receiptHandle": "r", "body": body.to_string(),
            "attributes": {"ApproximateReceiveCount": "3"},
        }]});
        let event = event.to_string();
        let event: Event<'_> = serde_json::from_str(&event).unwrap();
        assert_eq!(event.records[0].receive_count(), 3);
        event.records[0].parse_order()
    }

    fn record() -> Value {
        json!({
            "eventID": "1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
            "dynamodb": {
                "Keys": {"record_id": {"S": "a"}},
                "NewImage": {
                    "record_id": {"S": "a"}, "parameter_1": {"S": "é\n"},
                    "parameter_2": {"N": "12345678901234567890.123456789012345678"},
                    "accepted_at": {"N": "1000"}, "expires_at": {"N": "87400"},
                    "submission_status": {"S": "pending"}, "submitted_by": {"S": "arn"},
                },
                "SequenceNumber": "1", "SizeBytes": 5, "StreamViewType": "NEW_IMAGE",
            },
        })
    }

    #[test]
    fn stream_record_keeps_every_digit() {
        let mut record = record();
        record["dynamodb"]["NewImage"]["parameter_1"] = json!({"S": "é\""});
        let stored = parse(&record).unwrap();
        assert_eq!(stored.order.parameter_2.text(), "12345678901234567890.123456789012345678");
        assert_eq!(stored.order.parameter_1.as_str(), "é\"");
        assert_eq!((stored.accepted_at.unix_seconds(), stored.expires_at.unix_seconds()), (1_000, 87_400));
    }

    #[test]
    fn other_bodies_are_not_orders() {
        let mut removal = record();
        removal["dynamodb"].as_object_mut().unwrap().remove("NewImage");
        let mut amount = record();
        amount["dynamodb"]["NewImage"]["parameter_1"] = json!({"S": "x"});
        amount["dynamodb"]["NewImage"]["parameter_2"] = json!({"N": "many"});
        // A control character, which no stored order has.
        for body in [record(), removal, amount, json!({}), json!("x")] {
            assert_eq!(parse(&body), None, "{body}");
        }
    }
}
