//! AWS, or an endpoint in its place: one client for each service.

mod account;
mod client;
mod codedeploy;
mod lambda;
mod runs;
mod s3;
mod sns;
mod sqs;

pub(crate) use self::account::Account;
pub(crate) use self::client::Aws;
