//! Tells the neighbours how to behave, and reads what they received.
//!
//! Callers are the commands (which only read) and the system tests.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::auction::{Answer, Script};
pub use super::s3_faults::Fault;
use super::slack::{self, Post};
use crate::cloud::record::Ports;
use crate::failure::{Failure, OnFile};
use crate::http;

/// The neighbours of one local cloud.
#[derive(Clone, Debug)]
pub struct Neighbours {
    address: String,
    posts: PathBuf,
}

impl Neighbours {
    /// The neighbours at these ports; their posts lie in the local cloud's folder.
    #[must_use]
    pub fn new(ports: &Ports, cloud_folder: &Path) -> Self {
        Self { address: format!("http://127.0.0.1:{}", ports.neighbours), posts: cloud_folder.join(slack::FILE_NAME) }
    }

    /// The auction platform's address.
    #[must_use]
    pub fn auction_url(&self) -> String {
        format!("{}/auction", self.address)
    }

    /// Every post to Slack's webhook so far, oldest first.
    ///
    /// # Errors
    /// When a line cannot be understood.
    pub fn posts(&self) -> Result<Vec<Post>, Failure> {
        let text = fs::read_to_string(&self.posts).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).on_file("understand", &self.posts)).collect()
    }

    /// Lets Slack answer every post with this status from now on.
    ///
    /// # Errors
    /// When the neighbours do not run.
    pub fn slack_answers(&self, status: u16) -> Result<(), Failure> {
        self.order("slack", &serde_json::json!({ "status": status }))
    }

    /// Lets the platform answer these texts for a slot, each with status 200, the last one again and again.
    ///
    /// # Errors
    /// When the neighbours do not run.
    pub fn auction_answers<T: ToString>(&self, slot: &str, texts: &[T]) -> Result<(), Failure> {
        let answers = texts.iter().map(|text| Answer { status: 200, text: text.to_string() }).collect();
        self.auction_script(&Script { slot: slot.to_owned(), answers })
    }

    /// Lets the platform follow a script.
    ///
    /// # Errors
    /// When the neighbours do not run.
    pub fn auction_script(&self, script: &Script) -> Result<(), Failure> {
        self.order("auction", script)
    }

    /// How often the platform was asked for a slot since its script was given.
    ///
    /// # Errors
    /// When the neighbours do not run.
    pub fn auction_asked(&self, slot: &str) -> Result<u64, Failure> {
        let url = format!("{}/control/auction?slot={slot}", self.address);
        let answer = http::call("GET", &url, &[], &[]).map_err(|error| Failure::new(error.to_string()))?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        told.get("asked")
            .and_then(Value::as_u64)
            .ok_or_else(|| Failure::new(format!("{url} answered {}", answer.text())))
    }

    /// Lets writes to S3 fail.
    ///
    /// # Errors
    /// When the neighbours do not run.
    pub fn s3_fails(&self, fault: &Fault) -> Result<(), Failure> {
        self.order("s3", fault)
    }

    fn order(&self, whom: &str, order: &impl Serialize) -> Result<(), Failure> {
        let body = serde_json::to_vec(order).map_err(|error| Failure::new(error.to_string()))?;
        let url = format!("{}/control/{whom}", self.address);
        let answer = http::call("PUT", &url, &[], &body).map_err(|error| Failure::new(error.to_string()))?;
        if answer.is_success() { Ok(()) } else { Err(Failure::new(format!("{url} refused: {}", answer.text()))) }
    }
}
