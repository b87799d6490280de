//! All that Gridbid's Rust functions touch outside of themselves: the Lambda runtime, AWS and HTTP.
//!
//! Each thing outside is a trait that a handler is generic over, with one adapter for the real thing (behind a cargo
//! feature of its own, so that a function links only what it uses) and one in memory that tests can disturb (feature
//! `memory`). No rule lives here: rules are `gridbid_core`'s. The callers are the functions beside this folder, each
//! of which implements [`Function`] and is run by [`serve`].

pub mod account;
pub mod archive;
pub mod chance;
pub mod deadline;
pub mod environment;
mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod notices;
pub mod orders;
pub mod platform;
mod run;
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(feature = "secrets")]
pub mod secrets;
pub mod telemetry;
#[cfg(feature = "tls")]
mod tls;
pub mod webhook;

#[cfg(feature = "memory")]
pub mod disturbance;
#[cfg(test)]
#[cfg(any(feature = "http", feature = "dynamodb", feature = "s3", feature = "sns"))]
mod scripted_server;

pub use error::{AdapterError, HandlerError, StartError};
pub use run::{Call, Function, serve};
