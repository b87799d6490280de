//! Controls the simulators and reads what they have received.

use std::fs;
use std::path::{Path, PathBuf};

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::http;
use gridbid_simulator_protocol::{AuctionPolls, AuctionResponse, AuctionScript, SLACK_FILE, SlackBehaviour};
pub use gridbid_simulator_protocol::{S3Fault, SlackPost};
use serde::Serialize;

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
        let responses = bodies.iter().map(|body| AuctionResponse { status: 200, body: body.to_string() }).collect();
        self.set("auction", &AuctionScript { slot: slot.to_owned(), responses })
    }

    /// The number of polls for a slot since its script was set.
    ///
    /// # Errors
    /// When the simulators do not respond.
    pub fn auction_polls(&self, slot: &str) -> Result<u64, Failure> {
        let url = format!("{}/control/auction?slot={slot}", self.address);
        let response = http::call("GET", &url, &[], &[]).map_err(|error| Failure::new(error.to_string()))?;
        let polls: Result<AuctionPolls, _> = serde_json::from_slice(&response.body);
        polls.map(|polls| polls.polls).map_err(|_| Failure::new(format!("{url} responded {}", response.text())))
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
        let url = format!("{}/control/{simulator}", self.address);
        let response = http::call("PUT", &url, &[("content-type", "application/json")], &body)
            .map_err(|error| Failure::new(error.to_string()))?;
        if response.is_success() { Ok(()) } else { Err(Failure::new(format!("{url} refused: {}", response.text()))) }
    }
}
