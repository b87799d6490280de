//! Queues in SQS.

use aws_sdk_sqs::types::QueueAttributeName;

use crate::cloud::aws::client::{Aws, call_error};
use crate::cloud::call_error::CallError;
use crate::cloud::services::{Message, MessageCount, Queues};

/// How long a received message is hidden from other receivers: longer than sending it again takes.
const VISIBILITY_TIMEOUT_SECONDS: i32 = 120;
/// SQS's maximum for one call.
const BATCH: i32 = 10;

impl Queues for Aws {
    async fn count_messages(&self, queue_url: &str) -> Result<MessageCount, CallError> {
        use QueueAttributeName as Name;
        let call = format!("SQS GetQueueAttributes {queue_url}");
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let request = self.sqs.get_queue_attributes().queue_url(queue_url);
        let sent = request.set_attribute_names(Some(names.to_vec())).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        let count = |name: &Name| {
            let count = output.attributes.as_ref().and_then(|attributes| attributes.get(name));
            let count = count.and_then(|count| count.parse::<u64>().ok());
            count.ok_or_else(|| CallError::Failed(format!("{call}: the response has no {name}")))
        };
        let [waiting, received, delayed] = &names;
        Ok(MessageCount { waiting: count(waiting)?, hidden: count(received)?.saturating_add(count(delayed)?) })
    }

    async fn send(&self, queue_url: &str, body: &str) -> Result<(), CallError> {
        let request = self.sqs.send_message().queue_url(queue_url).message_body(body);
        request.send().await.map(drop).map_err(|error| call_error(&format!("SQS SendMessage {queue_url}"), &error))
    }

    async fn receive(&self, queue_url: &str) -> Result<Vec<Message>, CallError> {
        let call = format!("SQS ReceiveMessage {queue_url}");
        let request = self.sqs.receive_message().queue_url(queue_url).visibility_timeout(VISIBILITY_TIMEOUT_SECONDS);
        // Any wait makes SQS query all its servers; without one, it samples some and may miss a message.
        let sent = request.max_number_of_messages(BATCH).wait_time_seconds(1).send().await;
        let output = sent.map_err(|error| call_error(&call, &error))?;
        let message = |message: aws_sdk_sqs::types::Message| {
            Some(Message { id: message.message_id?, body: message.body?, receipt: message.receipt_handle? })
        };
        let messages: Option<Vec<Message>> = output.messages.into_iter().flatten().map(message).collect();
        messages.ok_or_else(|| CallError::Failed(format!("{call}: a message is incomplete")))
    }

    async fn delete(&self, queue_url: &str, receipt: &str) -> Result<(), CallError> {
        let request = self.sqs.delete_message().queue_url(queue_url).receipt_handle(receipt);
        request.send().await.map(drop).map_err(|error| call_error(&format!("SQS DeleteMessage {queue_url}"), &error))
    }
}
