//! The control of the auction platform: scripts, rules, faults, and what it has seen.

use serde::{Deserialize, Serialize};

/// A response of the auction platform to a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AuctionResponse {
    /// A response with this status and body.
    Scripted {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// Results are not ready.
    NotReady,
    /// The results of the orders that take part in the slot.
    Results,
    /// Results of this number of generated orders: see [`is_synthetic_rejection`].
    Synthetic {
        /// The number of orders, up to a million.
        orders: u32,
    },
}

/// The power of an accepted generated order.
pub const SYNTHETIC_POWER: &str = "0.5";
/// The reason of a rejected generated order.
pub const SYNTHETIC_REASON: &str = "price too high";

/// Whether the generated order at this position is rejected: every fifth one is.
#[must_use]
pub fn is_synthetic_rejection(position: u32) -> bool {
    position.is_multiple_of(5)
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

/// What the platform decides on orders whose `record_id` begins with a prefix. The first rule that matches counts; a rule
/// applies to orders that arrive after it was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionRule {
    /// The prefix.
    pub prefix: String,
    /// The decision.
    pub decision: RuleDecision,
}

/// The decision of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleDecision {
    /// The platform refuses the order when it arrives, with this reason.
    Refuse(String),
    /// The order takes part, and the auction accepts it.
    Accept,
    /// The order takes part, and the auction rejects it with this reason.
    Reject(String),
}

/// A fault of the platform's HTTP server. The first one that matches a request and has a request left is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuctionFault {
    /// Only requests match whose query or body contains this text, such as a slot or the prefix of an id.
    pub containing: String,
    /// The number of requests that fail.
    pub requests: u32,
    /// What happens to them.
    pub kind: FaultKind,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// It is not processed and gets this status.
    Status {
        /// The HTTP status.
        status: u16,
        /// The value of `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// It is not processed, and the connection is closed without a response.
    Close,
    /// It is processed, and the connection is closed without a response.
    LoseResponse,
    /// It is processed, and the response starts after this number of milliseconds.
    Delay(u64),
    /// It is processed, and one byte of the response's body is sent every this number of milliseconds.
    Drip(u64),
}

/// An order that the platform has seen under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenOrder {
    /// The idempotency key.
    pub idempotency_key: String,
    /// The order's id.
    pub record_id: String,
    /// Its text.
    pub parameter_1: String,
    /// Its amount, in the digits of the request.
    pub parameter_2: String,
    /// The number of requests that have contained it with this content.
    pub requests: u64,
    /// The slot that it takes part in; none when it was refused.
    pub slot: Option<String>,
    /// The reason for which it was refused or rejected.
    pub reason: Option<String>,
}

/// A request that the platform has seen since its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRequest {
    /// Milliseconds since 1970, UTC.
    pub at_millis: u64,
    /// The method and the path with its query.
    pub target: String,
    /// The status of the response; none when the connection was closed.
    pub status: Option<u16>,
}
