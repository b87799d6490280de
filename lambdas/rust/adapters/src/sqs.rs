//! The queue of orders to submit in Amazon SQS.

use serde_json::json;

use crate::{
    account::Account,
    aws_json::JsonService,
    deadline::Deadline,
    error::AdapterError,
    queue::{Deferral, RetryQueue},
};

const SQS: JsonService =
    JsonService { title: "SQS", name: "sqs", target: "AmazonSQS", content_type: "application/x-amz-json-1.0" };
/// SQS's limit of entries per `ChangeMessageVisibilityBatch`.
const BATCH: usize = 10;
/// SQS's limit of a message's invisibility, 12 hours, counted from its receipt; less the time of an invocation.
const MAX_DELAY_SECONDS: u64 = 12 * 60 * 60 - 60;
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// A queue, and its dead-letter queue.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    account: Account,
    url: String,
    dead_letters_url: String,
}

impl SqsQueue {
    /// Creates a client for the queues with these URLs. Nothing is sent.
    #[must_use]
    pub fn new(account: Account, url: String, dead_letters_url: String) -> Self {
        Self { account, url, dead_letters_url }
    }

    async fn call(&self, action: &str, body: String, deadline: &Deadline) -> Result<Vec<u8>, AdapterError> {
        SQS.call(&self.account, action, body, MAX_RESPONSE_BYTES, deadline).await
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchResponse {
    #[serde(default)]
    failed: Vec<serde::de::IgnoredAny>,
}

impl RetryQueue for SqsQueue {
    async fn defer(&self, deferrals: &[Deferral], deadline: &Deadline) -> Result<(), AdapterError> {
        let mut failed = 0;
        for batch in deferrals.chunks(BATCH) {
            let entries: Vec<_> = batch
                .iter()
                .enumerate()
                .map(|(id, deferral)| {
                    json!({
                        "Id": id.to_string(),
                        "ReceiptHandle": deferral.receipt_handle,
                        "VisibilityTimeout": deferral.delay.as_secs().min(MAX_DELAY_SECONDS),
                    })
                })
                .collect();
            let body = json!({"QueueUrl": self.url, "Entries": entries}).to_string();
            let response = self.call("ChangeMessageVisibilityBatch", body, deadline).await?;
            let response: BatchResponse = serde_json::from_slice(&response)
                .map_err(|_| AdapterError::Broken("SQS: the response cannot be parsed".to_owned()))?;
            failed += response.failed.len();
        }
        match failed {
            0 => Ok(()),
            failed => Err(AdapterError::Broken(format!("SQS: {failed} messages cannot be deferred"))),
        }
    }

    async fn send_to_dead_letters(&self, body: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        let body = json!({"QueueUrl": self.dead_letters_url, "MessageBody": body}).to_string();
        self.call("SendMessage", body, deadline).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    fn queue(server: &ScriptedServer) -> SqsQueue {
        SqsQueue::new(Account::for_test(&server.address), "http://queue".into(), "http://dead".into())
    }

    fn deadline() -> Deadline {
        Deadline::after(Duration::from_secs(5))
    }

    fn body(request: &str) -> Value {
        serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    #[tokio::test]
    async fn messages_are_deferred_ten_at_a_time() {
        let done = response(200, "", r#"{"Successful":[],"Failed":[]}"#);
        let server = ScriptedServer::start([HANG_UP.to_owned(), done.clone(), done]).await;
        let deferrals: Vec<Deferral> = (0..11)
            .map(|index| Deferral {
                receipt_handle: format!("r-{index}"),
                delay: Duration::from_millis(7_900) * (1 + 10_000 * (index / 10)),
            })
            .collect();
        assert_eq!(queue(&server).defer(&deferrals, &deadline()).await, Ok(()));
        let requests = server.requests().await;
        assert!(requests[1].contains("x-amz-target: AmazonSQS.ChangeMessageVisibilityBatch\r\n"), "{}", requests[1]);
        assert!(requests[1].contains("/eu-west-1/sqs/aws4_request, "), "{}", requests[1]);
        let first = body(&requests[1]);
        assert_eq!((&first["QueueUrl"], first["Entries"].as_array().unwrap().len()), (&json!("http://queue"), 10));
        assert_eq!(first["Entries"][1], json!({"Id": "1", "ReceiptHandle": "r-1", "VisibilityTimeout": 7}));
        let last = json!([{"Id": "0", "ReceiptHandle": "r-10", "VisibilityTimeout": 43_140}]);
        assert_eq!(body(&requests[2])["Entries"], last);
    }

    #[tokio::test]
    async fn message_that_cannot_be_deferred_is_an_error() {
        let failed = response(200, "", r#"{"Successful":[],"Failed":[{"Id":"0","Code":"ReceiptHandleIsInvalid"}]}"#);
        let server = ScriptedServer::start([failed]).await;
        let deferral = Deferral { receipt_handle: "r".into(), delay: Duration::from_secs(1) };
        let error = queue(&server).defer(&[deferral], &deadline()).await.unwrap_err();
        assert_eq!(error, AdapterError::Broken("SQS: 1 messages cannot be deferred".into()));
    }

    #[tokio::test]
    async fn dead_letter_is_sent_whole() {
        let server = ScriptedServer::start([response(200, "", r#"{"MessageId":"m"}"#)]).await;
        assert_eq!(queue(&server).send_to_dead_letters("{\"é\":", &deadline()).await, Ok(()));
        let request = server.requests().await.remove(0);
        assert!(request.contains("x-amz-target: AmazonSQS.SendMessage\r\n"), "{request}");
        assert_eq!(body(&request), json!({"QueueUrl": "http://dead", "MessageBody": "{\"é\":"}));
    }

    #[tokio::test]
    async fn refusal_is_broken() {
        let refusal = response(400, "", r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#);
        let server = ScriptedServer::start([refusal]).await;
        let error = queue(&server).send_to_dead_letters("x", &deadline()).await.unwrap_err();
        assert_eq!(error, AdapterError::Broken("SQS: QueueDoesNotExist (400)".into()));
    }
}
