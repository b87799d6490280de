//! Controls the simulators and reads what they have received.

use std::fs;
use std::path::{Path, PathBuf};

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::http;
pub use gridbid_simulator_protocol::{
    AuctionFault, AuctionResponse, AuctionRule, FaultKind, RuleDecision, S3Fault, SYNTHETIC_REASON, SeenOrder,
    SeenRequest, SlackPost, is_synthetic_rejection,
};
use gridbid_simulator_protocol::{AuctionPolls, AuctionScript, SLACK_FILE, SlackBehaviour};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::record::Ports;

/// The simulators of one local cloud.
#[derive(Clone, Debug)]
pub struct Simulators {
    address: String,
    posts: PathBuf,
}

impl Simulators {
    /// The simulators at these ports; their recorded posts are in the local cloud's folder.
    #[must_use]
    pub fn new(ports: &Ports, cloud_folder: &Path) -> Self {
        Self { address: format!("http://127.0.0.1:{}", ports.simulators), posts: cloud_folder.join(SLACK_FILE) }
    }

    /// The address of the console, which is a page for browsers.
    #[must_use]
    pub fn console_url(&self) -> String {
        format!("{}/", self.address)
    }

    /// The address of the auction platform.
    #[must_use]
    pub fn auction_url(&self) -> String {
        format!("{}/auction", self.address)
    }

    /// Every post to Slack's webhook, oldest first.
    ///
    /// # Errors
    /// When a line cannot be parsed.
    pub fn slack_posts(&self) -> Result<Vec<SlackPost>, Failure> {
        let text = fs::read_to_string(&self.posts).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).on_file("parse", &self.posts)).collect()
    }

    /// Sets the status of Slack's responses.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn set_slack_status(&self, status: u16) -> Result<(), Failure> {
        self.set("slack", &SlackBehaviour { status })
    }

    /// Sets the bodies of the auction platform's responses for a slot, each with status 200; the last one is repeated.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn set_auction_bodies<T: ToString>(&self, slot: &str, bodies: &[T]) -> Result<(), Failure> {
        let scripted = |body: &T| AuctionResponse::Scripted { status: 200, body: body.to_string() };
        self.set_auction_responses(slot, bodies.iter().map(scripted).collect())
    }

    /// Sets the auction platform's responses for a slot; the last one is repeated.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn set_auction_responses(&self, slot: &str, responses: Vec<AuctionResponse>) -> Result<(), Failure> {
        self.set("auction", &AuctionScript { slot: slot.to_owned(), responses })
    }

    /// The number of polls for a slot since its script was set.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn auction_polls(&self, slot: &str) -> Result<u64, Failure> {
        let polls: AuctionPolls = self.get(&format!("auction?slot={slot}"))?;
        Ok(polls.polls)
    }

    /// Sets the platform's decisions on orders that arrive from now on, instead of all rules so far.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn set_auction_rules(&self, rules: &[AuctionRule]) -> Result<(), Failure> {
        self.set("auction/rules", &rules)
    }

    /// Sets the faults of the platform's HTTP server, instead of all faults so far.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn set_auction_faults(&self, faults: &[AuctionFault]) -> Result<(), Failure> {
        self.set("auction/faults", &faults)
    }

    /// The orders that the platform has processed whose ids begin with a prefix: one per idempotency key.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn seen_orders(&self, prefix: &str) -> Result<Vec<SeenOrder>, Failure> {
        self.get(&format!("auction/orders?containing={prefix}"))
    }

    /// The last requests to the platform that contain a text in the query or the body, oldest first.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn seen_requests(&self, containing: &str) -> Result<Vec<SeenRequest>, Failure> {
        self.get(&format!("auction/requests?containing={containing}"))
    }

    /// Sets which writes to S3 fail.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn set_s3_fault(&self, fault: &S3Fault) -> Result<(), Failure> {
        self.set("s3", fault)
    }

    fn set(&self, simulator: &str, value: &impl Serialize) -> Result<(), Failure> {
        let body = serde_json::to_vec(value).map_err(|error| Failure::new(error.to_string()))?;
        self.call("PUT", simulator, &body).map(drop)
    }

    fn get<T: DeserializeOwned>(&self, simulator: &str) -> Result<T, Failure> {
        let body = self.call("GET", simulator, &[])?;
        serde_json::from_slice(&body)
            .map_err(|error| Failure::new(format!("cannot parse the response of /control/{simulator}: {error}")))
    }

    fn call(&self, method: &str, simulator: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let url = format!("{}/control/{simulator}", self.address);
        let response = http::call(method, &url, &[("content-type", "application/json")], body)
            .map_err(|error| Failure::new(error.to_string()))?;
        if response.is_success() {
            Ok(response.body)
        } else {
            Err(Failure::new(format!("{url} refused: {}", response.text())))
        }
    }
}
