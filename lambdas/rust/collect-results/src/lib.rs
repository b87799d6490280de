//! Asks the auction platform whether a slot's results are ready, and checks what it says (the task's Lambda A).
//!
//! Called by the state machine, again and again until results are ready. "Not ready" is an answer, not an error. The
//! answer is checked by core as a whole; a single order in it that cannot be used is passed on as such, so that it fails
//! alone.

mod configured;

use std::borrow::Cow;

use gridbid_adapters::{
    Call, Function, HandlerError, StartError,
    environment::Environment,
    platform::{AuctionPlatform, PlatformResponse},
};
use gridbid_core::outcome::{Answer, AnswerError, AnswerLimits, read_answer};
use serde::Deserialize;

pub use configured::ConfiguredPlatform;

/// The function, over some platform.
#[derive(Debug)]
pub struct CollectResults<P> {
    platform: P,
    limits: AnswerLimits,
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
    /// The function over this platform.
    pub fn new(platform: P) -> Self {
        Self { platform, limits: AnswerLimits::default() }
    }

    /// The platform.
    pub fn platform(&self) -> &P {
        &self.platform
    }

    /// Asks once, and answers what the state machine passes on.
    ///
    /// # Errors
    /// `Unavailable` if the platform is, `ContractBroken` for an event that is not what was agreed, for a platform that
    /// refuses, and for an answer that core does not accept.
    pub async fn answer(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        let event: Event<'_> = serde_json::from_str(event)
            .map_err(|_| HandlerError::contract_broken("the event has no slot, poll and run"))?;
        call.notes.run = Some(event.run.into_owned());
        call.notes.poll = Some(event.poll);
        let slot = call.read_slot(&event.slot)?;
        let answer = match self.platform.results(&slot, event.poll, &call.deadline).await? {
            PlatformResponse::Document(document) => read_answer(&document, &self.limits),
            PlatformResponse::TooLarge { bytes } => {
                Err(AnswerError::TooLarge { given: bytes, what: "bytes", limit: self.limits.bytes })
            }
        };
        let answer = answer.map_err(|error| {
            call.notes.code = Some(error.code());
            HandlerError::ContractBroken(format!("{}: {error}", error.code()))
        })?;
        match &answer {
            Answer::NotReady => call.notes.ready = Some(false),
            Answer::Ready(orders) => {
                call.notes.ready = Some(true);
                call.notes.orders = u64::try_from(orders.len()).ok();
            }
        }
        Ok(answer.to_json())
    }
}

impl Function for CollectResults<ConfiguredPlatform> {
    const NAME: &'static str = "collect-results";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    async fn start(environment: &mut Environment) -> Result<Self, StartError> {
        Ok(Self::new(ConfiguredPlatform::start(environment).await?))
    }

    async fn handle(&self, event: &str, call: &mut Call) -> Result<String, HandlerError> {
        self.answer(event, call).await
    }
}

#[cfg(test)]
mod tests;
