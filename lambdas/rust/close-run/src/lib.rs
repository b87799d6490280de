//! Closes a run: stores its summary, and publishes it if any order was rejected or failed.
//!
//! Core computes the summary, which is the same for the same outcomes, so that closing a run again writes the same bytes.
//! The message may then be published twice; it contains the run's id.

mod event;

use gridbid_adapters::{
    Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    archive::ResultArchive,
    environment::Environment,
    notifier::Notifier,
    s3::S3Archive,
    sns::SnsNotifier,
};
use gridbid_core::{name::summary_key, summary::summarize};
use serde::Serialize;

use crate::event::Event;

/// The function, generic over archive and notifier.
#[derive(Debug)]
pub struct CloseRun<A, N> {
    archive: A,
    notifier: N,
    environment: String,
}

#[derive(Serialize)]
struct HandlerOutput<'a> {
    accepted: usize,
    rejected: usize,
    failed: usize,
    total_power: &'a str,
}

impl<A: ResultArchive, N: Notifier> CloseRun<A, N> {
    /// Creates the function over this archive and notifier; messages contain the name of the environment.
    pub fn new(archive: A, notifier: N, environment: String) -> Self {
        Self { archive, notifier, environment }
    }

    /// Returns the archive.
    pub fn archive(&self) -> &A {
        &self.archive
    }

    /// Returns the notifier.
    pub fn notifier(&self) -> &N {
        &self.notifier
    }

    /// Stores the summary, then publishes it: a published summary can always be read.
    ///
    /// # Errors
    /// `Unavailable` if the archive or the topic is, `ContractBroken` for a malformed event, and an archive or a topic
    /// that refuses.
    pub async fn close(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let event = Event::parse(event, invocation)?;
        let summary = summarize(event.slot, &event.run, event.polls, &event.outcomes);
        let (accepted, rejected, failed) = (summary.accepted, summary.rejected(), summary.failed());
        invocation.log.accepted = Some(accepted);
        invocation.log.rejected = Some(rejected);
        invocation.log.failed = Some(failed);
        self.archive.put(&summary_key(&event.slot), &summary.file_json(), &invocation.deadline).await?;
        if !summary.is_quiet() {
            self.notifier.publish(&summary.message_json(&self.environment), &invocation.deadline).await?;
            invocation.log.published = Some(1);
        }
        let output = HandlerOutput { accepted, rejected, failed, total_power: &summary.total_power };
        serde_json::to_string(&output).map_err(HandlerError::contract_broken)
    }
}

impl Function for CloseRun<S3Archive, SnsNotifier> {
    const NAME: &'static str = "close-run";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let (s3, sns) =
            (Account::from_environment(environment, Service::S3), Account::from_environment(environment, Service::Sns));
        let bucket = environment.required("RESULTS_BUCKET");
        let topic_arn = environment.required("NOTIFICATIONS_TOPIC_ARN");
        let name = environment.required("GRIDBID_ENVIRONMENT");
        environment.finish(())?;
        Ok(Self::new(S3Archive::new(&s3, bucket), SnsNotifier::new(&sns, topic_arn), name))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.close(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
