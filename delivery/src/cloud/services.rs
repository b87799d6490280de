//! The AWS services that delivery uses, as traits. An error of any method ends the command, which then reverts what it
//! shifted; the exceptions are documented.

use std::future::Future;

use gridbid_release_format::{Sha256, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cloud::call_error::CallError;

/// An object in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Its entity tag, for a conditional write.
    pub(crate) etag: String,
}

/// The outcome of a write that must not overwrite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PutOutcome {
    /// The object was written and has this entity tag.
    Created(String),
    /// The key was taken; its object is unchanged.
    AlreadyExists,
}

/// The artifacts bucket.
pub(crate) trait Bucket {
    /// Reads an object; `None` when the key does not exist.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Object>, CallError>>;
    /// The digest of an object's bytes; `None` when the key does not exist.
    fn sha256(&self, key: &str) -> impl Future<Output = Result<Option<Sha256>, CallError>>;
    /// Writes an object unless the key exists.
    fn create(&self, key: &str, bytes: Vec<u8>) -> impl Future<Output = Result<PutOutcome, CallError>>;
    /// Replaces the object with this entity tag and returns the new one; [`CallError::Changed`] when it has another.
    fn replace(&self, key: &str, bytes: Vec<u8>, etag: &str) -> impl Future<Output = Result<String, CallError>>;
    /// Lists the keys with a prefix, sorted.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, CallError>>;
}

/// How CloudFront and browsers treat a file of a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConsoleHeaders {
    /// `Content-Type`.
    pub(crate) content_type: &'static str,
    /// `Cache-Control`.
    pub(crate) cache_control: &'static str,
}

/// The buckets that hold the consoles of environments.
pub(crate) trait Consoles {
    /// Reads a file; `None` when the path does not exist.
    fn console_file(&self, bucket: &str, path: &str) -> impl Future<Output = Result<Option<Object>, CallError>>;
    /// The digest of a file's bytes; `None` when the path does not exist.
    fn console_sha256(&self, bucket: &str, path: &str) -> impl Future<Output = Result<Option<Sha256>, CallError>>;
    /// Writes a file in place of the one with this entity tag, or, without a tag, unless the path exists;
    /// [`CallError::Changed`] otherwise.
    fn write_console_file(
        &self,
        bucket: &str,
        path: &str,
        bytes: Vec<u8>,
        headers: ConsoleHeaders,
        before: Option<&str>,
    ) -> impl Future<Output = Result<(), CallError>>;
}

/// An alias of a function: what callers invoke and deployments shift.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct AliasTarget {
    /// The function's name in Lambda.
    pub(crate) function_name: String,
    /// The alias's name.
    pub(crate) alias_name: String,
}

/// The current state of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AliasState {
    /// The version that it points to.
    pub(crate) version: String,
    /// The revision id, for a conditional update.
    pub(crate) revision: String,
    /// A second version that receives a share of the calls, during a canary.
    pub(crate) second_version: Option<String>,
}

impl AliasState {
    /// Whether all calls go to this version.
    pub(crate) fn is_only(&self, version: &str) -> bool {
        self.version == version && self.second_version.is_none()
    }
}

/// A version of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublishedVersion {
    /// The version's number.
    pub(crate) version: String,
    /// The SHA-256 in base64 of its zip, as Lambda reports it.
    pub(crate) code_sha256: String,
}

/// What an invoked function returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandlerOutput {
    /// Whether the function failed.
    pub(crate) is_error: bool,
    /// The result, or the error.
    pub(crate) text: String,
}

/// Versions and aliases of functions.
pub(crate) trait Functions {
    /// Reads an alias.
    fn alias(&self, alias: &AliasTarget) -> impl Future<Output = Result<AliasState, CallError>>;
    /// Points an alias to one version; [`CallError::Changed`] when its revision is not the given one.
    fn update_alias(
        &self,
        alias: &AliasTarget,
        version: &str,
        revision: &str,
    ) -> impl Future<Output = Result<AliasState, CallError>>;
    /// The SHA-256 in base64 of a version's zip, as Lambda reports it; `None` when the version does not exist.
    fn code_sha256(
        &self,
        function_name: &str,
        version: &str,
    ) -> impl Future<Output = Result<Option<String>, CallError>>;
    /// The account's quota of concurrent executions in this region.
    fn concurrency_quota(&self) -> impl Future<Output = Result<i32, CallError>>;
    /// Publishes a function's code and configuration as a version, or returns its newest version when neither has changed
    /// since that was published.
    fn publish_version(&self, function_name: &str) -> impl Future<Output = Result<PublishedVersion, CallError>>;
    /// Invokes a version or an alias and waits for the result.
    fn invoke(
        &self,
        function_name: &str,
        qualifier: &str,
        event: &str,
    ) -> impl Future<Output = Result<HandlerOutput, CallError>>;
}

/// A CodeDeploy deployment group: it defines a canary's share, duration and alarms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeploymentGroup {
    /// The application.
    pub(crate) application: String,
    /// The group's name.
    pub(crate) group: String,
}

/// The state of a canary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CanaryState {
    /// It is running, with CodeDeploy's status.
    Running(String),
    /// The new version receives all calls.
    Succeeded,
    /// It failed or was stopped, and why.
    Failed(String),
}

/// Canary deployments.
pub(crate) trait Canaries {
    /// Starts a canary and returns its id.
    fn start_canary(
        &self,
        group: &DeploymentGroup,
        alias: &AliasTarget,
        from: &str,
        to: &str,
    ) -> impl Future<Output = Result<String, CallError>>;
    /// The state of a canary.
    fn canary_state(&self, id: &str) -> impl Future<Output = Result<CanaryState, CallError>>;
    /// Requests a canary to stop and to restore the alias; does nothing when it has ended.
    fn stop_canary(&self, id: &str) -> impl Future<Output = Result<(), CallError>>;
    /// The ids of a group's running canaries.
    fn running_canaries(&self, group: &DeploymentGroup) -> impl Future<Output = Result<Vec<String>, CallError>>;
}

/// The topic whose notifications reach Slack.
pub(crate) trait Topic {
    /// Publishes a notification. A failed deployment reports an error here and keeps its own failure.
    fn publish(&self, topic_arn: &str, subject: &str, text: &str) -> impl Future<Output = Result<(), CallError>>;
}

/// A message of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its id, the same each time that it is received.
    pub(crate) id: String,
    /// Its body.
    pub(crate) body: String,
    /// The receipt handle that deletes it.
    pub(crate) receipt: String,
}

/// The approximate number of messages in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MessageCount {
    /// Messages that can be received.
    pub(crate) waiting: u64,
    /// Messages that were received and not deleted, or are delayed.
    pub(crate) hidden: u64,
}

impl MessageCount {
    /// All messages.
    pub(crate) fn total(self) -> u64 {
        self.waiting.saturating_add(self.hidden)
    }
}

/// The queues of orders to submit, and of what could not be delivered.
pub(crate) trait Queues {
    /// Counts the messages of a queue.
    fn count_messages(&self, queue_url: &str) -> impl Future<Output = Result<MessageCount, CallError>>;
    /// Sends a message.
    fn send(&self, queue_url: &str, body: &str) -> impl Future<Output = Result<(), CallError>>;
    /// Receives a few messages and hides them from other receivers for a while.
    fn receive(&self, queue_url: &str) -> impl Future<Output = Result<Vec<Message>, CallError>>;
    /// Deletes a message.
    fn delete(&self, queue_url: &str, receipt: &str) -> impl Future<Output = Result<(), CallError>>;
}

/// A page of orders that are not submitted yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PendingOrders {
    /// The items in DynamoDB's typed JSON, as in a record of the table's stream.
    pub(crate) images: Vec<Value>,
    /// Where the next page starts; `None` after the last one.
    pub(crate) next: Option<String>,
}

/// The tables, and the state machine.
pub(crate) trait Runs {
    /// Reads a page of the orders with `submission_status = "pending"`, after a `record_id`.
    fn pending_orders(
        &self,
        orders_table: &str,
        after: Option<&str>,
    ) -> impl Future<Output = Result<PendingOrders, CallError>>;
    /// The slots that are not done, ascending: running ones and those whose run has failed.
    fn open_slots(&self, runs_table: &str) -> impl Future<Output = Result<Vec<String>, CallError>>;
    /// Starts an execution of the state machine and returns its ARN.
    fn start_run(&self, state_machine_arn: &str, input: &str) -> impl Future<Output = Result<String, CallError>>;
}

/// All services, and the clock.
pub(crate) trait Cloud: Bucket + Consoles + Functions + Canaries + Topic + Queues + Runs {
    /// The current time.
    fn now(&self) -> Timestamp;
}
