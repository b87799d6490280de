//! Terraform on the local cloud: initialise, plan, apply, and read the outputs.
//!
//! Promises that nothing of the user's own (AWS profiles, Terraform variables) reaches it, that a call which the local
//! cloud does not answer ends in minutes, and to say what an apply changed. Leaves out where the provider comes from:
//! that is `provider`'s. Called by `up` and `test`.

mod environment;
mod initialise;
mod plan;
mod provider;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::cloud::names::Names;
use crate::cloud::record::Ports;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;

pub use environment::offline;
pub use initialise::{Root, initialise};
pub use plan::{Change, Plan, counted};
pub use provider::Source;

/// The local cloud takes a minute for a whole new system; a call that it does not know is repeated for minutes.
const LIMIT: Duration = Duration::from_secs(900);

/// Terraform on one local cloud.
#[derive(Debug)]
pub struct Terraform<'a> {
    layout: &'a Layout,
    tool: &'a Tool,
    ports: Ports,
    variables: Vec<(String, String)>,
}

impl<'a> Terraform<'a> {
    /// Terraform for the local cloud at these ports, with variables beside those that every local cloud needs.
    #[must_use]
    pub fn new(layout: &'a Layout, tool: &'a Tool, ports: Ports, more: &[(&str, String)]) -> Self {
        let manifest = layout.functions().join(crate::package::manifest::FILE_NAME);
        let mut variables = vec![
            ("functions_manifest".to_owned(), manifest.display().to_string()),
            ("slack_webhook_url".to_owned(), format!("http://127.0.0.1:{}/slack/gridbid", ports.neighbours)),
        ];
        variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Self { layout, tool, ports, variables }
    }

    /// Compares what is there with what should be.
    ///
    /// # Errors
    /// When Terraform fails.
    pub fn plan(&self, step: &Step) -> Result<Plan, Failure> {
        let plan = self.plan_file();
        let arguments = ["plan", "-input=false", "-detailed-exitcode", "-json"];
        let run = self.subprocess("terraform-plan").args(arguments).args([format!("-out={}", plan.display())]);
        let run = self.variables.iter().fold(run, |run, (name, value)| run.args([format!("-var={name}={value}")]));
        plan::run(run, &self.layout.log("terraform-plan"), step)
    }

    /// Makes what [`Terraform::plan`] found to be missing or different.
    ///
    /// # Errors
    /// When Terraform fails.
    pub fn apply(&self, step: &Step) -> Result<(), Failure> {
        let run = self.subprocess("terraform-apply").args(["apply", "-input=false", "-json"]).args([self.plan_file()]);
        plan::run(run, &self.layout.log("terraform-apply"), step).map(drop)
    }

    /// Reads the outputs and keeps them for other commands.
    ///
    /// # Errors
    /// When Terraform fails or an output is missing.
    pub fn names(&self, step: &Step) -> Result<Names, Failure> {
        let json = self.subprocess("terraform-output").args(["output", "-json"]).output(step)?;
        let names = Names::from_outputs(&json)?;
        names.write(&self.layout.cloud())?;
        Ok(names)
    }

    fn subprocess(&self, log: &str) -> Subprocess {
        Subprocess::new(&self.tool.path, self.layout.log(log), LIMIT)
            .inside(&self.layout.terraform_local())
            .env(environment::on_local_cloud(self.layout, &self.ports))
    }

    fn plan_file(&self) -> PathBuf {
        self.layout.terraform_data().join("plan")
    }
}

/// Makes the folder that holds Terraform's data and state.
fn make_folder(layout: &Layout) -> Result<PathBuf, Failure> {
    let folder = layout.terraform_data();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    Ok(folder)
}
