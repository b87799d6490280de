//! AWS in memory, which fails on demand. It shows what the commands do; the system tests show how AWS behaves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use gridbid_release_format::{Sha256, Timestamp};
use serde_json::Value;

use crate::cloud::call_error::CallError;
use crate::cloud::services::{
    AliasState, AliasTarget, Bucket, Canaries, CanaryState, Cloud, ConsoleHeaders, Consoles, DeploymentGroup,
    Functions, HandlerOutput, Message, MessageCount, Object, PendingOrders, PublishedVersion, PutOutcome, Queues, Runs,
    Topic,
};

/// The cloud.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) objects: RefCell<BTreeMap<String, Object>>,
    /// The files of consoles by bucket and path, with their headers.
    pub(crate) console_files: RefCell<BTreeMap<(String, String), (Object, ConsoleHeaders)>>,
    pub(crate) aliases: RefCell<BTreeMap<AliasTarget, AliasState>>,
    /// The zips' digests by function and version.
    pub(crate) versions: RefCell<BTreeMap<(String, String), String>>,
    /// The zips' digests of functions with a change that is not published yet.
    pub(crate) unpublished: RefCell<BTreeMap<String, String>>,
    /// What a function returns, by function and qualifier; otherwise a correct result of the probe.
    pub(crate) outputs: RefCell<BTreeMap<(String, String), HandlerOutput>>,
    /// The states that a function's canary runs through; otherwise it succeeds at the second poll.
    pub(crate) canaries: RefCell<BTreeMap<String, Vec<CanaryState>>>,
    pub(crate) messages: RefCell<BTreeMap<String, Vec<Message>>>,
    /// The number of hidden messages in every queue.
    pub(crate) hidden_messages: Cell<u64>,
    pub(crate) pending_orders: RefCell<Vec<Value>>,
    pub(crate) open_slots: RefCell<Vec<String>>,
    /// Every change and every invocation, in order.
    pub(crate) log: RefCell<Vec<String>>,
    started: RefCell<BTreeMap<String, StartedCanary>>,
    after_read: RefCell<BTreeMap<String, Vec<u8>>>,
    faults: RefCell<Vec<(String, CallError)>>,
    lost_responses: RefCell<Vec<(String, CallError)>>,
    count: Cell<u32>,
    elapsed: Cell<Duration>,
}

#[derive(Clone, Debug)]
struct StartedCanary {
    group: DeploymentGroup,
    alias: AliasTarget,
    from: String,
    to: String,
    states: Vec<CanaryState>,
}

impl Memory {
    /// Fails the next call whose log line contains a text.
    pub(crate) fn fail(&self, line: &str, error: CallError) {
        self.faults.borrow_mut().push((line.to_owned(), error));
    }

    /// Lets the next call whose log line contains a text take effect and return an error.
    pub(crate) fn lose_response(&self, line: &str, error: CallError) {
        self.lost_responses.borrow_mut().push((line.to_owned(), error));
    }

    /// Advances the clock.
    pub(crate) fn advance(&self, time: Duration) {
        self.elapsed.set(self.elapsed.get() + time);
    }

    /// Writes an object without a condition.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        let etag = self.next_id("etag");
        self.objects.borrow_mut().insert(key.to_owned(), Object { bytes: bytes.to_vec(), etag });
    }

    /// Writes an object right after its next read, as a concurrent client would.
    pub(crate) fn put_after_read(&self, key: &str, bytes: &[u8]) {
        self.after_read.borrow_mut().insert(key.to_owned(), bytes.to_vec());
    }

    /// Publishes a version of a function, and creates its alias with the first.
    pub(crate) fn publish(&self, alias: &AliasTarget, version: &str, code: &str) {
        self.versions.borrow_mut().insert((alias.function_name.clone(), version.to_owned()), code.to_owned());
        let state = || AliasState { version: version.to_owned(), revision: self.next_id("revision"), is_split: false };
        self.aliases.borrow_mut().entry(alias.clone()).or_insert_with(state);
    }

    /// The log lines that contain a text.
    pub(crate) fn logged(&self, text: &str) -> Vec<String> {
        self.log.borrow().iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// The version of every alias, by function.
    pub(crate) fn live_versions(&self) -> BTreeMap<String, String> {
        let aliases = self.aliases.borrow();
        aliases.iter().map(|(alias, state)| (alias.function_name.clone(), state.version.clone())).collect()
    }

    fn next_id(&self, what: &str) -> String {
        self.count.set(self.count.get() + 1);
        format!("{what}-{}", self.count.get())
    }

    fn record(&self, line: String) -> Result<(), CallError> {
        take_error(&self.faults, &line)?;
        self.log.borrow_mut().push(line);
        Ok(())
    }

    fn set_alias(&self, alias: &AliasTarget, version: &str, is_split: bool) -> AliasState {
        let state = AliasState { version: version.to_owned(), revision: self.next_id("revision"), is_split };
        self.aliases.borrow_mut().insert(alias.clone(), state.clone());
        state
    }
}

/// Removes and returns the error of a line, if there is one.
fn take_error(errors: &RefCell<Vec<(String, CallError)>>, line: &str) -> Result<(), CallError> {
    let mut errors = errors.borrow_mut();
    match errors.iter().position(|(text, _)| line.contains(text)) {
        Some(index) => Err(errors.remove(index).1),
        None => Ok(()),
    }
}

impl Bucket for Memory {
    async fn get(&self, key: &str) -> Result<Option<Object>, CallError> {
        let object = self.objects.borrow().get(key).cloned();
        if let Some(bytes) = self.after_read.borrow_mut().remove(key) {
            self.put(key, &bytes);
        }
        Ok(object)
    }

    async fn sha256(&self, key: &str) -> Result<Option<Sha256>, CallError> {
        Ok(self.objects.borrow().get(key).map(|object| Sha256::of(&object.bytes)))
    }

    async fn create(&self, key: &str, bytes: Vec<u8>) -> Result<PutOutcome, CallError> {
        if self.objects.borrow().contains_key(key) {
            return Ok(PutOutcome::AlreadyExists);
        }
        self.record(format!("create {key}"))?;
        self.put(key, &bytes);
        Ok(PutOutcome::Created(self.objects.borrow()[key].etag.clone()))
    }

    async fn replace(&self, key: &str, bytes: Vec<u8>, etag: &str) -> Result<String, CallError> {
        if self.objects.borrow().get(key).is_none_or(|object| object.etag != etag) {
            return Err(CallError::Changed(key.to_owned()));
        }
        self.record(format!("replace {key}"))?;
        self.put(key, &bytes);
        Ok(self.objects.borrow()[key].etag.clone())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        Ok(self.objects.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

impl Consoles for Memory {
    async fn console_file(&self, bucket: &str, path: &str) -> Result<Option<Object>, CallError> {
        let files = self.console_files.borrow();
        Ok(files.get(&(bucket.to_owned(), path.to_owned())).map(|(object, _)| object.clone()))
    }

    async fn console_sha256(&self, bucket: &str, path: &str) -> Result<Option<Sha256>, CallError> {
        Ok(self.console_file(bucket, path).await?.map(|object| Sha256::of(&object.bytes)))
    }

    async fn write_console_file(
        &self,
        bucket: &str,
        path: &str,
        bytes: Vec<u8>,
        headers: ConsoleHeaders,
        before: Option<&str>,
    ) -> Result<(), CallError> {
        let line = format!("write {bucket}/{path}");
        self.record(line.clone())?;
        if self.console_file(bucket, path).await?.map(|object| object.etag).as_deref() != before {
            return Err(CallError::Changed(path.to_owned()));
        }
        let object = Object { bytes, etag: self.next_id("etag") };
        self.console_files.borrow_mut().insert((bucket.to_owned(), path.to_owned()), (object, headers));
        take_error(&self.lost_responses, &line)
    }
}

impl Functions for Memory {
    async fn alias(&self, alias: &AliasTarget) -> Result<AliasState, CallError> {
        self.aliases.borrow().get(alias).cloned().ok_or_else(|| CallError::Missing(alias.function_name.clone()))
    }

    async fn update_alias(&self, alias: &AliasTarget, version: &str, revision: &str) -> Result<AliasState, CallError> {
        let line = format!("point {} to {version}", alias.function_name);
        self.record(line.clone())?;
        if self.alias(alias).await?.revision != revision {
            return Err(CallError::Changed(alias.function_name.clone()));
        }
        let state = self.set_alias(alias, version, false);
        take_error(&self.lost_responses, &line)?;
        Ok(state)
    }

    async fn code_sha256(&self, function_name: &str, version: &str) -> Result<Option<String>, CallError> {
        Ok(self.versions.borrow().get(&(function_name.to_owned(), version.to_owned())).cloned())
    }

    async fn publish_version(&self, function_name: &str) -> Result<PublishedVersion, CallError> {
        let mut versions = self.versions.borrow_mut();
        let newest = |versions: &BTreeMap<(String, String), String>| {
            let of_function = versions.iter().filter(|((name, _), _)| name == function_name);
            let numbered = of_function.map(|((_, version), code)| (version.parse::<u32>().unwrap(), code.clone()));
            numbered.max().unwrap()
        };
        let (mut version, mut code_sha256) = newest(&versions);
        if let Some(code) = self.unpublished.borrow_mut().remove(function_name) {
            (version, code_sha256) = (version + 1, code);
            versions.insert((function_name.to_owned(), version.to_string()), code_sha256.clone());
        }
        Ok(PublishedVersion { version: version.to_string(), code_sha256 })
    }

    async fn invoke(&self, function_name: &str, qualifier: &str, event: &str) -> Result<HandlerOutput, CallError> {
        self.record(format!("invoke {function_name}:{qualifier} {event}"))?;
        let output = self.outputs.borrow().get(&(function_name.to_owned(), qualifier.to_owned())).cloned();
        let function = function_name.trim_start_matches("gridbid-dev-");
        let probe = || format!(r#"{{"probe":"gridbid","function":"{function}","version":"1"}}"#);
        Ok(output.unwrap_or_else(|| HandlerOutput { is_error: false, text: probe() }))
    }
}

impl Canaries for Memory {
    async fn start_canary(
        &self,
        group: &DeploymentGroup,
        alias: &AliasTarget,
        from: &str,
        to: &str,
    ) -> Result<String, CallError> {
        let line = format!("canary {} from {from} to {to}", alias.function_name);
        self.record(line.clone())?;
        let succeeds = || vec![CanaryState::Running("inprogress".to_owned()), CanaryState::Succeeded];
        let states = self.canaries.borrow_mut().remove(&alias.function_name).unwrap_or_else(succeeds);
        self.set_alias(alias, from, true);
        let id = self.next_id("d");
        let (group, alias) = (group.clone(), alias.clone());
        let canary = StartedCanary { group, alias, from: from.to_owned(), to: to.to_owned(), states };
        self.started.borrow_mut().insert(id.clone(), canary);
        take_error(&self.lost_responses, &line)?;
        Ok(id)
    }

    async fn canary_state(&self, id: &str) -> Result<CanaryState, CallError> {
        let canary = self.started.borrow().get(id).cloned().ok_or_else(|| CallError::Missing(id.to_owned()))?;
        let now = canary.states[0].clone();
        if canary.states.len() > 1 {
            self.started.borrow_mut().get_mut(id).unwrap().states.remove(0);
        }
        let points_to_new = self.alias(&canary.alias).await?.version == canary.to;
        match &now {
            CanaryState::Succeeded if !points_to_new => drop(self.set_alias(&canary.alias, &canary.to, false)),
            CanaryState::Failed(_) => drop(self.set_alias(&canary.alias, &canary.from, false)),
            _ => {}
        }
        Ok(now)
    }

    async fn stop_canary(&self, id: &str) -> Result<(), CallError> {
        let function = self.started.borrow().get(id).map(|canary| canary.alias.function_name.clone());
        self.record(format!("stop canary {}", function.unwrap_or_default()))?;
        if let Some(canary) = self.started.borrow_mut().get_mut(id) {
            canary.states = vec![CanaryState::Failed("stopped".to_owned())];
        }
        Ok(())
    }

    async fn running_canaries(&self, group: &DeploymentGroup) -> Result<Vec<String>, CallError> {
        let canaries = self.started.borrow();
        let running = |canary: &StartedCanary| matches!(canary.states.first(), Some(CanaryState::Running(_)));
        let found = canaries.iter().filter(|(_, canary)| canary.group == *group && running(canary));
        Ok(found.map(|(id, _)| id.clone()).collect())
    }
}

impl Topic for Memory {
    async fn publish(&self, _: &str, subject: &str, text: &str) -> Result<(), CallError> {
        self.record(format!("publish {subject}: {text}"))
    }
}

impl Queues for Memory {
    async fn count_messages(&self, queue_url: &str) -> Result<MessageCount, CallError> {
        let waiting = self.messages.borrow().get(queue_url).map_or(0, Vec::len) as u64;
        Ok(MessageCount { waiting, hidden: self.hidden_messages.get() })
    }

    async fn send(&self, queue_url: &str, body: &str) -> Result<(), CallError> {
        self.record(format!("send {queue_url} {body}"))
    }

    async fn receive(&self, queue_url: &str) -> Result<Vec<Message>, CallError> {
        let messages = self.messages.borrow();
        Ok(messages.get(queue_url).into_iter().flatten().take(10).cloned().collect())
    }

    async fn delete(&self, queue_url: &str, receipt: &str) -> Result<(), CallError> {
        self.record(format!("delete {receipt}"))?;
        if let Some(messages) = self.messages.borrow_mut().get_mut(queue_url) {
            messages.retain(|message| message.receipt != receipt);
        }
        Ok(())
    }
}

impl Runs for Memory {
    async fn pending_orders(&self, _: &str, after: Option<&str>) -> Result<PendingOrders, CallError> {
        let start = after.map_or(0, |index| index.parse().unwrap());
        let orders = self.pending_orders.borrow();
        let images: Vec<Value> = orders.iter().skip(start).take(2).cloned().collect();
        let end = start + images.len();
        Ok(PendingOrders { images, next: (end < orders.len()).then(|| end.to_string()) })
    }

    async fn open_slots(&self, _: &str) -> Result<Vec<String>, CallError> {
        Ok(self.open_slots.borrow().clone())
    }

    async fn start_run(&self, state_machine_arn: &str, input: &str) -> Result<String, CallError> {
        self.record(format!("start {state_machine_arn} {input}"))?;
        Ok(self.next_id("run"))
    }
}

impl Cloud for Memory {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(1_800_000_000) + self.elapsed.get())
    }
}
