//! The deployments to an environment: one record for each, in `deployments/<environment>/<time>.json`.
//!
//! A record holds the version of every alias and the addresses of the environment, so the other commands need no
//! Terraform to find them. `deploy` and `rollback` add records; nothing changes or deletes them.

use std::collections::BTreeMap;
use std::time::Duration;

use gridbid_release_format::{Console, EnvironmentName, FunctionName, ReleaseId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cloud::services::{AliasTarget, Bucket, DeploymentGroup, PutOutcome};
use crate::failure::Failure;

/// Number of records that are read, the newest ones. A rollback further back is not possible.
const READ_LIMIT: usize = 50;

/// An alias and the version that a deployment shifted it to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PinnedAlias {
    /// The alias.
    #[serde(flatten)]
    pub(crate) alias: AliasTarget,
    /// The version.
    pub(crate) version: String,
    /// The SHA-256 in base64 of that version's zip, as Lambda reports it.
    pub(crate) code_sha256: String,
    /// The deployment group of a function that is shifted by canaries.
    pub(crate) deployment: Option<DeploymentGroup>,
}

/// The addresses of an environment, from Terraform's outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Addresses {
    /// The HTTP API's id.
    pub(crate) api_id: String,
    /// The HTTP API's URL.
    pub(crate) api_endpoint: String,
    /// The topic of notifications.
    pub(crate) topic_arn: String,
    /// The queue of messages that SNS could not deliver to notify-slack.
    pub(crate) undeliverable_queue_url: String,
    /// The queue of events that notify-slack could not post.
    pub(crate) notify_slack_failed_queue_url: String,
    /// The table of orders; absent in records of older deployments.
    #[serde(default)]
    pub(crate) orders_table: Option<String>,
    /// The table of runs; absent in records of older deployments.
    #[serde(default)]
    pub(crate) runs_table: Option<String>,
    /// The state machine of results runs; absent in records of older deployments.
    #[serde(default)]
    pub(crate) state_machine_arn: Option<String>,
    /// The queue of orders to submit; absent where no auction platform is configured.
    #[serde(default)]
    pub(crate) submission_queue_url: Option<String>,
    /// The dead-letter queue of orders to submit; absent where no auction platform is configured.
    #[serde(default)]
    pub(crate) submission_dead_letter_queue_url: Option<String>,
    /// The bucket of the console's files; absent where there is no console.
    #[serde(default)]
    pub(crate) console_bucket: Option<String>,
    /// The console's URL; absent where there is no console.
    #[serde(default)]
    pub(crate) console_url: Option<String>,
}

/// A deployment or a rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// When it ended; the record's key.
    pub(crate) at: Timestamp,
    /// The release that it brought.
    pub(crate) release: ReleaseId,
    /// The release's commit time.
    pub(crate) committed_at: Timestamp,
    /// Who ran it.
    pub(crate) by: String,
    /// For a rollback: the record that it restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) back_to: Option<Timestamp>,
    /// For a rollback: its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// Every function's alias.
    pub(crate) functions: BTreeMap<FunctionName, PinnedAlias>,
    /// The console that people get; empty where there is none.
    #[serde(default, skip_serializing_if = "Console::is_empty")]
    pub(crate) console: Console,
    /// The environment's addresses.
    #[serde(flatten)]
    pub(crate) addresses: Addresses,
}

/// The newest records of an environment, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    records: Vec<Record>,
}

impl History {
    /// Reads an environment's records.
    ///
    /// # Errors
    /// When a call fails or a record cannot be parsed.
    pub(crate) async fn read(bucket: &impl Bucket, environment: &EnvironmentName) -> Result<Self, Failure> {
        let keys = bucket.list(&folder(environment)).await?;
        let keys: Vec<String> = keys.into_iter().filter(|key| key.ends_with(".json")).collect();
        let mut records: Vec<Record> = Vec::new();
        for key in keys.iter().skip(keys.len().saturating_sub(READ_LIMIT)) {
            let object = bucket.get(key).await?;
            let object =
                object.ok_or_else(|| Failure::new(format!("`{key}` was deleted from the artifacts bucket")))?;
            let record = serde_json::from_slice(&object.bytes);
            records.push(record.map_err(|error| {
                Failure::from_error(format!("`{key}` in the artifacts bucket is not a record"), &error)
            })?);
        }
        Ok(Self { records })
    }

    /// The records, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().rev()
    }

    /// The last record: the versions that the aliases should have.
    pub(crate) fn last(&self) -> Option<&Record> {
        self.records.last()
    }

    /// The deployment before the current one: the target of a rollback that names none. A deployment that was rolled back
    /// is skipped, so two rollbacks go two steps back.
    pub(crate) fn previous(&self) -> Option<&Record> {
        let mut in_force: Vec<&Record> = Vec::new();
        for record in &self.records {
            let restored = record.back_to.and_then(|at| in_force.iter().position(|earlier| earlier.at == at));
            match restored {
                Some(position) => in_force.truncate(position + 1),
                None => in_force.push(record),
            }
        }
        in_force.pop();
        in_force.pop()
    }

    /// The last record of a release.
    pub(crate) fn of_release(&self, release: &ReleaseId) -> Option<&Record> {
        self.newest_first().find(|record| record.release == *release)
    }

    /// Adds a record and returns its key. Its time is moved to a second after the last record's if it is not later.
    ///
    /// # Errors
    /// When a call fails.
    pub(crate) async fn add(
        &mut self,
        bucket: &impl Bucket,
        environment: &EnvironmentName,
        mut record: Record,
    ) -> Result<String, Failure> {
        let second = Duration::from_secs(1);
        if let Some(last) = self.last() {
            record.at = record.at.max(last.at.saturating_add(second));
        }
        loop {
            let key = format!("{}{}.json", folder(environment), record.at.to_basic());
            let json = serde_json::to_vec_pretty(&record)
                .map_err(|error| Failure::from_error("cannot write a record", &error))?;
            match bucket.create(&key, json.clone()).await {
                Ok(PutOutcome::Created(_)) => {}
                // The record may be there because the response to its own write was lost.
                other => match (bucket.get(&key).await, other) {
                    (Ok(Some(object)), _) if object.bytes == json => {}
                    (_, Err(error)) | (Err(error), _) => return Err(error.into()),
                    _ => {
                        record.at = record.at.saturating_add(second);
                        continue;
                    }
                },
            }
            self.records.push(record);
            return Ok(key);
        }
    }
}

/// The folder of an environment's records and its lock.
pub(crate) fn folder(environment: &EnvironmentName) -> String {
    format!("deployments/{environment}/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;
    use crate::testing::{addresses, release_id, timestamp};

    fn record(at: u64, number: u8, back_to: Option<u64>) -> Record {
        Record {
            at: timestamp(at),
            release: release_id(number),
            committed_at: timestamp(u64::from(number)),
            by: "a test".to_owned(),
            back_to: back_to.map(timestamp),
            why: None,
            functions: BTreeMap::new(),
            console: Console::default(),
            addresses: addresses(),
        }
    }

    fn previous(records: &[Record]) -> Option<u64> {
        let history = History { records: records.to_vec() };
        (0..100).find(|at| history.previous().is_some_and(|record| record.at == timestamp(*at)))
    }

    #[test]
    fn previous_deployment_skips_those_that_were_rolled_back() {
        let (one, two, three) = (record(1, 1, None), record(2, 2, None), record(3, 3, None));
        assert_eq!(previous(&[]), None);
        assert_eq!(previous(std::slice::from_ref(&one)), None);
        assert_eq!(previous(&[one.clone(), two.clone(), three.clone()]), Some(2));
        let back = record(4, 2, Some(2));
        assert_eq!(previous(&[one.clone(), two.clone(), three.clone(), back.clone()]), Some(1));
        let fixed = record(5, 5, None);
        assert_eq!(previous(&[one.clone(), two.clone(), three, back, fixed]), Some(2));
        assert_eq!(previous(&[one, two, record(3, 1, Some(1))]), None);
    }

    #[tokio::test]
    async fn records_of_one_second_do_not_collide() {
        let (memory, environment) = (Memory::default(), "dev".parse().unwrap());
        let mut history = History::default();
        let first = history.add(&memory, &environment, record(7, 1, None)).await.unwrap();
        let second = history.add(&memory, &environment, record(7, 2, None)).await.unwrap();
        // A client whose history is older.
        let third = History::default().add(&memory, &environment, record(7, 3, None)).await.unwrap();
        assert!(first < second && second < third, "{first} {second} {third}");
        let read = History::read(&memory, &environment).await.unwrap();
        assert_eq!(
            read.newest_first().map(|record| record.release.clone()).collect::<Vec<_>>(),
            [3, 2, 1].map(release_id)
        );
        assert_eq!(read.of_release(&release_id(2)).unwrap().at, timestamp(8));
    }
}
