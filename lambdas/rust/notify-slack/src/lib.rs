//! Posts what reaches the notifications topic to Slack.
//!
//! Called by SNS, asynchronously: an error makes Lambda send the event again and at last put it into the on-failure queue,
//! so every message is posted at least once or kept. A message is rendered whatever it is: what is not known is shown as
//! it came. Nothing is left out or decided here; that is up to who publishes.

mod message;
mod notice;

use std::borrow::Cow;

use gridbid_adapters::{
    AdapterError, Call, Function, HandlerError, StartError,
    account::{Account, Service},
    environment::Environment,
    secrets,
    webhook::{HttpWebhook, Webhook},
};
use serde::Deserialize;

/// The function, over some webhook.
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
    /// The function over this webhook.
    pub fn new(webhook: W) -> Self {
        Self { webhook }
    }

    /// The webhook.
    pub fn webhook(&self) -> &W {
        &self.webhook
    }

    /// Posts every record of the event; one that cannot be posted does not keep back the others.
    ///
    /// # Errors
    /// `Unavailable` if any of them could not be posted because Slack is away, else `ContractBroken` if any was refused
    /// for good, or for an event that is none of SNS.
    pub async fn answer(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        let event: Event<'_> =
            serde_json::from_str(event).map_err(|_| HandlerError::contract_broken("the event is none of SNS"))?;
        let mut posted = 0;
        let mut failure = None;
        for Record { sns } in &event.records {
            let (kind, message) = notice::render(sns.subject.as_deref(), &sns.message);
            call.notes.code = Some(kind);
            match self.webhook.post(message.into_json(), &call.deadline).await {
                Ok(()) => posted += 1,
                Err(error) if matches!(failure, Some(AdapterError::Unavailable(_))) => drop(error),
                Err(error) => failure = Some(error),
            }
        }
        call.notes.posted = Some(posted);
        match failure {
            Some(error) => Err(error.into()),
            None => Ok(serde_json::json!({ "posted": posted }).to_string()),
        }
    }
}

impl Function for NotifySlack<HttpWebhook> {
    const NAME: &'static str = "notify-slack";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::read(environment, Service::SecretsManager);
        let secret_id = environment.required("SLACK_WEBHOOK_SECRET");
        let (account, secret_id) = environment.finish((account, secret_id))?;
        let address = secrets::read(&account, &secret_id).await?;
        Ok(Self::new(HttpWebhook::new(address.reveal())?))
    }

    async fn handle(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        self.answer(event, call).await
    }
}

#[cfg(test)]
mod tests;
