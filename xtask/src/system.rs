//! The whole system on a local cloud: from nothing, or from what is there, to deployed.
//!
//! Only what changed is done again, steps that do not need each other run at the same time, and a step that fails leaves
//! nothing running that this call has started. Using the system is `main_job`'s.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bindings;
use crate::cloud::names::Names;
use crate::cloud::record::Record;
use crate::cloud::{self, Behaviour};
use crate::delivery::{self, Change, Delivery, Outcome};
use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::lock;
use crate::npm;
use crate::package::build::{self, Programs};
use crate::package::{self, scripted};
use crate::progress::{Progress, Step};
use crate::requirements::{C_COMPILER, CARGO, NODE, NPM, PYTHON, TERRAFORM, Tool, find_all};
use crate::stamp::Stamp;
use crate::terraform::{self, WarmProvider};
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
    /// The functions whose new version is live.
    pub shifted: Vec<String>,
    /// The delivery command that deployed it.
    pub gridbid: PathBuf,
}

impl Tools {
    /// Finds them all.
    ///
    /// # Errors
    /// One failure that names every tool which is missing or too old.
    pub fn find(progress: &Progress) -> Result<Self, Failure> {
        progress.step("check tools", |_| {
            let [cargo, terraform, python, node, _, _] =
                find_all([&CARGO, &TERRAFORM, &PYTHON, &NODE, &NPM, &C_COMPILER])?;
            let told = format!(
                "cargo {}, Terraform {}, Python {}, Node {}",
                cargo.version, terraform.version, python.version, node.version
            );
            Ok((Self { cargo, terraform, python }, told))
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

/// Brings the system up: packages, zips, local cloud, release, deployment.
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
    update(layout, progress, tools, behaviour, Update::Everything, variables)
}

/// What may have changed since the system was brought up, and what helps to deploy it.
#[derive(Clone, Copy, Debug)]
pub enum Update<'a> {
    /// Anything may have changed.
    Everything,
    /// Everything has been built, with this delivery command.
    Built(&'a Path),
    /// Functions, packages or rules have changed, and a provider runs already.
    Code(&'a WarmProvider),
    /// Only Terraform's files have changed: the delivery command is there, and a provider runs already.
    Terraform(&'a Path, &'a WarmProvider),
}

/// Brings the system up after a change.
///
/// # Errors
/// The failure of the first step that failed.
pub fn update(
    layout: &Layout,
    progress: &Progress,
    tools: &Tools,
    behaviour: Behaviour,
    update: Update<'_>,
    variables: impl Fn(&Record) -> Vec<(&'static str, String)>,
) -> Result<System, Failure> {
    // What can be missing on this machine is found out before minutes are spent on a build.
    cloud::check_ports(layout)?;
    let (gridbid, provider) = match update {
        Update::Everything => (build(layout, progress, tools)?, None),
        Update::Built(gridbid) => {
            initialise_terraform(layout, progress, tools)?;
            (gridbid.to_path_buf(), None)
        }
        Update::Code(provider) => (build(layout, progress, tools)?, Some(provider)),
        Update::Terraform(gridbid, provider) => {
            initialise_terraform(layout, progress, tools)?;
            (gridbid.to_path_buf(), Some(provider))
        }
    };
    let ran = Record::read(&layout.cloud())?.is_some_and(|record| record.is_running());
    let record = progress.step("start local cloud", |step| cloud::start(layout, behaviour, step))?;
    let delivery = Delivery::new(layout, record.ports, gridbid.clone()).with_provider(provider);
    match deploy(layout, progress, &delivery, &record, &variables(&record)) {
        Ok((names, Outcome { changes, shifted, .. })) => Ok(System { record, names, changes, shifted, gridbid }),
        Err(failure) => {
            if !ran {
                cloud::stop_after_failure(layout, progress);
            }
            Err(failure)
        }
    }
}

/// Fetches packages and builds everything that a deployment needs; gives the delivery command.
///
/// # Errors
/// The failure of the first step that failed.
pub fn build(layout: &Layout, progress: &Progress, tools: &Tools) -> Result<PathBuf, Failure> {
    let ((), compiled) =
        progress.both(|| fetch(layout, progress, tools), || compile(layout, progress, &tools.cargo))?;
    assemble(layout, progress, compiled)
}

/// Builds the functions' zips and their manifest, and starts nothing.
///
/// # Errors
/// The failure of the first step that failed.
pub fn package(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    build(layout, progress, &Tools::find(progress)?).map(drop)
}

/// Builds core as a WASM module, and copies it to a file.
///
/// # Errors
/// The failure of the first step that failed.
pub fn wasm(layout: &Layout, progress: &Progress, given: &Given, to: Option<&Path>) -> Result<(), Failure> {
    let cargo = CARGO.find()?;
    progress.step("build core for WASM", |step| {
        let _held = lock::shared(layout, step)?;
        let (_, told) = module(layout, &cargo, given, step)?;
        if let Some(to) = to {
            let module = wasm::module(layout);
            fs::copy(&module, to).on_file("write", to)?;
        }
        Ok(((), told))
    })
}

/// Builds core as a WASM module and the packages that ship it; gives the command `gridbid-bindgen`.
///
/// # Errors
/// The failure of the first step that failed.
pub fn packages(layout: &Layout, progress: &Progress, cargo: &Tool) -> Result<PathBuf, Failure> {
    let bindgen = progress.step("build core for WASM", |step| {
        let _held = lock::shared(layout, step)?;
        module(layout, cargo, &Given::default(), step)
    })?;
    progress.step("build packages", |step| {
        let _held = lock::shared(layout, step)?;
        Ok((bindgen, bindings::build(layout, step)?))
    })
}

fn module(layout: &Layout, cargo: &Tool, given: &Given, step: &Step) -> Result<(PathBuf, String), Failure> {
    let compiled = wasm::compile(layout, cargo, given, step)?;
    let bindgen = match &given.bindgen {
        Some(bindgen) => bindgen.clone(),
        None => build::program(layout, cargo, "gridbid-bindgen", step)?,
    };
    let told = wasm::finish(layout, &compiled, &bindgen, given, step)?;
    Ok((bindgen, told))
}

/// Fetches the packages of Python, Terraform and npm that building and running the system takes.
///
/// # Errors
/// The failure of the first step that failed.
pub fn fetch(layout: &Layout, progress: &Progress, tools: &Tools) -> Result<(), Failure> {
    progress.step("fetch Python packages", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), venv::prepare(layout, &tools.python, step)?))
    })?;
    if !layout.is_prebuilt() {
        progress.step("fetch npm packages", |step| {
            let _held = lock::shared(layout, step)?;
            let mut told = vec![npm::prepare(layout, step)?];
            for folder in [vec![bindings::typescript(layout)], scripted::npm_folders(layout)].concat() {
                told.push(npm::install(layout, &folder, step)?);
            }
            told.dedup();
            Ok(((), told.join(", ")))
        })?;
    }
    initialise_terraform(layout, progress, tools)
}

fn initialise_terraform(layout: &Layout, progress: &Progress, tools: &Tools) -> Result<(), Failure> {
    let root = terraform::Root::of_local_cloud(layout);
    progress.step("terraform init", |step| Ok(((), terraform::initialise(layout, &tools.terraform, &root, step)?)))
}

/// What cargo has compiled for a system.
#[derive(Debug)]
pub struct Compiled {
    /// The delivery command.
    pub gridbid: PathBuf,
    /// The programs and the module of core, unless the functions were built elsewhere.
    own: Option<(Programs, wasm::Compiled)>,
}

impl Compiled {
    /// wasm-bindgen's command; none where the functions were built elsewhere.
    #[must_use]
    pub fn bindgen(&self) -> Option<&Path> {
        self.own.as_ref().map(|(programs, _)| programs.bindgen.as_path())
    }
}

/// Compiles functions, programs and core's module, as far as they were not built elsewhere.
///
/// # Errors
/// The failure of the first step that failed.
pub fn compile(layout: &Layout, progress: &Progress, cargo: &Tool) -> Result<Compiled, Failure> {
    if layout.is_prebuilt() {
        return Ok(Compiled { gridbid: gridbid(layout, progress, cargo)?, own: None });
    }
    let module = || {
        progress.step("compile core for WASM", |step| {
            let _held = lock::shared(layout, step)?;
            Ok((wasm::compile(layout, cargo, &Given::default(), step)?, String::new()))
        })
    };
    let programs = || {
        progress.step("compile functions and gridbid", |step| {
            let _held = lock::shared(layout, step)?;
            Ok((build::build_all(layout, cargo, step)?, String::new()))
        })
    };
    let (module, programs) = progress.both(module, programs)?;
    let gridbid = layout.gridbid().map_or_else(|| programs.gridbid.clone(), Path::to_path_buf);
    Ok(Compiled { gridbid, own: Some((programs, module)) })
}

/// The delivery command, compiled unless it was built elsewhere.
fn gridbid(layout: &Layout, progress: &Progress, cargo: &Tool) -> Result<PathBuf, Failure> {
    match layout.gridbid() {
        Some(file) => Ok(file.to_path_buf()),
        None => progress.step("compile gridbid", |step| {
            let _held = lock::shared(layout, step)?;
            Ok((build::program(layout, cargo, "gridbid", step)?, String::new()))
        }),
    }
}

/// Makes packages and zips of what was compiled and fetched; gives the delivery command.
///
/// # Errors
/// The failure of the first step that failed.
pub fn assemble(layout: &Layout, progress: &Progress, compiled: Compiled) -> Result<PathBuf, Failure> {
    let Compiled { gridbid, own } = compiled;
    let Some((programs, module)) = own else { return Ok(gridbid) };
    progress.step("build packages", |step| {
        let _held = lock::shared(layout, step)?;
        let told = wasm::finish(layout, &module, &programs.bindgen, &Given::default(), step)?;
        bindings::build(layout, step)?;
        Ok(((), told))
    })?;
    progress.step("build functions", |step| {
        let _held = lock::shared(layout, step)?;
        let scripted = scripted::build_all(layout, step)?;
        Ok(((), package::package(layout, &programs.functions, scripted, step)?))
    })?;
    Ok(gridbid)
}

/// Releases and deploys, unless the same was deployed to this very start of the cloud.
fn deploy(
    layout: &Layout,
    progress: &Progress,
    delivery: &Delivery<'_>,
    record: &Record,
    variables: &[(&str, String)],
) -> Result<(Names, Outcome), Failure> {
    let release = progress.step("gridbid release", |step| delivery.release(&layout.functions(), step))?;
    progress.step("gridbid deploy", |step| {
        let terraform = scripted::digest_of_sources(layout, [layout.terraform().as_path()])?;
        let deployed = format!("{} {release} {terraform} {variables:?}", record.instance);
        let stamp = Stamp::new(layout.cloud().join("deployed"), sha256_hex(deployed.as_bytes()));
        if stamp.is_current() {
            return Ok(((Names::read(&layout.cloud())?, Outcome::default()), "unchanged".to_owned()));
        }
        stamp.remove()?;
        let outcome = delivery.deploy(&release, variables, step)?;
        let names = Names::from_outputs(outcome.outputs.clone())?;
        names.write(&layout.cloud())?;
        stamp.write()?;
        let told = delivery::counted(&outcome.changes);
        Ok(((names, outcome), told))
    })
}
