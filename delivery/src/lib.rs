//! The work behind `gridbid`: from zips that were built to functions that serve, and back.
//!
//! A release is built once and never changes; a deployment takes an environment to a release wholly or not at all; a
//! rollback needs nothing but the artifacts bucket and Lambda. It builds nothing, decides no rule of Gridbid's, and knows
//! the code by `functions.json` alone. Everything outside is a trait with an adapter in memory. Called by `main.rs`, that is
//! by people, by the workflows and by `cargo xtask`.

mod api;
mod binary;
mod cli;
mod cloud;
mod commands;
mod failure;
mod git;
mod history;
mod interruption;
mod lease;
mod manifest;
mod moment;
mod names;
mod progress;
mod release;
mod shift;
mod terraform;

pub use cli::main;
