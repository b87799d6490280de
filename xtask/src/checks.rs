//! Everything that must hold before a change is good: what `cargo xtask test` runs, fast things first.
//!
//! One file a subject. Each check is a step; the first that fails ends the command. Called by `commands::test`.

pub mod contract;
pub mod environments;
pub mod first_deploys;
pub mod kills;
pub mod languages;
pub mod local_cloud;
pub mod passed;
pub mod paths;
pub mod release_build;
pub mod rust;
pub mod state_machine;
pub mod system;
pub mod terraform;
pub mod workflows;
