//! SQS: what lies in a queue.

use serde_json::{Value, json};

use super::{CallError, Cloud, strange};

/// A message of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its body.
    pub body: String,
    receipt: String,
}

impl Cloud {
    /// How many messages a queue holds, in flight or not.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn message_count(&self, queue_url: &str) -> Result<u64, CallError> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let ask = json!({"QueueUrl": queue_url, "AttributeNames": names});
        let answer = self.sqs("GetQueueAttributes", &ask)?;
        let count = |name: &str| {
            let text = answer.pointer(&format!("/Attributes/{name}")).and_then(Value::as_str);
            text.and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| strange("GetQueueAttributes", answer.to_string()))
        };
        names.into_iter().map(count).sum()
    }

    /// Takes up to ten messages out of a queue.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn take_messages(&self, queue_url: &str) -> Result<Vec<Message>, CallError> {
        let answer = self.sqs("ReceiveMessage", &json!({"QueueUrl": queue_url, "MaxNumberOfMessages": 10}))?;
        let messages: Vec<Message> = answer
            .get("Messages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|message| {
                let text = |name: &str| message.get(name).and_then(Value::as_str).map(str::to_owned);
                Some(Message { body: text("Body")?, receipt: text("ReceiptHandle")? })
            })
            .collect();
        for message in &messages {
            self.sqs("DeleteMessage", &json!({"QueueUrl": queue_url, "ReceiptHandle": message.receipt}))?;
        }
        Ok(messages)
    }

    fn sqs(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.json("sqs", &format!("AmazonSQS.{operation}"), "1.0", body)
    }
}
