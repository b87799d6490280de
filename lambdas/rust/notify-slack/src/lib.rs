//! Posts the messages of the notifications topic to Slack.
//!
//! SNS invokes the function asynchronously: Lambda retries an event that fails and finally sends it to the on-failure
//! queue, so that every message is posted at least once or kept. Messages are not filtered, and unknown ones are shown
//! verbatim.

mod message;
mod notification;

use std::borrow::Cow;

use gridbid_adapters::{
    AdapterError, Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    environment::Environment,
    secrets,
    slack::SlackWebhook,
    webhook::Webhook,
};
use serde::Deserialize;

/// The function, generic over the webhook.
#[derive(Debug)]
pub struct NotifySlack<W> {
    webhook: W,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    #[serde(borrow)]
    sns: Notification<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification<'a> {
    #[serde(borrow, default)]
    subject: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

impl<W: Webhook> NotifySlack<W> {
    /// Creates the function over this webhook.
    pub fn new(webhook: W) -> Self {
        Self { webhook }
    }

    /// Returns the webhook.
    pub fn webhook(&self) -> &W {
        &self.webhook
    }

    /// Posts every record of the event; a failed one does not stop the others.
    ///
    /// # Errors
    /// `Unavailable` if any record could not be posted because Slack is unreachable or throttles; otherwise
    /// `ContractBroken` if any was refused. `ContractBroken` also for an event that is not SNS's.
    pub async fn post_all(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let event: Event<'_> =
            serde_json::from_str(event).map_err(|_| HandlerError::contract_broken("the event is not an SNS event"))?;
        let mut posted = 0;
        let mut failure = None;
        for Record { sns } in &event.records {
            let (kind, message) = notification::render(sns.subject.as_deref(), &sns.message);
            invocation.log.code = Some(kind);
            match self.webhook.post(message.into_json(), &invocation.deadline).await {
                Ok(()) => posted += 1,
                // One error stands for the event. `Unavailable` is kept: Lambda's retry may succeed.
                Err(_) if matches!(failure, Some(AdapterError::Unavailable(_))) => {}
                Err(error) => failure = Some(error),
            }
        }
        invocation.log.published = Some(posted);
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(serde_json::json!({ "posted": posted }).to_string()),
        }
    }
}

impl Function for NotifySlack<SlackWebhook> {
    const NAME: &'static str = "notify-slack";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::from_environment(environment, Service::SecretsManager);
        let secret_id = environment.required("SLACK_WEBHOOK_SECRET");
        let (account, secret_id) = environment.finish((account, secret_id))?;
        let url = secrets::read(&account, &secret_id).await?;
        Ok(Self::new(SlackWebhook::new(url.reveal())?))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.post_all(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
