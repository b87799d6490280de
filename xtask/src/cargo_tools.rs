//! Tools that cargo itself installs: the test runner and the checker of dependencies.
//!
//! One that is on the PATH and new enough is used; otherwise the pinned version is built once into `.gridbid/tools`,
//! which takes minutes and says so. Called by `test`.

use std::env;
use std::ffi::OsString;
use std::time::Duration;

use crate::failure::Failure;
use crate::layout::Layout;
use crate::lock;
use crate::progress::Step;
use crate::requirements::{Requirement, Tool};
use crate::subprocess::Subprocess;

/// Building one of them takes three to ten minutes.
const LIMIT: Duration = Duration::from_secs(3600);

/// A tool that cargo can install.
#[derive(Clone, Copy, Debug)]
pub struct CargoTool {
    name: &'static str,
    /// What is built when there is none.
    version: &'static str,
    /// How it is looked for.
    requirement: Requirement,
    /// Leaves out what is not used here.
    install_arguments: &'static [&'static str],
}

/// The test runner.
pub const NEXTEST: CargoTool = CargoTool {
    name: "cargo-nextest",
    version: "0.9.151",
    requirement: Requirement::of_cargo(&["cargo-nextest"], &["nextest", "--version"], (0, 9)),
    install_arguments: &["--no-default-features", "--features", "default-no-update"],
};

/// The checker of dependencies: licences, bans, sources. Advisories need the network and are not asked for here.
pub const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
    requirement: Requirement::of_cargo(&["cargo-deny"], &["--version"], (0, 18)),
    install_arguments: &["--no-default-features"],
};

impl CargoTool {
    /// Finds the tool, or builds it.
    ///
    /// # Errors
    /// When it does not build.
    pub fn prepare(&self, layout: &Layout, cargo: &Tool, step: &Step) -> Result<Tool, Failure> {
        let own = layout.tools().join("bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(own.clone()).chain(env::split_paths(&path));
        let everywhere = env::join_paths(folders).unwrap_or_else(|_| own.into_os_string());
        if let Ok(tool) = self.requirement.find_in(&everywhere) {
            return Ok(tool);
        }
        let _held = lock::shared(layout, step)?;
        let (name, version) = (self.name, self.version);
        step.say(&format!("  {name} is not on the PATH: building {version} once into .gridbid/tools takes minutes"));
        let root: OsString = layout.tools().into_os_string();
        Subprocess::new(&cargo.path, layout.log(&format!("install-{}", self.name)), LIMIT)
            .args(["install", "--locked", self.name, "--version", self.version])
            .args(self.install_arguments)
            .args(["--root".into(), root])
            // Built in a temporary folder, which cargo removes.
            .env([("CARGO_TARGET_DIR", None)])
            .run(step)
            .map_err(|failure| {
                failure.with_todo(format!("install it by hand: cargo install --locked {}", self.name))
            })?;
        self.requirement.find_in(&everywhere)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name
    }
}
