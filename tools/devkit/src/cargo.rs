//! Calls of cargo: from the repository's root, with one profile and one target folder.

use std::ffi::OsStr;
use std::time::Duration;

use crate::layout::Layout;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;

/// The profile of everything that runs on this machine; see `Cargo.toml`.
pub const PROFILE: &str = "local";
/// The workspace with the features of its tests: with other features cargo would recompile tokio and the AWS SDK for the
/// tests. The benchmarks and their peers are left out, because nothing else needs them or their dependencies.
pub const WORKSPACE: [&str; 7] = [
    "--workspace",
    "--exclude",
    "gridbid-bench",
    "--exclude",
    "gridbid-rust-hello",
    "--features",
    "gridbid-system-tests/local-cloud,gridbid-adapters/memory",
];
/// Time limit of a call: the first one compiles the AWS SDK.
const LIMIT: Duration = Duration::from_secs(3600);

/// A call of cargo whose log has this name.
#[must_use]
pub fn cargo<A: AsRef<OsStr>>(
    layout: &Layout,
    cargo: &Tool,
    log: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Subprocess {
    tool(layout, cargo, log).args(arguments)
}

/// A call of a program that calls cargo.
#[must_use]
pub fn tool(layout: &Layout, tool: &Tool, log: &str) -> Subprocess {
    let target = layout.target_folder().map(|folder| ("CARGO_TARGET_DIR", Some(folder)));
    Subprocess::new(&tool.path, layout.log(log), LIMIT).inside(layout.root()).env(target)
}
