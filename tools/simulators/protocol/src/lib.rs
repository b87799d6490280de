//! What the simulators and their clients exchange: scripts, faults, recorded posts, and the files in the local cloud's folder.

mod auction;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use auction::{
    AuctionFault, AuctionPolls, AuctionResponse, AuctionRule, AuctionScript, FaultKind, RuleDecision, SYNTHETIC_POWER,
    SYNTHETIC_REASON, SeenOrder, SeenRequest, is_synthetic_rejection,
};

/// Seconds between two slots of the schedule.
pub const SLOT_PERIOD_SECONDS: u64 = 300;
/// The file that identifies a start of the local cloud: its processes end when the file is gone or has another content.
pub const INSTANCE_FILE: &str = "instance";
/// The file with the names of the deployed resources; its member `api_id` is the id of the HTTP API.
pub const NAMES_FILE: &str = "names.json";
/// The file with one line of JSON for each event of the auction.
pub const AUCTION_FILE: &str = "auction.jsonl";
/// The file with one line of JSON for each [`SlackPost`].
pub const SLACK_FILE: &str = "slack.jsonl";

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
