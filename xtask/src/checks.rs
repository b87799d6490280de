//! The checks of `cargo xtask test`, one file each. Every check is a step; the first failure ends the command.

pub mod console;
pub mod contract;
pub mod environments;
pub mod first_deploys;
pub mod fuzz;
pub mod kills;
pub mod languages;
pub mod local_cloud;
pub mod passed;
pub mod paths;
mod permissions;
pub mod prose;
pub mod release_build;
pub mod rust;
pub mod system;
