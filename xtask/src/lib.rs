//! The work behind `cargo xtask`: building, starting, showing and testing Gridbid on a local cloud.
//!
//! A library so that the system tests use the same client of the local cloud as the commands. It links no AWS SDK and
//! no TLS, knows no account, and decides no rule of Gridbid's. Its callers are `main.rs` and `tests/`.

pub mod bench;
pub mod bindings;
pub mod cargo;
pub mod cargo_tools;
pub mod checks;
pub mod clock;
pub mod cloud;
pub mod commands;
pub mod delivery;
pub mod digest;
pub mod failure;
pub mod http;
pub mod interrupt;
pub mod layout;
pub mod lock;
pub mod machine;
pub mod main_job;
pub mod neighbours;
pub mod npm;
pub mod package;
pub mod progress;
pub mod requirements;
pub mod results_run;
pub mod stamp;
pub mod subprocess;
pub mod system;
pub mod terraform;
pub mod venv;
pub mod wasm;
