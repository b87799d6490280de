//! Polls the auction platform for a slot's results, and freezes them.
//!
//! The state machine invokes the function again until results are ready; "not ready" is a response, not an error. The first
//! results of an attempt are written to the archive, in batches of JSON Lines and then a manifest that names them (put if
//! absent): every later invocation returns what the manifest names, without asking the platform. Small results are returned
//! themselves; larger ones, and those with numbers that the state machine would round, by reference. Core checks the
//! platform's document; a malformed order is replaced by a marker, so that it fails alone.

mod configured_platform;

use std::borrow::Cow;

use gridbid_adapters::{
    AdapterError, Function, HandlerError, Invocation, StartError,
    account::{Account, Service},
    archive::{PutOutcome, ResultArchive},
    concurrent,
    deadline::Deadline,
    environment::Environment,
    platform::{AuctionPlatform, PlatformResponse},
    s3::S3Archive,
};
use gridbid_core::{
    name::{Slot, manifest_key},
    outcome::{Answer, BatchLimits, Manifest, ManifestBatch, ResultsError, ResultsLimits, orders_json, scan_results},
};
use serde::Deserialize;

pub use configured_platform::ConfiguredPlatform;

const NOT_READY: &str = r#"{"results":false}"#;

/// The function, generic over platform and archive.
#[derive(Debug)]
pub struct CollectResults<P, A> {
    platform: P,
    archive: A,
    inline: ResultsLimits,
    limits: BatchLimits,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    slot: Cow<'a, str>,
    attempt: u32,
    poll: u32,
    #[serde(borrow)]
    run: Cow<'a, str>,
    /// Logged for an alarm; absent if the state machine could not count them.
    open_slots: Option<u32>,
}

impl<P: AuctionPlatform, A: ResultArchive> CollectResults<P, A> {
    /// Creates the function over this platform and archive.
    pub fn new(platform: P, archive: A) -> Self {
        Self { platform, archive, inline: ResultsLimits::default(), limits: BatchLimits::default() }
    }

    /// Returns the platform.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Returns the archive.
    pub fn archive(&self) -> &A {
        &self.archive
    }

    /// Returns the attempt's frozen results, or polls once for them and freezes them.
    ///
    /// # Errors
    /// `Unavailable` if platform or archive is; `ContractBroken` for a malformed event, a platform or an archive that
    /// refuses, and a document that core rejects.
    pub async fn collect(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let event: Event<'_> = serde_json::from_str(event).map_err(|_| {
            HandlerError::contract_broken(
                "the event lacks `slot`, `attempt`, `poll` or `run`, or one has the wrong type",
            )
        })?;
        invocation.log.run = Some(event.run.into_owned());
        invocation.log.attempt = Some(event.attempt);
        invocation.log.poll = Some(event.poll);
        invocation.log.open_slots = event.open_slots;
        let slot = invocation.parse_slot(&event.slot)?;
        let (manifest, answer) = match self.read_manifest(&slot, event.attempt, &invocation.deadline).await? {
            Some(manifest) => (manifest, None),
            None => {
                let Some(answer) = self.poll(&slot, event.poll, invocation).await? else {
                    invocation.log.ready = Some(false);
                    return Ok(NOT_READY.to_owned());
                };
                (self.freeze(&slot, event.attempt, &answer, &invocation.deadline).await?, Some(answer))
            }
        };
        invocation.log.ready = Some(true);
        invocation.log.orders = Some(manifest.total as usize);
        invocation.log.batches = Some(manifest.batches.len());
        let Some(batch) = manifest.inline_batch(&self.inline) else { return Ok(manifest.results_json()) };
        let answer = answer.filter(|answer| answer.digest.to_string() == manifest.digest);
        let lines = match batch {
            Some(batch) => self.read_lines(batch, answer, &invocation.deadline).await?,
            None => String::new(),
        };
        Ok(orders_json(&lines).unwrap_or_else(|| manifest.results_json()))
    }

    async fn read_manifest(
        &self,
        slot: &Slot,
        attempt: u32,
        deadline: &Deadline,
    ) -> Result<Option<Manifest>, HandlerError> {
        let Some(content) = self.archive.get(&manifest_key(slot, attempt), deadline).await? else { return Ok(None) };
        Manifest::parse(&content).map(Some).map_err(HandlerError::contract_broken)
    }

    /// Polls the platform; `None` if the results are not ready.
    async fn poll(&self, slot: &Slot, poll: u32, invocation: &mut Invocation) -> Result<Option<Answer>, HandlerError> {
        let document = self.platform.results(slot, poll, &invocation.deadline).await?;
        let answer = match &document {
            PlatformResponse::Document(document) => scan_results(document, self.limits.bytes)
                .and_then(|orders| orders.map(|orders| Answer::freeze(&orders, &self.limits)).transpose()),
            PlatformResponse::TooLarge { bytes } => {
                Err(ResultsError::TooLarge { actual: *bytes, unit: "bytes", max: self.limits.bytes })
            }
        };
        answer.map_err(|error| {
            invocation.log.code = Some(error.code());
            HandlerError::ContractBroken(format!("{}: {error}", error.code()))
        })
    }

    /// Writes the batches, and then the manifest. Returns the manifest that counts, which is another collector's if that one
    /// was first.
    async fn freeze(
        &self,
        slot: &Slot,
        attempt: u32,
        answer: &Answer,
        deadline: &Deadline,
    ) -> Result<Manifest, HandlerError> {
        let manifest = answer.manifest(slot, attempt);
        let puts = manifest
            .batches
            .iter()
            .zip(&answer.batches)
            .map(|(entry, batch)| self.archive.put_if_absent(&entry.key, &batch.lines, deadline));
        // An existing batch holds the same bytes: its key contains their digest.
        concurrent::for_each(puts, |_| Ok(())).await?;
        let key = manifest_key(slot, attempt);
        if self.archive.put_if_absent(&key, &manifest.to_json(), deadline).await? == PutOutcome::Created {
            return Ok(manifest);
        }
        let manifest = self.read_manifest(slot, attempt, deadline).await?;
        manifest.ok_or_else(|| HandlerError::Unavailable("the manifest exists but cannot be read".to_owned()))
    }

    /// The lines of the only batch, which was just written or has to be read.
    async fn read_lines(
        &self,
        batch: &ManifestBatch,
        answer: Option<Answer>,
        deadline: &Deadline,
    ) -> Result<String, HandlerError> {
        if let Some(batch) = answer.and_then(|answer| answer.batches.into_iter().next()) {
            return Ok(batch.lines);
        }
        let content = self.archive.get(&batch.key, deadline).await?;
        let content =
            content.ok_or_else(|| AdapterError::Broken("a batch of the frozen answer is missing".to_owned()))?;
        String::from_utf8(content)
            .map_err(|_| HandlerError::contract_broken("a batch of the frozen answer is not UTF-8"))
    }
}

impl Function for CollectResults<ConfiguredPlatform, S3Archive> {
    const NAME: &'static str = "collect-results";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        let account = Account::from_environment(environment, Service::S3);
        let bucket = environment.required("RESULTS_BUCKET");
        let platform = ConfiguredPlatform::from_environment(environment).await?;
        Ok(Self::new(platform, S3Archive::new(&account, bucket)))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.collect(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
