//! Closes a run: stores its summary, and publishes it if any order was rejected or failed.
//!
//! Core computes the summary from the outcomes of orders and the reports of batches. It is the same for the same outcomes, so
//! that closing a run again writes the same bytes.
//! The message may then be published twice; it contains the run's id.

mod event;

use gridbid_adapters::{
    Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    archive::ResultArchive,
    concurrent,
    deadline::Deadline,
    environment::Environment,
    notifier::Notifier,
    s3::S3Archive,
    sns::SnsNotifier,
};
use gridbid_core::{
    name::{report_key, summary_key},
    outcome::BatchReport,
    summary::Summary,
};
use serde::{Deserialize, Serialize};

use crate::event::{BatchCounts, Event, ItemOutcome};

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
    /// `Unavailable` if the archive or the topic is, `ContractBroken` for a malformed event or report, for a later attempt
    /// that is closed already, and an archive or a topic that refuses.
    pub async fn close(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let event = Event::parse(event, invocation)?;
        let summary = self.summarize(&event, &invocation.deadline).await?;
        let (accepted, rejected, failed) = (summary.accepted, summary.rejected, summary.failed);
        invocation.log.accepted = Some(accepted);
        invocation.log.rejected = Some(rejected);
        invocation.log.failed = Some(failed);
        let key = summary_key(&event.slot);
        self.refuse_late_attempt(&key, event.attempt, &invocation.deadline).await?;
        self.archive.put(&key, &summary.file_json(), &invocation.deadline).await?;
        if !summary.is_quiet() {
            self.notifier.publish(&summary.message_json(&self.environment), &invocation.deadline).await?;
            invocation.log.published = Some(1);
        }
        let output = HandlerOutput { accepted, rejected, failed, total_power: &summary.total_power() };
        serde_json::to_string(&output).map_err(HandlerError::contract_broken)
    }

    /// Adds up the outcomes of orders, and the reports of batches.
    async fn summarize(&self, event: &Event, deadline: &Deadline) -> Result<Summary, HandlerError> {
        let mut summary = Summary::new(event.slot, event.attempt, &event.run, event.polls);
        let mut batches = Vec::new();
        for outcome in &event.outcomes {
            match outcome {
                ItemOutcome::Order(order) => summary.add_order(order),
                ItemOutcome::Batch(counts) => batches.push(*counts),
                ItemOutcome::FailedBatch { first, count, error, reason } => {
                    summary.add_failed_batch(*first, *count, error, reason);
                }
            }
        }
        let reports = batches.into_iter().map(|counts| self.read_report(event, counts, deadline));
        concurrent::for_each(reports, |report| {
            summary.add_report(&report).map_err(|_| HandlerError::contract_broken("the report has no valid power"))
        })
        .await?;
        Ok(summary)
    }

    async fn read_report(
        &self,
        event: &Event,
        counts: BatchCounts,
        deadline: &Deadline,
    ) -> Result<BatchReport, HandlerError> {
        let content = self.archive.get(&report_key(&event.slot, event.attempt, counts.n), deadline).await?;
        let content = content.ok_or_else(|| HandlerError::contract_broken("a batch has no report"))?;
        let report = BatchReport::parse(&content).map_err(HandlerError::contract_broken)?;
        let reported = BatchCounts {
            n: report.n,
            accepted: report.accepted,
            rejected: report.rejected(),
            failed: report.failed(),
        };
        if reported == counts {
            Ok(report)
        } else {
            Err(HandlerError::contract_broken("a batch's report has other counts than its outcome"))
        }
    }

    /// A run that lost its lease may close after the slot's next attempt: the summary is the later attempt's.
    async fn refuse_late_attempt(&self, key: &str, attempt: u32, deadline: &Deadline) -> Result<(), HandlerError> {
        #[derive(Deserialize)]
        struct Closed {
            attempt: u32,
        }
        let Some(content) = self.archive.get(key, deadline).await? else { return Ok(()) };
        // A summary without an attempt is older than attempts are.
        match serde_json::from_slice(&content) {
            Ok(Closed { attempt: closed }) if closed > attempt => {
                Err(HandlerError::ContractBroken(format!("attempt {closed} of the slot is closed already")))
            }
            _ => Ok(()),
        }
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
        let retention = environment.retention_days("RESULTS_RETENTION_DAYS");
        environment.finish(())?;
        Ok(Self::new(S3Archive::new(&s3, bucket).retaining(retention), SnsNotifier::new(&sns, topic_arn), name))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.close(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
