//! The library behind `gridbid`, which takes built zips to production and back.
//!
//! A release is built once and never changes. A deployment shifts all aliases to the versions of a release, or reverts them. A
//! rollback needs neither a build nor Terraform. The crate builds nothing and contains no rule of the auction; it knows the
//! functions only from `functions.json` and Terraform's outputs. AWS, Terraform and the API are traits with in-memory
//! implementations for tests.

mod api;
mod binary;
mod build;
mod cli;
mod cloud;
mod commands;
mod console;
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
mod token;

pub use cli::main;
