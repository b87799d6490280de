//! The topic of notices in Amazon SNS.

use aws_sdk_sns::{
    Client,
    config::{BehaviorVersion, Region},
};

use super::Notices;
use crate::{account::Account, deadline::Deadline, error::AdapterError, sdk};

/// A topic.
#[derive(Clone, Debug)]
pub struct SnsNotices {
    client: Client,
    topic_arn: String,
}

impl SnsNotices {
    /// The topic of this ARN.
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

impl Notices for SnsNotices {
    async fn publish(&self, message: &str, deadline: &Deadline) -> Result<(), AdapterError> {
        let bounds = aws_sdk_sns::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        let request = self.client.publish().topic_arn(&self.topic_arn).message(message);
        let sent = request.customize().config_override(bounds).send().await;
        sent.map(drop).map_err(|error| sdk::failure("SNS Publish", &error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scripted_server::{HANG_UP, ScriptedServer, answer};

    async fn publish(server: &ScriptedServer) -> Result<(), AdapterError> {
        let notices = SnsNotices::new(&Account::at(&server.address), "arn:topic".into());
        notices.publish(r#"{"kind":"x"}"#, &Deadline::after(Duration::from_secs(5))).await
    }

    fn refusal(status: u16, code: &str) -> String {
        answer(status, "", &format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>"))
    }

    #[tokio::test]
    async fn a_notice_is_published_to_the_topic() {
        let done = "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
        // An answer that is lost makes the SDK publish again: rather twice than not at all.
        let server = ScriptedServer::start([HANG_UP.to_owned(), answer(200, "", done)]).await;
        assert_eq!(publish(&server).await, Ok(()));
        let asked = server.requests().await.remove(1);
        assert!(asked.contains("Action=Publish&") && asked.contains("TopicArn=arn%3Atopic"), "{asked}");
        assert!(asked.contains("Message=%7B%22kind%22%3A%22x%22%7D"), "{asked}");
    }

    #[tokio::test]
    async fn a_throttle_passes_and_a_refusal_does_not() {
        let server = ScriptedServer::start(vec![refusal(400, "Throttling"); 4]).await;
        assert_eq!(publish(&server).await, Err(AdapterError::Unavailable("SNS Publish: Throttling (400)".into())));
        let server = ScriptedServer::start([refusal(403, "AuthorizationError")]).await;
        assert_eq!(publish(&server).await, Err(AdapterError::Broken("SNS Publish: AuthorizationError (403)".into())));
    }
}
