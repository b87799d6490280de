//! What delivery needs of AWS, as traits: a bucket, aliases, canaries, a topic, queues.
//!
//! `aws` is the real thing, at any endpoint; `memory` fails on demand, for tests. The traits say what is needed and not how
//! AWS names it; whatever must hold of AWS's own behaviour is shown on the local cloud. Callers are the commands.

pub(crate) mod aws;
#[cfg(test)]
pub(crate) mod memory;

use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// A call that did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// Somebody else has changed it since it was read.
    #[error("{0}: somebody else has changed it in the meantime")]
    Changed(String),
    /// It is not there.
    #[error("{0}: it is not there")]
    Missing(String),
    /// Everything else, after the SDK's repetitions.
    #[error("{0}")]
    Failed(String),
}

/// An object with the tag by which a later write says what it replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Its entity tag.
    pub(crate) tag: String,
}

/// Whether an object was new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// It was, and is there now with this tag.
    New(String),
    /// One was there before and was left as it is.
    Existed,
}

/// The artifacts bucket.
pub(crate) trait Bucket {
    /// An object.
    fn read(&self, key: &str) -> impl Future<Output = Result<Option<Stored>, CallError>>;
    /// The SHA-256 in hex of an object's bytes.
    fn sha256(&self, key: &str) -> impl Future<Output = Result<Option<String>, CallError>>;
    /// Writes an object that is not there yet.
    fn create(&self, key: &str, bytes: Vec<u8>) -> impl Future<Output = Result<Created, CallError>>;
    /// Writes an object in the place of the one with this tag, and hands back the new tag; `Changed` when it is another.
    fn replace(&self, key: &str, bytes: Vec<u8>, tag: &str) -> impl Future<Output = Result<String, CallError>>;
    /// The keys under a prefix, sorted.
    fn keys(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, CallError>>;
}

/// Where an alias lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The function's name in Lambda.
    pub(crate) function_name: String,
    /// The alias's name.
    pub(crate) alias_name: String,
}

/// An alias as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alias {
    /// The version that it points to.
    pub(crate) version: String,
    /// The mark by which a later update says what it has read.
    pub(crate) revision: String,
    /// Whether a part of the calls goes to another version.
    pub(crate) is_split: bool,
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Whether it failed.
    pub(crate) failed: bool,
    /// Its answer, or its error.
    pub(crate) text: String,
}

/// Functions' versions and aliases.
pub(crate) trait Functions {
    /// An alias.
    fn alias(&self, place: &Place) -> impl Future<Output = Result<Alias, CallError>>;
    /// Points an alias wholly to a version; `Changed` when its revision is another than the one that was read.
    fn point(&self, place: &Place, version: &str, revision: &str) -> impl Future<Output = Result<Alias, CallError>>;
    /// The SHA-256 in base64 of a version's zip, none when there is no such version.
    fn code(&self, function_name: &str, version: &str) -> impl Future<Output = Result<Option<String>, CallError>>;
    /// Calls a version or an alias and waits for its answer.
    fn invoke(
        &self,
        function_name: &str,
        qualifier: &str,
        event: &str,
    ) -> impl Future<Output = Result<Answer, CallError>>;
}

/// What CodeDeploy calls the deployments of one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// The application.
    pub(crate) application: String,
    /// The deployment group, which names the canary's share, its time and its alarms.
    pub(crate) group: String,
}

/// How far a canary has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Canary {
    /// It goes on, in CodeDeploy's own word.
    Running(String),
    /// All calls reach the new version.
    Succeeded,
    /// It has ended otherwise, and why.
    Failed(String),
}

/// Canary deployments.
pub(crate) trait Canaries {
    /// Starts one and hands back its id.
    fn start(
        &self,
        group: &Group,
        place: &Place,
        from: &str,
        to: &str,
    ) -> impl Future<Output = Result<String, CallError>>;
    /// How far one has come.
    fn look(&self, id: &str) -> impl Future<Output = Result<Canary, CallError>>;
    /// Asks one to stop and to go back.
    fn stop(&self, id: &str) -> impl Future<Output = Result<(), CallError>>;
    /// Those of a group that go on.
    fn running(&self, group: &Group) -> impl Future<Output = Result<Vec<String>, CallError>>;
}

/// A topic of notices, which reach Slack.
pub(crate) trait Topic {
    /// Publishes a text.
    fn publish(&self, topic_arn: &str, subject: &str, text: &str) -> impl Future<Output = Result<(), CallError>>;
}

/// A message of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its id, the same each time that it is received.
    pub(crate) id: String,
    /// Its text.
    pub(crate) body: String,
    /// What deletes it.
    pub(crate) receipt: String,
}

/// Queues of what could not be delivered.
pub(crate) trait Queues {
    /// How many messages wait.
    fn count(&self, queue_url: &str) -> impl Future<Output = Result<u64, CallError>>;
    /// Takes a few messages for a while.
    fn receive(&self, queue_url: &str) -> impl Future<Output = Result<Vec<Message>, CallError>>;
    /// Forgets one.
    fn delete(&self, queue_url: &str, receipt: &str) -> impl Future<Output = Result<(), CallError>>;
}

/// All of it, and the time.
pub(crate) trait Cloud: Bucket + Functions + Canaries + Topic + Queues {
    /// Now.
    fn now(&self) -> Moment;
}
