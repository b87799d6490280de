//! The library behind `gridbid`, which takes built zips to production and back.
//!
//! A release is built once and never changes. A deployment takes an environment to a release completely or not at all. A
//! rollback needs only the artifacts bucket and Lambda. The crate builds nothing and contains no rule of the auction; it
//! knows the functions only from `functions.json`. AWS, Terraform and the API are traits with adapters in memory for tests.

mod api;
mod binary;
mod build;
mod cli;
mod cloud;
mod commands;
mod failure;
mod git;
mod history;
mod interruption;
mod lease;
mod progress;
mod releases;
mod shift;
mod terraform;
#[cfg(test)]
mod testing;

pub use cli::main;
