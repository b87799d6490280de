//! Shared foundation of the developer tools: folders, progress, failures, subprocesses, pinned packages and Terraform.
//!
//! A command makes one [`Context`](context::Context) and runs its work as named steps. This crate links no AWS SDK
//! and no TLS, and contains no business rules.

pub mod cargo;
pub mod cargo_tools;
pub mod clock;
pub mod context;
pub mod digest;
pub mod failure;
pub mod files;
pub mod http;
pub mod interrupt;
pub mod layout;
pub mod lock;
pub mod npm;
pub mod process;
pub mod progress;
pub mod requirements;
pub mod stamp;
pub mod subprocess;
pub mod terraform;
pub mod unittest;
pub mod venv;
