//! The queues of undelivered notifications in SQS.

use aws_sdk_sqs::types::QueueAttributeName;

use super::{Aws, failure};
use crate::cloud::{CallError, Message, Queues};

/// For so long a received message is hidden from others: longer than sending one again takes.
const HIDDEN_SECONDS: i32 = 120;
/// As many as SQS gives at once.
const AT_ONCE: i32 = 10;

impl Queues for Aws {
    async fn count(&self, queue_url: &str) -> Result<u64, CallError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let call = self.sqs.get_queue_attributes().queue_url(queue_url).attribute_names(name.clone()).send();
        let told = call.await.map_err(|error| failure(&format!("queue {queue_url}"), &error))?;
        let count = told.attributes.unwrap_or_default().get(&name).and_then(|count| count.parse().ok());
        Ok(count.unwrap_or_default())
    }

    async fn receive(&self, queue_url: &str) -> Result<Vec<Message>, CallError> {
        let call = self.sqs.receive_message().queue_url(queue_url).visibility_timeout(HIDDEN_SECONDS);
        // A short wait asks all of SQS's servers: without one a message may be overlooked.
        let sent = call.max_number_of_messages(AT_ONCE).wait_time_seconds(1).send().await;
        let told = sent.map_err(|error| failure(&format!("queue {queue_url}"), &error))?;
        let message = |message: aws_sdk_sqs::types::Message| {
            Some(Message { id: message.message_id?, body: message.body?, receipt: message.receipt_handle? })
        };
        Ok(told.messages.unwrap_or_default().into_iter().filter_map(message).collect())
    }

    async fn delete(&self, queue_url: &str, receipt: &str) -> Result<(), CallError> {
        let call = self.sqs.delete_message().queue_url(queue_url).receipt_handle(receipt).send();
        call.await.map(drop).map_err(|error| failure(&format!("queue {queue_url}"), &error))
    }
}
