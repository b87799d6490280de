//! Everything outside of Gridbid's Rust functions: the Lambda runtime, AWS and HTTP.
//!
//! A handler is generic over traits, one per outside system and purpose: [`orders::OrderTable`],
//! [`submissions::SubmissionTable`], [`queue::RetryQueue`], [`archive::ResultArchive`], [`notifier::Notifier`],
//! [`platform::AuctionPlatform`], [`submission_platform::SubmissionPlatform`] and [`webhook::Webhook`]. Each has an adapter
//! for the real system behind a cargo feature, so that a function links only what it uses, and a fake with injectable faults
//! in `memory` (feature `memory`). No business rule lives here: rules belong to `gridbid_core`.
//!
//! A function implements [`Function`], and its `main` is one call of [`serve`]:
//!
//! ```no_run
//! use gridbid_adapters::{Function, HandlerError, Invocation, StartError, environment::Environment};
//!
//! struct Greet {
//!     greeting: String,
//! }
//!
//! impl Function for Greet {
//!     const NAME: &'static str = "greet";
//!     const VERSION: &'static str = env!("CARGO_PKG_VERSION");
//!
//!     async fn start(environment: &mut Environment) -> Result<Self, StartError> {
//!         let greeting = environment.required("GREETING");
//!         Ok(environment.finish(Self { greeting })?)
//!     }
//!
//!     async fn handle(&self, _event: &str, _: &mut Invocation) -> Result<String, HandlerError> {
//!         Ok(format!("{:?}", self.greeting))
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     gridbid_adapters::serve::<Greet>()
//! }
//! ```

pub mod account;
pub mod archive;
#[cfg(feature = "aws-json")]
mod aws_json;
pub mod concurrent;
pub mod deadline;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod environment;
mod error;
mod function;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod http_platform;
#[cfg(feature = "memory")]
pub mod memory;
pub mod notifier;
pub mod orders;
pub mod platform;
pub mod queue;
pub mod random;
pub mod random_platform;
mod runtime;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(feature = "secrets")]
pub mod secrets;
#[cfg(feature = "http")]
pub mod slack;
#[cfg(feature = "sns")]
pub mod sns;
#[cfg(feature = "sqs")]
pub mod sqs;
pub mod submission_platform;
pub mod submissions;
pub mod telemetry;
#[cfg(feature = "tls")]
mod tls;
pub mod webhook;

#[cfg(test)]
#[cfg(any(feature = "http", feature = "dynamodb", feature = "s3", feature = "sns"))]
mod scripted_server;

pub use error::{AdapterError, HandlerError, StartError};
pub use function::{Function, Invocation};
pub use runtime::serve;
