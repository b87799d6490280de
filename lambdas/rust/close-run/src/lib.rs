//! Closes a run: files its summary, and tells people if any order was rejected or failed.
//!
//! Called by the state machine with what became of each order. Core makes the summary, the same from the same outcomes,
//! so that closing a run again writes the same file; a notice may then be told twice, and carries the run's id.

mod event;

use gridbid_adapters::{
    Call, Function, HandlerError, StartError,
    account::{Account, Service},
    archive::{ResultArchive, S3Archive},
    environment::Environment,
    notices::{Notices, SnsNotices},
};
use gridbid_core::{name::summary_key, summary::summarise};
use serde::Serialize;

use crate::event::Event;

/// The function, over some archive and some topic.
#[derive(Debug)]
pub struct CloseRun<A, N> {
    archive: A,
    notices: N,
    environment: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    accepted: u32,
    rejected: u32,
    failed: u32,
    total_power: &'a str,
}

impl<A: ResultArchive, N: Notices> CloseRun<A, N> {
    /// The function over this archive and this topic; notices name the environment.
    pub fn new(archive: A, notices: N, environment: String) -> Self {
        Self { archive, notices, environment }
    }

    /// The archive.
    pub fn archive(&self) -> &A {
        &self.archive
    }

    /// The topic.
    pub fn notices(&self) -> &N {
        &self.notices
    }

    /// Files the summary first and tells then, so that whoever is told finds it.
    ///
    /// # Errors
    /// `Unavailable` if the archive or the topic is, `ContractBroken` for an event that is not what was agreed, and for an
    /// archive or a topic that refuses.
    pub async fn answer(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        let event = Event::read(event, call)?;
        let summary = summarise(event.slot, &event.run, event.polls, &event.told);
        call.notes.accepted = Some(u64::from(summary.accepted));
        call.notes.rejected = Some(u64::from(summary.rejected));
        call.notes.failed = Some(u64::from(summary.failed));
        self.archive.put(&summary_key(&event.slot), &summary.file_json(), &call.deadline).await?;
        if !summary.is_quiet() {
            self.notices.publish(&summary.message_json(&self.environment), &call.deadline).await?;
            call.notes.posted = Some(1);
        }
        let (accepted, rejected, failed) = (summary.accepted, summary.rejected, summary.failed);
        let answer = Answer { accepted, rejected, failed, total_power: &summary.total_power };
        serde_json::to_string(&answer).map_err(HandlerError::contract_broken)
    }
}

impl Function for CloseRun<S3Archive, SnsNotices> {
    const NAME: &'static str = "close-run";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let (s3, sns) = (Account::read(environment, Service::S3), Account::read(environment, Service::Sns));
        let bucket = environment.required("RESULTS_BUCKET");
        let topic_arn = environment.required("NOTIFICATIONS_TOPIC_ARN");
        let name = environment.required("GRIDBID_ENVIRONMENT");
        environment.finish(())?;
        Ok(Self::new(S3Archive::new(&s3, bucket), SnsNotices::new(&sns, topic_arn), name))
    }

    async fn handle(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        self.answer(event, call).await
    }
}

#[cfg(test)]
mod tests;
