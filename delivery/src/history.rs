//! What was deployed to an environment, and what it goes back to: one record a deployment, in
//! `deployments/<environment>/<time>.json`.
//!
//! A record says where each alias was put, and what is called where, so that nothing but the bucket is needed to check, to
//! go back or to send again. Records are only added. Written by `deploy` and `rollback`, read by all other commands.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cloud::{Bucket, Created, Group, Place};
use crate::failure::Failure;
use crate::moment::Moment;
use crate::names::{EnvironmentName, FunctionName, ReleaseId};

/// So many of the newest records are looked at: going further back needs `--to`.
const LOOKED_AT: usize = 50;

/// Where one alias was put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placed {
    /// The alias.
    #[serde(flatten)]
    pub(crate) place: Place,
    /// The version that it points to.
    pub(crate) version: String,
    /// The SHA-256 in base64 of that version's zip, as Lambda tells it.
    pub(crate) code_sha256: String,
    /// CodeDeploy's group, for a function that is shifted by canaries.
    pub(crate) deployment: Option<Group>,
}

/// What is called where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Addresses {
    /// The HTTP API's id.
    pub(crate) api_id: String,
    /// The HTTP API's address.
    pub(crate) api_endpoint: String,
    /// The topic of notices.
    pub(crate) topic_arn: String,
    /// The queue of messages that SNS could not hand to notify-slack.
    pub(crate) undeliverable_queue_url: String,
    /// The queue of events that notify-slack could not post.
    pub(crate) notify_slack_failed_queue_url: String,
}

/// A deployment, or a way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// When it ended; the record's key.
    pub(crate) at: Moment,
    /// The release that the environment has since then.
    pub(crate) release: ReleaseId,
    /// When that was committed.
    pub(crate) committed_at: Moment,
    /// Who did it.
    pub(crate) by: String,
    /// For a way back: the record that it went back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) back_to: Option<Moment>,
    /// For a way back: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// Every function's alias.
    pub(crate) functions: BTreeMap<FunctionName, Placed>,
    /// What is called where.
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
    /// When the bucket does not answer or one cannot be understood.
    pub(crate) async fn read(bucket: &impl Bucket, environment: &EnvironmentName) -> Result<Self, Failure> {
        let keys = bucket.keys(&folder(environment)).await?;
        let keys: Vec<String> = keys.into_iter().filter(|key| key.ends_with(".json")).collect();
        let mut records: Vec<Record> = Vec::new();
        for key in keys.iter().skip(keys.len().saturating_sub(LOOKED_AT)) {
            let Some(stored) = bucket.read(key).await? else { continue };
            let record = serde_json::from_slice(&stored.bytes)
                .map_err(|error| Failure::new(format!("`{key}` in the artifacts bucket is no record: {error}")))?;
            records.push(record);
        }
        Ok(Self { records })
    }

    /// All of them, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().rev()
    }

    /// The last one: where the aliases were put.
    pub(crate) fn last(&self) -> Option<&Record> {
        self.records.last()
    }

    /// What a rollback without a name goes back to: the deployment before the one that is in force. One that was gone
    /// back from is never gone back to, so that two rollbacks go two steps back.
    pub(crate) fn previous(&self) -> Option<&Record> {
        let mut in_force: Vec<&Record> = Vec::new();
        for record in &self.records {
            let restored = record.back_to.and_then(|at| in_force.iter().position(|there| there.at == at));
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

    /// Adds a record, at its time or so many seconds later that it is the newest; hands back its key.
    ///
    /// # Errors
    /// When the bucket does not take it.
    pub(crate) async fn add(
        &mut self,
        bucket: &impl Bucket,
        environment: &EnvironmentName,
        mut record: Record,
    ) -> Result<String, Failure> {
        let second = Duration::from_secs(1);
        if let Some(last) = self.last() {
            record.at = record.at.max(last.at.after(second));
        }
        loop {
            let key = format!("{}{}.json", folder(environment), record.at.basic());
            let json = serde_json::to_vec_pretty(&record)
                .map_err(|error| Failure::new(format!("cannot write a record: {error}")))?;
            match bucket.create(&key, json).await? {
                Created::New(_) => {
                    self.records.push(record);
                    return Ok(key);
                }
                Created::Existed => record.at = record.at.after(second),
            }
        }
    }
}

/// Where an environment's records and its lock lie.
pub(crate) fn folder(environment: &EnvironmentName) -> String {
    format!("deployments/{environment}/")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cloud::memory::Memory;

    pub(crate) fn release(number: u8) -> ReleaseId {
        format!("{number:040x}").parse().unwrap()
    }

    fn record(at: i64, number: u8, back_to: Option<i64>) -> Record {
        Record {
            at: Moment::from_unix_seconds(at),
            release: release(number),
            committed_at: Moment::from_unix_seconds(i64::from(number)),
            by: "a test".to_owned(),
            back_to: back_to.map(Moment::from_unix_seconds),
            why: None,
            functions: BTreeMap::new(),
            addresses: Addresses {
                api_id: String::new(),
                api_endpoint: String::new(),
                topic_arn: String::new(),
                undeliverable_queue_url: String::new(),
                notify_slack_failed_queue_url: String::new(),
            },
        }
    }

    fn previous(records: &[Record]) -> Option<i64> {
        let history = History { records: records.to_vec() };
        (0..100).find(|at| history.previous().is_some_and(|record| record.at == Moment::from_unix_seconds(*at)))
    }

    #[test]
    fn a_rollback_goes_one_step_back_and_never_to_what_was_left() {
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
    async fn two_records_of_one_second_do_not_collide() {
        let (memory, environment) = (Memory::default(), "dev".parse().unwrap());
        let mut history = History::default();
        let first = history.add(&memory, &environment, record(7, 1, None)).await.unwrap();
        let second = history.add(&memory, &environment, record(7, 2, None)).await.unwrap();
        // Somebody whose history is older.
        let third = History::default().add(&memory, &environment, record(7, 3, None)).await.unwrap();
        assert!(first < second && second < third, "{first} {second} {third}");
        let read = History::read(&memory, &environment).await.unwrap();
        assert_eq!(
            read.newest_first().map(|record| record.release.clone()).collect::<Vec<_>>(),
            [3, 2, 1].map(release)
        );
        assert_eq!(read.of_release(&release(2)).unwrap().at, Moment::from_unix_seconds(8));
    }
}
