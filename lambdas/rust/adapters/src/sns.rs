//! The notifications topic in Amazon SNS.

use aws_sdk_sns::{
    Client,
    config::{BehaviorVersion, Region},
};

use crate::{account::Account, deadline::Deadline, error::AdapterError, notifier::Notifier, sdk};

/// A topic.
#[derive(Clone, Debug)]
pub struct SnsNotifier {
    client: Client,
    topic_arn: String,
}

impl SnsNotifier {
    /// Creates a client for the topic with this ARN. Nothing is sent.
    #[must_use]
    pub fn new(account: &Account, topic_arn: String) -> Self {
        let mut config = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(sdk::http_client(account))
            .region(Region::new(account.region.clone()))
            .credentials_provider(account.credentials())
            .retry_config(sdk::retries());
        config.set_endpoint_url(account.endpoint.clone());
        Self { client: Client::from_conf(config.build()), topic_arn }
    }
}

impl Notifier for SnsNotifier {
    async fn publish(&self, message: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        let config = aws_sdk_sns::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        let request = self.client.publish().topic_arn(&self.topic_arn).message(message);
        let sent = request.customize().config_override(config).send().await;
        sent.map(drop).map_err(|error| sdk::classify("SNS Publish", &error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, response};

    async fn publish(server: &ScriptedServer) -> Result<(), AdapterError> {
        let notifier = SnsNotifier::new(&Account::for_test(&server.address), "arn:topic".into());
        notifier.publish(r#"{"kind":"x"}"#, &Deadline::after(Duration::from_secs(5))).await
    }

    fn refusal(status: u16, code: &str) -> String {
        response(status, "", &format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"))
    }

    #[tokio::test]
    async fn message_is_published_at_least_once() {
        let done = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
        // The SDK publishes again after a lost response.
        let server = ScriptedServer::start([HANG_UP.to_owned(), response(200, "", done)]).await;
        assert_eq!(publish(&server).await, Ok(()));
        let request = server.requests().await.remove(1);
        assert!(request.contains("Action=Publish&") && request.contains("TopicArn=arn%3Atopic"), "{request}");
        assert!(request.contains("Message=%7B%22kind%22%3A%22x%22%7D"), "{request}");
    }

    #[tokio::test]
    async fn throttles_are_unavailable_and_refusals_broken() {
        let server = ScriptedServer::start(vec![refusal(400, "Throttling"); 4]).await;
        assert_eq!(publish(&server).await, Err(AdapterError::Unavailable("SNS Publish: Throttling (400)".into())));
        let server = ScriptedServer::start([refusal(403, "AuthorizationError")]).await;
        assert_eq!(publish(&server).await, Err(AdapterError::Broken("SNS Publish: AuthorizationError (403)".into())));
    }
}
