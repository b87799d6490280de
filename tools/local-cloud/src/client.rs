//! Calls the local cloud's AWS APIs over HTTP.
//!
//! The local cloud checks no signature; the credential scope of the authorization header names the region and the service of
//! a call. Each service has its own file.

mod cloud;
mod dynamodb;
mod error;
mod functions;
mod logs;
mod page;
mod pipes;
mod queues;
mod s3;
mod states;

pub use cloud::Cloud;
pub use dynamodb::Item;
pub use error::CallError;
pub use functions::{Invoked, Live};
pub use logs::LogLine;
pub use page::Count;
pub use queues::Message;
pub use s3::Object;
pub use states::{Event, Execution};
