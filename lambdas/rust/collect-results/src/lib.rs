//! Polls the auction platform for a slot's results and validates them.
//!
//! The state machine invokes the function again until results are ready; "not ready" is a result, not an error. Core
//! validates the platform's document as a whole. A malformed order is passed on marked as such, so that it fails alone.

mod configured_platform;

use std::borrow::Cow;

use gridbid_adapters::{
    Function, HandlerError, Invocation, StartError,
    environment::Environment,
    platform::{AuctionPlatform, PlatformResponse},
};
use gridbid_core::outcome::{PlatformResults, ResultsError, ResultsLimits, parse_results};
use serde::Deserialize;

pub use configured_platform::ConfiguredPlatform;

/// The function, generic over the platform.
#[derive(Debug)]
pub struct CollectResults<P> {
    platform: P,
    limits: ResultsLimits,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    slot: Cow<'a, str>,
    poll: u32,
    #[serde(borrow)]
    run: Cow<'a, str>,
}

impl<P: AuctionPlatform> CollectResults<P> {
    /// Creates the function over this platform.
    pub fn new(platform: P) -> Self {
        Self { platform, limits: ResultsLimits::default() }
    }

    /// Returns the platform.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Polls once and returns the validated results as JSON.
    ///
    /// # Errors
    /// `Unavailable` if the platform is; `ContractBroken` for a malformed event, a platform that refuses, and a document
    /// that core rejects.
    pub async fn collect(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        let event: Event<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event has no slot, poll and run"))?;
        invocation.log.run = Some(event.run.into_owned());
        invocation.log.poll = Some(event.poll);
        let slot = invocation.parse_slot(&event.slot)?;
        let results = match self.platform.results(&slot, event.poll, &invocation.deadline).await? {
            PlatformResponse::Document(document) => parse_results(&document, &self.limits),
            PlatformResponse::TooLarge { bytes } => {
                Err(ResultsError::TooLarge { actual: bytes, unit: "bytes", max: self.limits.bytes })
            }
        };
        let results = results.map_err(|error| {
            invocation.log.code = Some(error.code());
            HandlerError::ContractBroken(format!("{}: {error}", error.code()))
        })?;
        match &results {
            PlatformResults::NotReady => invocation.log.ready = Some(false),
            PlatformResults::Ready(orders) => {
                invocation.log.ready = Some(true);
                invocation.log.orders = Some(orders.len());
            }
        }
        Ok(results.to_json())
    }
}

impl Function for CollectResults<ConfiguredPlatform> {
    const NAME: &'static str = "collect-results";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        Ok(Self::new(ConfiguredPlatform::from_environment(environment).await?))
    }

    async fn handle(&self, event: &str, invocation: &mut Invocation) -> Result<String, HandlerError> {
        self.collect(event, invocation).await
    }
}

#[cfg(test)]
mod tests;
