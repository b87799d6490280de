//! Slack's incoming webhook: takes posts, keeps each as a line of a file, and fails when it is told to.
//!
//! Called by `neighbours`; the file is read by the commands and the system tests.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock;

/// The file of posts, in the local cloud's folder.
pub const FILE_NAME: &str = "slack.jsonl";

/// A post to the webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// When it came, RFC 3339.
    pub at: String,
    /// The path that it was posted to.
    pub path: String,
    /// The status that it was answered with.
    pub status: u16,
    /// What was posted: JSON, or else its text.
    pub message: Value,
}

pub(super) struct Slack {
    file: PathBuf,
    status: Mutex<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    status: u16,
}

impl Slack {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, status: Mutex::new(200) }
    }

    /// Keeps a post and says which status answers it.
    pub(super) fn receive(&self, path: &str, body: &[u8]) -> u16 {
        // Held until the line is written: lines stay whole and in order.
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let message = serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into());
        let at = clock::rfc3339(clock::unix_seconds());
        let post = json!(Post { at, path: path.to_owned(), status: *status, message });
        let written = OpenOptions::new().create(true).append(true).open(&self.file);
        match written.and_then(|mut file| writeln!(file, "{post}")) {
            Ok(()) => *status,
            // A post that was not kept must not look as if it had arrived.
            Err(_) => 500,
        }
    }

    pub(super) fn told(&self) -> Value {
        json!({"status": *self.status.lock().unwrap_or_else(PoisonError::into_inner)})
    }

    pub(super) fn order(&self, body: &[u8]) -> Result<(), serde_json::Error> {
        let order: Order = serde_json::from_slice(body)?;
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = order.status;
        Ok(())
    }
}
