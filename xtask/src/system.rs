//! The whole system on a local cloud: from nothing, or from what is there, to deployed.
//!
//! Promises that only what changed is done again, and that a step which fails leaves nothing running that this call has
//! started. Leaves out using it: that is `main_job`'s. Called by `up` and `test`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bindings;
use crate::cloud::names::Names;
use crate::cloud::record::Record;
use crate::cloud::{self, Behaviour};
use crate::delivery::{self, Change, Delivery};
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::lock;
use crate::progress::Progress;
use crate::requirements::{CARGO, NODE, NPM, PYTHON, TERRAFORM, Tool};
use crate::terraform;
use crate::venv;
use crate::wasm::{self, Given};

/// The tools that a system needs.
#[derive(Clone, Debug)]
pub struct Tools {
    cargo: Tool,
    terraform: Tool,
    python: Tool,
}

/// A system that was brought up.
#[derive(Clone, Debug)]
pub struct System {
    /// Its ports and processes.
    pub record: Record,
    /// What its resources are called.
    pub names: Names,
    /// What was different from what should be, and was changed.
    pub changes: Vec<Change>,
}

impl Tools {
    /// Finds them all.
    ///
    /// # Errors
    /// One sentence for the first that is missing or too old.
    pub fn find(progress: &Progress) -> Result<Self, Failure> {
        progress.step("check tools", |_| {
            let tools = Self { cargo: CARGO.find()?, terraform: TERRAFORM.find()?, python: PYTHON.find()? };
            let (node, _) = (NODE.find()?, NPM.find()?);
            let Self { cargo, terraform, python } = &tools;
            let told = format!(
                "cargo {}, Terraform {}, Python {}, Node {}",
                cargo.version, terraform.version, python.version, node.version
            );
            Ok((tools, told))
        })
    }

    /// cargo.
    #[must_use]
    pub fn cargo(&self) -> &Tool {
        &self.cargo
    }

    /// Python.
    #[must_use]
    pub fn python(&self) -> &Tool {
        &self.python
    }

    /// Terraform.
    #[must_use]
    pub fn terraform(&self) -> &Tool {
        &self.terraform
    }
}

/// Brings the system up: zips, local cloud, release, deployment.
///
/// # Errors
/// The failure of the first step that failed.
pub fn bring_up(
    layout: &Layout,
    progress: &Progress,
    tools: &Tools,
    behaviour: Behaviour,
    variables: impl Fn(&Record) -> Vec<(&'static str, String)>,
) -> Result<System, Failure> {
    // What can be missing on this machine is found out before minutes are spent on a build.
    cloud::check_ports(layout)?;
    prepare_python(layout, progress, tools)?;
    let root = terraform::Root::of_local_cloud(layout);
    progress.step("terraform init", |step| Ok(((), terraform::initialise(layout, &tools.terraform, &root, step)?)))?;
    if !layout.is_prebuilt() {
        build(layout, progress, &tools.cargo)?;
    }
    let gridbid = gridbid(layout, progress, &tools.cargo)?;
    let ran = Record::read(&layout.cloud())?.is_some_and(|record| record.is_running());
    let record = progress.step("start local cloud", |step| cloud::start(layout, behaviour, step))?;
    let delivery = Delivery::new(layout, record.ports, gridbid);
    let deployed = deploy(layout, progress, tools, &delivery, &record, &variables(&record));
    match deployed {
        Ok((names, changes)) => Ok(System { record, names, changes }),
        Err(failure) => {
            if !ran {
                cloud::stop(layout)?;
                progress.say("  the local cloud was stopped again");
            }
            Err(failure)
        }
    }
}

/// Builds the functions' zips and their manifest, and starts nothing.
///
/// # Errors
/// The failure of the first step that failed.
pub fn package(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    let tools = Tools::find(progress)?;
    prepare_python(layout, progress, &tools)?;
    build(layout, progress, &tools.cargo)
}

/// Builds core as a WASM module, and puts it where it is wanted.
///
/// # Errors
/// The failure of the first step that failed.
pub fn wasm(layout: &Layout, progress: &Progress, given: &Given, to: Option<&Path>) -> Result<(), Failure> {
    let cargo = CARGO.find()?;
    progress.step("build core for WASM", |step| {
        let _held = lock::shared(layout, step)?;
        let told = wasm::build_with(layout, &cargo, given, step)?;
        if let Some(to) = to {
            let module = wasm::module(layout);
            fs::copy(&module, to).on_file("write", to)?;
        }
        Ok(((), told))
    })
}

fn prepare_python(layout: &Layout, progress: &Progress, tools: &Tools) -> Result<(), Failure> {
    progress.step("prepare Python", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), venv::prepare(layout, &tools.python, step)?))
    })
}

/// Builds what Terraform needs of the code: core as WASM, the packages that hold it, the functions, their manifest.
fn build(layout: &Layout, progress: &Progress, cargo: &Tool) -> Result<(), Failure> {
    progress.step("build core for WASM", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), wasm::build(layout, cargo, step)?))
    })?;
    progress.step("build packages", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), bindings::build(layout, step)?))
    })?;
    progress.step("build functions", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), crate::package::package(layout, cargo, step)?))
    })
}

/// Builds the delivery command.
///
/// # Errors
/// When it does not compile.
pub fn gridbid(layout: &Layout, progress: &Progress, cargo: &Tool) -> Result<PathBuf, Failure> {
    progress.step("build gridbid", |step| {
        let _held = lock::shared(layout, step)?;
        Ok((delivery::build(layout, cargo, step)?, String::new()))
    })
}

fn deploy(
    layout: &Layout,
    progress: &Progress,
    tools: &Tools,
    delivery: &Delivery<'_>,
    record: &Record,
    variables: &[(&str, String)],
) -> Result<(Names, Vec<Change>), Failure> {
    let release = progress.step("gridbid release", |step| delivery.release(&layout.functions(), step))?;
    let changes = progress.step("gridbid deploy", |step| {
        let outcome = delivery.deploy(&release, variables, step)?;
        let told = delivery::counted(&outcome.changes);
        Ok((outcome.changes, told))
    })?;
    let names = progress.step("read names", |step| {
        Ok((terraform::names(layout, &tools.terraform, &record.ports, step)?, String::new()))
    })?;
    Ok((names, changes))
}
