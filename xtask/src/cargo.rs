//! Calls of cargo: from the repository's root, with one profile and one target folder for all that is compiled here.

use std::ffi::OsStr;
use std::time::Duration;

use crate::layout::Layout;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;

/// The profile of everything that runs on this machine: see `Cargo.toml`.
pub const PROFILE: &str = "local";
/// The whole workspace with the features that its tests ask for: with others, cargo would compile tokio and the AWS SDK once
/// more for the tests.
pub const WORKSPACE: [&str; 3] = ["--workspace", "--features", "xtask/system,gridbid-adapters/memory"];
/// A first call compiles the AWS SDK.
const LIMIT: Duration = Duration::from_secs(3600);

/// A call of cargo, with a log of this name.
#[must_use]
pub fn cargo<A: AsRef<OsStr>>(
    layout: &Layout,
    cargo: &Tool,
    log: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Subprocess {
    tool(layout, cargo, log).args(arguments)
}

/// A call of a program that calls cargo itself.
#[must_use]
pub fn tool(layout: &Layout, tool: &Tool, log: &str) -> Subprocess {
    let target = layout.target_folder().map(|folder| ("CARGO_TARGET_DIR", Some(folder)));
    Subprocess::new(&tool.path, layout.log(log), LIMIT).inside(layout.root()).env(target)
}
