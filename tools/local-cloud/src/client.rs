//! Calls the local cloud's AWS APIs over HTTP.
//!
//! The local cloud checks no signature. The access key of a call is that of the account's root, which may do everything; the
//! credential scope of the authorization header names the region and the service. Each service has its own file.

mod cloud;
mod dynamodb;
mod error;
mod functions;
mod logs;
mod page;
mod permissions;
mod pipes;
mod queues;
mod s3;
mod schedules;
mod states;

pub use cloud::Cloud;
pub use dynamodb::Item;
pub use error::CallError;
pub use functions::{Invoked, Live};
pub use logs::LogLine;
pub use page::Count;
pub use permissions::{Credentials, Denial, Grant, Permissions};
pub use queues::Message;
pub use s3::Object;
pub use states::{Event, Execution};
