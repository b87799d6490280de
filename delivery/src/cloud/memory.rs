//! An AWS in memory that fails on demand. For tests; whatever AWS itself decides is shown on the local cloud.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use super::{
    Alias, Answer, Bucket, CallError, Canaries, Canary, Cloud, Created, Functions, Group, Message, Place, Queues,
    Stored, Topic,
};
use crate::manifest::digests;
use crate::moment::Moment;

/// The cloud.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) objects: RefCell<BTreeMap<String, Stored>>,
    pub(crate) aliases: RefCell<BTreeMap<Place, Alias>>,
    /// The zips' SHA-256 by function and version.
    pub(crate) versions: RefCell<BTreeMap<(String, String), String>>,
    /// What a function answers, by function and version or alias; else the probe's answer.
    pub(crate) answers: RefCell<BTreeMap<(String, String), Answer>>,
    /// How a function's canary goes; else it succeeds at the second look.
    pub(crate) canaries: RefCell<BTreeMap<String, Vec<Canary>>>,
    pub(crate) messages: RefCell<BTreeMap<String, Vec<Message>>>,
    /// Every change, in order, and every call of a function.
    pub(crate) log: RefCell<Vec<String>>,
    started: RefCell<BTreeMap<String, Started>>,
    after_read: RefCell<BTreeMap<String, Vec<u8>>>,
    faults: RefCell<Vec<(String, CallError)>>,
    count: Cell<u32>,
    time: Cell<i64>,
}

#[derive(Clone, Debug)]
struct Started {
    group: Group,
    place: Place,
    from: String,
    to: String,
    coming: Vec<Canary>,
}

impl Memory {
    /// Lets the next call whose log line contains a text fail.
    pub(crate) fn fail(&self, line: &str, error: CallError) {
        self.faults.borrow_mut().push((line.to_owned(), error));
    }

    /// Lets time pass.
    pub(crate) fn later(&self, time: Duration) {
        self.time.set(self.time.get() + i64::try_from(time.as_secs()).unwrap());
    }

    /// Puts an object there.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        let tag = self.next("tag");
        self.objects.borrow_mut().insert(key.to_owned(), Stored { bytes: bytes.to_vec(), tag });
    }

    /// Lets somebody else put an object there right after it is read next.
    pub(crate) fn put_after_read(&self, key: &str, bytes: &[u8]) {
        self.after_read.borrow_mut().insert(key.to_owned(), bytes.to_vec());
    }

    /// Publishes a version of a function, with an alias when it is the first.
    pub(crate) fn publish(&self, place: &Place, version: &str, code: &str) {
        self.versions.borrow_mut().insert((place.function_name.clone(), version.to_owned()), code.to_owned());
        let alias = || Alias { version: version.to_owned(), revision: self.next("revision"), is_split: false };
        self.aliases.borrow_mut().entry(place.clone()).or_insert_with(alias);
    }

    /// The lines of the log that contain a text.
    pub(crate) fn logged(&self, text: &str) -> Vec<String> {
        self.log.borrow().iter().filter(|line| line.contains(text)).cloned().collect()
    }

    /// Where all aliases point to, by function.
    pub(crate) fn points(&self) -> BTreeMap<String, String> {
        let aliases = self.aliases.borrow();
        aliases.iter().map(|(place, alias)| (place.function_name.clone(), alias.version.clone())).collect()
    }

    fn next(&self, what: &str) -> String {
        self.count.set(self.count.get() + 1);
        format!("{what}-{}", self.count.get())
    }

    fn did(&self, line: String) -> Result<(), CallError> {
        let mut faults = self.faults.borrow_mut();
        let fault = faults.iter().position(|(text, _)| line.contains(text)).map(|index| faults.remove(index).1);
        match fault {
            Some(error) => Err(error),
            None => {
                self.log.borrow_mut().push(line);
                Ok(())
            }
        }
    }

    fn set(&self, place: &Place, version: &str, is_split: bool) -> Alias {
        let alias = Alias { version: version.to_owned(), revision: self.next("revision"), is_split };
        self.aliases.borrow_mut().insert(place.clone(), alias.clone());
        alias
    }
}

impl Bucket for Memory {
    async fn read(&self, key: &str) -> Result<Option<Stored>, CallError> {
        let there = self.objects.borrow().get(key).cloned();
        if let Some(bytes) = self.after_read.borrow_mut().remove(key) {
            self.put(key, &bytes);
        }
        Ok(there)
    }

    async fn sha256(&self, key: &str) -> Result<Option<String>, CallError> {
        Ok(self.objects.borrow().get(key).map(|stored| digests(&stored.bytes).0))
    }

    async fn create(&self, key: &str, bytes: Vec<u8>) -> Result<Created, CallError> {
        if self.objects.borrow().contains_key(key) {
            return Ok(Created::Existed);
        }
        self.did(format!("create {key}"))?;
        self.put(key, &bytes);
        Ok(Created::New(self.objects.borrow()[key].tag.clone()))
    }

    async fn replace(&self, key: &str, bytes: Vec<u8>, tag: &str) -> Result<String, CallError> {
        if self.objects.borrow().get(key).is_none_or(|stored| stored.tag != tag) {
            return Err(CallError::Changed(key.to_owned()));
        }
        self.did(format!("replace {key}"))?;
        self.put(key, &bytes);
        Ok(self.objects.borrow()[key].tag.clone())
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        Ok(self.objects.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

impl Functions for Memory {
    async fn alias(&self, place: &Place) -> Result<Alias, CallError> {
        self.aliases.borrow().get(place).cloned().ok_or_else(|| CallError::Missing(place.function_name.clone()))
    }

    async fn point(&self, place: &Place, version: &str, revision: &str) -> Result<Alias, CallError> {
        self.did(format!("point {} to {version}", place.function_name))?;
        if self.alias(place).await?.revision != revision {
            return Err(CallError::Changed(place.function_name.clone()));
        }
        Ok(self.set(place, version, false))
    }

    async fn code(&self, function_name: &str, version: &str) -> Result<Option<String>, CallError> {
        Ok(self.versions.borrow().get(&(function_name.to_owned(), version.to_owned())).cloned())
    }

    async fn invoke(&self, function_name: &str, qualifier: &str, event: &str) -> Result<Answer, CallError> {
        self.did(format!("invoke {function_name}:{qualifier} {event}"))?;
        let answer = self.answers.borrow().get(&(function_name.to_owned(), qualifier.to_owned())).cloned();
        let function = function_name.trim_start_matches("gridbid-dev-");
        let probe = || format!(r#"{{"probe":"gridbid","function":"{function}","version":"1"}}"#);
        Ok(answer.unwrap_or_else(|| Answer { failed: false, text: probe() }))
    }
}

impl Canaries for Memory {
    async fn start(&self, group: &Group, place: &Place, from: &str, to: &str) -> Result<String, CallError> {
        self.did(format!("canary {} from {from} to {to}", place.function_name))?;
        let succeeds = || vec![Canary::Running("inprogress".to_owned()), Canary::Succeeded];
        let coming = self.canaries.borrow_mut().remove(&place.function_name).unwrap_or_else(succeeds);
        self.set(place, from, true);
        let id = self.next("d");
        let (group, place) = (group.clone(), place.clone());
        let started = Started { group, place, from: from.to_owned(), to: to.to_owned(), coming };
        self.started.borrow_mut().insert(id.clone(), started);
        Ok(id)
    }

    async fn look(&self, id: &str) -> Result<Canary, CallError> {
        let started = self.started.borrow().get(id).cloned().ok_or_else(|| CallError::Missing(id.to_owned()))?;
        let now = started.coming[0].clone();
        if started.coming.len() > 1 {
            self.started.borrow_mut().get_mut(id).unwrap().coming.remove(0);
        }
        let points_to_new = self.alias(&started.place).await?.version == started.to;
        match &now {
            Canary::Succeeded if !points_to_new => drop(self.set(&started.place, &started.to, false)),
            Canary::Failed(_) => drop(self.set(&started.place, &started.from, false)),
            _ => {}
        }
        Ok(now)
    }

    async fn stop(&self, id: &str) -> Result<(), CallError> {
        let function = self.started.borrow().get(id).map(|started| started.place.function_name.clone());
        self.did(format!("stop canary {}", function.unwrap_or_default()))?;
        if let Some(started) = self.started.borrow_mut().get_mut(id) {
            started.coming = vec![Canary::Failed("stopped".to_owned())];
        }
        Ok(())
    }

    async fn running(&self, group: &Group) -> Result<Vec<String>, CallError> {
        let started = self.started.borrow();
        let running = |started: &Started| matches!(started.coming.first(), Some(Canary::Running(_)));
        Ok(started.iter().filter(|(_, s)| s.group == *group && running(s)).map(|(id, _)| id.clone()).collect())
    }
}

impl Topic for Memory {
    async fn publish(&self, _: &str, subject: &str, text: &str) -> Result<(), CallError> {
        self.did(format!("publish {subject}: {text}"))
    }
}

impl Queues for Memory {
    async fn count(&self, queue_url: &str) -> Result<u64, CallError> {
        Ok(self.messages.borrow().get(queue_url).map_or(0, Vec::len) as u64)
    }

    async fn receive(&self, queue_url: &str) -> Result<Vec<Message>, CallError> {
        let messages = self.messages.borrow();
        Ok(messages.get(queue_url).into_iter().flatten().take(10).cloned().collect())
    }

    async fn delete(&self, queue_url: &str, receipt: &str) -> Result<(), CallError> {
        self.did(format!("delete {receipt}"))?;
        if let Some(messages) = self.messages.borrow_mut().get_mut(queue_url) {
            messages.retain(|message| message.receipt != receipt);
        }
        Ok(())
    }
}

impl Cloud for Memory {
    fn now(&self) -> Moment {
        Moment::from_unix_seconds(1_800_000_000 + self.time.get())
    }
}
