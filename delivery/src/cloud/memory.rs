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
    /// The quota of a new account; otherwise 1,000.
    pub(crate) concurrency_quota: Cell<Option<i32>>,
    pub(crate) pending_orders: RefCell<Vec<Value>>,
    pub(crate) open_slots: RefCell<Vec<String>>,
    /// Every change and every invocation, in order.
    pub(crate) log: RefCell<Vec<String>>,
    started: RefCell<BTreeMap<String, StartedCanary>>,
    after_read: RefCell<BTreeMap<String, Vec<u8>>>,
    faults: RefCell<Vec<(String, CallError)>>,
    lost_responses: RefCell<Vec<(String, CallError)>>,
    loss: Cell<Option<(u32, Loss)>>,
    count: Cell<u32>,
    elapsed: Cell<Duration>,
}

/// How the network loses a part of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The request: the call has no effect and returns an error.
    Request,
    /// The response: the call takes effect and returns an error.
    Response,
    /// The response, after which the SDK repeats the call and returns the response of the repetition.
    FirstResponse,
}

impl Loss {
    pub(crate) const ALL: [Self; 3] = [Self::Request, Self::Response, Self::FirstResponse];
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

    /// Loses a part of one call, after a number of other calls.
    pub(crate) fn lose(&self, after: u32, loss: Loss) {
        self.loss.set(Some((after, loss)));
    }

    /// Whether the call of [`Self::lose`] is still to come; it will not be lost any more.
    pub(crate) fn cancel_loss(&self) -> bool {
        self.loss.take().is_some()
    }

    /// Every call goes through here.
    fn call<T>(&self, mut effect: impl FnMut() -> Result<T, CallError>) -> Result<T, CallError> {
        let lost = || CallError::Failed("the connection broke".to_owned());
        match self.loss.take() {
            Some((0, Loss::Request)) => Err(lost()),
            Some((0, Loss::Response)) => effect().and(Err(lost())),
            Some((0, Loss::FirstResponse)) => effect().and_then(|_| effect()),
            Some((after, loss)) => {
                self.loss.set(Some((after - 1, loss)));
                effect()
            }
            None => effect(),
        }
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
        if !self.aliases.borrow().contains_key(alias) {
            self.set_alias(alias, version, None);
        }
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

    fn set_alias(&self, alias: &AliasTarget, version: &str, second: Option<&str>) -> AliasState {
        let second_version = second.map(str::to_owned);
        let state = AliasState { version: version.to_owned(), revision: self.next_id("revision"), second_version };
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

impl Memory {
    fn read_alias(&self, alias: &AliasTarget) -> Result<AliasState, CallError> {
        self.aliases.borrow().get(alias).cloned().ok_or_else(|| CallError::Missing(alias.function_name.clone()))
    }

    /// Publishes what is unpublished, if anything, and returns the newest version.
    fn publish_newest(&self, function_name: &str) -> PublishedVersion {
        let mut versions = self.versions.borrow_mut();
        let of_function = versions.iter().filter(|((name, _), _)| name == function_name);
        let numbered = of_function.map(|((_, version), code)| (version.parse::<u32>().unwrap(), code.clone()));
        let (mut version, mut code_sha256) = numbered.max().unwrap();
        if let Some(code) = self.unpublished.borrow_mut().remove(function_name) {
            (version, code_sha256) = (version + 1, code);
            versions.insert((function_name.to_owned(), version.to_string()), code_sha256.clone());
        }
        PublishedVersion { version: version.to_string(), code_sha256 }
    }

    /// The ids of all running canaries, of one group or of all.
    pub(crate) fn running(&self, group: Option<&DeploymentGroup>) -> Vec<String> {
        let canaries = self.started.borrow();
        let is_running = |canary: &StartedCanary| matches!(canary.states.first(), Some(CanaryState::Running(_)));
        let is_of_group = |canary: &StartedCanary| group.is_none_or(|group| canary.group == *group);
        let found = canaries.iter().filter(|(_, canary)| is_of_group(canary) && is_running(canary));
        found.map(|(id, _)| id.clone()).collect()
    }

    fn start(&self, canary: StartedCanary) -> Result<String, CallError> {
        let StartedCanary { group, alias, from, to, .. } = &canary;
        let line = format!("canary {} from {from} to {to}", alias.function_name);
        // CodeDeploy runs one deployment of a group at a time.
        if let Some(id) = self.running(Some(group)).first() {
            return Err(CallError::Failed(format!("DeploymentLimitExceededException: {id} is active")));
        }
        self.record(line.clone())?;
        let succeeds = || vec![CanaryState::Running("inprogress".to_owned()), CanaryState::Succeeded];
        let states = self.canaries.borrow_mut().remove(&alias.function_name).unwrap_or_else(succeeds);
        self.set_alias(alias, from, Some(to));
        let id = self.next_id("d");
        let canary = StartedCanary { states, ..canary };
        self.end_canary(&canary);
        self.started.borrow_mut().insert(id.clone(), canary);
        take_error(&self.lost_responses, &line)?;
        Ok(id)
    }

    /// The state of a canary, which moves on with each poll.
    fn poll_canary(&self, id: &str) -> Result<CanaryState, CallError> {
        let mut started = self.started.borrow_mut();
        let canary = started.get_mut(id).ok_or_else(|| CallError::Missing(id.to_owned()))?;
        let now = canary.states[0].clone();
        if canary.states.len() > 1 {
            canary.states.remove(0);
            self.end_canary(canary);
        }
        Ok(now)
    }

    /// Shifts or restores the alias of a canary that is at its end.
    fn end_canary(&self, canary: &StartedCanary) {
        let version = match &canary.states[0] {
            CanaryState::Running(_) => return,
            CanaryState::Succeeded => &canary.to,
            CanaryState::Failed(_) => &canary.from,
        };
        self.set_alias(&canary.alias, version, None);
    }
}

impl Bucket for Memory {
    async fn get(&self, key: &str) -> Result<Option<Object>, CallError> {
        self.call(|| {
            let object = self.objects.borrow().get(key).cloned();
            if let Some(bytes) = self.after_read.borrow_mut().remove(key) {
                self.put(key, &bytes);
            }
            Ok(object)
        })
    }

    async fn sha256(&self, key: &str) -> Result<Option<Sha256>, CallError> {
        self.call(|| Ok(self.objects.borrow().get(key).map(|object| Sha256::of(&object.bytes))))
    }

    async fn create(&self, key: &str, bytes: Vec<u8>) -> Result<PutOutcome, CallError> {
        self.call(|| {
            if self.objects.borrow().contains_key(key) {
                return Ok(PutOutcome::AlreadyExists);
            }
            self.record(format!("create {key}"))?;
            self.put(key, &bytes);
            Ok(PutOutcome::Created(self.objects.borrow()[key].etag.clone()))
        })
    }

    async fn replace(&self, key: &str, bytes: Vec<u8>, etag: &str) -> Result<String, CallError> {
        self.call(|| {
            if self.objects.borrow().get(key).is_none_or(|object| object.etag != etag) {
                return Err(CallError::Changed(key.to_owned()));
            }
            self.record(format!("replace {key}"))?;
            self.put(key, &bytes);
            Ok(self.objects.borrow()[key].etag.clone())
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        self.call(|| Ok(self.objects.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect()))
    }
}

impl Consoles for Memory {
    async fn console_file(&self, bucket: &str, path: &str) -> Result<Option<Object>, CallError> {
        self.call(|| {
            let files = self.console_files.borrow();
            Ok(files.get(&(bucket.to_owned(), path.to_owned())).map(|(object, _)| object.clone()))
        })
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
        self.call(|| {
            let key = (bucket.to_owned(), path.to_owned());
            let mut files = self.console_files.borrow_mut();
            if files.get(&key).map(|(object, _)| object.etag.as_str()) != before {
                return Err(CallError::Changed(path.to_owned()));
            }
            files.insert(key, (Object { bytes: bytes.clone(), etag: self.next_id("etag") }, headers));
            Ok(())
        })?;
        take_error(&self.lost_responses, &line)
    }
}

impl Functions for Memory {
    async fn alias(&self, alias: &AliasTarget) -> Result<AliasState, CallError> {
        self.call(|| self.read_alias(alias))
    }

    async fn update_alias(&self, alias: &AliasTarget, version: &str, revision: &str) -> Result<AliasState, CallError> {
        self.call(|| {
            let line = format!("point {} to {version}", alias.function_name);
            self.record(line.clone())?;
            if self.read_alias(alias)?.revision != revision {
                return Err(CallError::Changed(alias.function_name.clone()));
            }
            let state = self.set_alias(alias, version, None);
            take_error(&self.lost_responses, &line)?;
            Ok(state)
        })
    }

    async fn code_sha256(&self, function_name: &str, version: &str) -> Result<Option<String>, CallError> {
        self.call(|| Ok(self.versions.borrow().get(&(function_name.to_owned(), version.to_owned())).cloned()))
    }

    async fn concurrency_quota(&self) -> Result<i32, CallError> {
        self.call(|| Ok(self.concurrency_quota.get().unwrap_or(1000)))
    }

    async fn publish_version(&self, function_name: &str) -> Result<PublishedVersion, CallError> {
        self.call(|| Ok(self.publish_newest(function_name)))
    }

    async fn invoke(&self, function_name: &str, qualifier: &str, event: &str) -> Result<HandlerOutput, CallError> {
        self.call(|| {
            self.record(format!("invoke {function_name}:{qualifier} {event}"))?;
            let output = self.outputs.borrow().get(&(function_name.to_owned(), qualifier.to_owned())).cloned();
            let function = function_name.trim_start_matches("gridbid-dev-");
            let probe = || format!(r#"{{"probe":"gridbid","function":"{function}","version":"1"}}"#);
            Ok(output.unwrap_or_else(|| HandlerOutput { is_error: false, text: probe() }))
        })
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
        let (group, alias) = (group.clone(), alias.clone());
        let canary = StartedCanary { group, alias, from: from.to_owned(), to: to.to_owned(), states: Vec::new() };
        self.call(|| self.start(canary.clone()))
    }

    async fn canary_state(&self, id: &str) -> Result<CanaryState, CallError> {
        self.call(|| self.poll_canary(id))
    }

    async fn stop_canary(&self, id: &str) -> Result<(), CallError> {
        self.call(|| {
            let function = self.started.borrow().get(id).map(|canary| canary.alias.function_name.clone());
            self.record(format!("stop canary {}", function.unwrap_or_default()))?;
            if let Some(canary) = self.started.borrow_mut().get_mut(id)
                && matches!(canary.states[0], CanaryState::Running(_))
            {
                let stopping = CanaryState::Running("stopping".to_owned());
                canary.states = vec![stopping, CanaryState::Failed("stopped".to_owned())];
            }
            Ok(())
        })
    }

    async fn running_canaries(&self, group: &DeploymentGroup) -> Result<Vec<String>, CallError> {
        self.call(|| Ok(self.running(Some(group))))
    }
}

impl Topic for Memory {
    async fn publish(&self, _: &str, subject: &str, text: &str) -> Result<(), CallError> {
        self.call(|| self.record(format!("publish {subject}: {text}")))
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
