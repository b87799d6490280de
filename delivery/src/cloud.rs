//! What delivery needs from AWS, as traits: [`services`] defines them, `aws` calls AWS or an endpoint in its place, `memory`
//! is for tests and fails on demand.

pub(crate) mod aws;
pub(crate) mod call_error;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod services;
