//! SQS: the messages of queues.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::error::CallError;

/// A message of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its body.
    pub body: String,
    receipt: String,
}

impl Cloud {
    /// The number of messages of a queue, visible or in flight.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn message_count(&self, queue_url: &str) -> Result<u64, CallError> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let request = json!({"QueueUrl": queue_url, "AttributeNames": names});
        let response = self.sqs("GetQueueAttributes", &request)?;
        let count = |name: &str| {
            let text = response.pointer(&format!("/Attributes/{name}")).and_then(Value::as_str);
            text.and_then(|text| text.parse::<u64>().ok())
                .ok_or_else(|| CallError::unexpected("GetQueueAttributes", response.to_string()))
        };
        names.into_iter().map(count).sum()
    }

    /// Receives and deletes up to ten messages of a queue.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn take_messages(&self, queue_url: &str) -> Result<Vec<Message>, CallError> {
        let response = self.sqs("ReceiveMessage", &json!({"QueueUrl": queue_url, "MaxNumberOfMessages": 10}))?;
        let messages: Vec<Message> = response
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

    /// Sends a message to a queue.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn send_message(&self, queue_url: &str, body: &str) -> Result<(), CallError> {
        self.sqs("SendMessage", &json!({"QueueUrl": queue_url, "MessageBody": body})).map(drop)
    }

    fn sqs(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        self.json("sqs", &format!("AmazonSQS.{operation}"), "1.0", body)
    }
}
