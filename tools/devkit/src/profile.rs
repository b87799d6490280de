//! How functions are compiled.

use serde::{Deserialize, Serialize};

/// How functions are compiled: the profile of this name in `Cargo.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Quickly, for a laptop. `gridbid` deploys it to no environment but `local`.
    Local,
    /// As for production.
    Release,
}
