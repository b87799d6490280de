//! The folders, the progress and the tools that one command works with.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::{Progress, Step};
use crate::requirements::{C_COMPILER, CARGO, NODE, NPM, PYTHON, TERRAFORM, Tool, find_all};
use gridbid_release_format::Profile;

/// What a command passes to every step. Contexts derived from one another share progress and tools.
#[derive(Clone, Debug)]
pub struct Context {
    /// The repository's folders and those of one local cloud.
    pub layout: Layout,
    /// The steps shown to the user.
    pub progress: Arc<Progress>,
    tools: Arc<OnceLock<Tools>>,
    /// Held while the tools are found: concurrent steps ask for them.
    finding: Arc<Mutex<()>>,
}

/// The tools that building and running the system takes.
#[derive(Clone, Debug)]
pub struct Tools {
    /// cargo.
    pub cargo: Tool,
    /// Terraform.
    pub terraform: Tool,
    /// Python.
    pub python: Tool,
}

impl Context {
    /// A context for a layout, with progress on stderr.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout, progress: Arc::new(Progress::new()), tools: Arc::default(), finding: Arc::default() }
    }

    /// The same context for another layout.
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self { layout, ..self.clone() }
    }

    /// The same context for a local cloud in a folder of this name.
    #[must_use]
    pub fn with_site(&self, name: &str) -> Self {
        self.with_layout(self.layout.with_site(name))
    }

    /// The same context with functions compiled by this profile.
    #[must_use]
    pub fn with_profile(&self, profile: Profile) -> Self {
        self.with_layout(self.layout.clone().with_profile(profile))
    }

    /// The same context whose steps are shown only while they run.
    #[must_use]
    pub fn quiet(&self) -> Self {
        Self { progress: Arc::new(Progress::quiet()), ..self.clone() }
    }

    /// Runs one step; see [`Progress::step`].
    ///
    /// # Errors
    /// The failure of the work.
    pub fn step<T>(&self, name: &str, work: impl FnOnce(&Step) -> Result<(T, String), Failure>) -> Result<T, Failure> {
        self.progress.step(name, work)
    }

    /// Finds the tools at the first call, as a step; later calls are free.
    ///
    /// # Errors
    /// One failure that names every tool which is missing or too old.
    pub fn tools(&self) -> Result<&Tools, Failure> {
        let _alone = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tools) = self.tools.get() {
            return Ok(tools);
        }
        let found = self.step("check tools", |_| {
            let [cargo, terraform, python, node, _, _] =
                find_all([&CARGO, &TERRAFORM, &PYTHON, &NODE, &NPM, &C_COMPILER])?;
            let versions = format!(
                "cargo {}, Terraform {}, Python {}, Node {}",
                cargo.version, terraform.version, python.version, node.version
            );
            Ok((Tools { cargo, terraform, python }, versions))
        })?;
        Ok(self.tools.get_or_init(|| found))
    }
}
