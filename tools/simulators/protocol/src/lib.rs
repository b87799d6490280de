//! What the simulators and their clients exchange: scripts, faults, recorded posts, and the files in the local cloud's folder.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file that identifies a start of the local cloud: its processes end when the file is gone or has another content.
pub const INSTANCE_FILE: &str = "instance";
/// The file with one line of JSON for each [`SlackPost`].
pub const SLACK_FILE: &str = "slack.jsonl";

/// A scripted response of the auction platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// The responses of the auction platform for one slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionScript {
    /// The slot.
    pub slot: String,
    /// One response per poll; the last one is repeated.
    pub responses: Vec<AuctionResponse>,
}

/// The polls of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionPolls {
    /// The number of polls since the slot's script was set.
    pub polls: u64,
}

/// How Slack's webhook responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackBehaviour {
    /// The HTTP status of every response.
    pub status: u16,
}

/// A post to Slack's webhook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlackPost {
    /// The time of the post, RFC 3339.
    pub at: String,
    /// The path of the request.
    pub path: String,
    /// The HTTP status of the response.
    pub status: u16,
    /// The JSON value of the body, or its text.
    pub message: Value,
}

/// Which writes to S3 fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Fault {
    /// Only paths that contain this text fail.
    pub puts_containing: String,
    /// The number of calls that fail, each with all its attempts.
    pub calls: usize,
    /// The HTTP status of the responses.
    pub status: u16,
}
