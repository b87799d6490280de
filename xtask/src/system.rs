//! Brings the whole system up on a local cloud, from nothing or after a change.
//!
//! A failed step leaves nothing running that its command has started.

use gridbid_devkit::context::Context;
use gridbid_devkit::digest::sha256_hex;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::files::source_digest;
use gridbid_devkit::stamp::Stamp;
use gridbid_devkit::terraform::{self, WarmProvider};
use gridbid_local_cloud::behaviour::Behaviour;
use gridbid_local_cloud::client::Cloud;
use gridbid_local_cloud::delivery::Delivery;
use gridbid_local_cloud::deployer;
use gridbid_local_cloud::lifecycle;
use gridbid_local_cloud::names::Names;
use gridbid_local_cloud::record::Record;
use gridbid_package::pipeline;
use gridbid_package::programs::HostPrograms;
use gridbid_release_format::{Change, DeployReport, FunctionName, summarize};

/// A running system.
#[derive(Clone, Debug)]
pub struct System {
    /// Its ports and processes.
    pub record: Record,
    /// The names of its resources.
    pub names: Names,
    /// What the deployment has changed.
    pub changes: Vec<Change>,
    /// The functions whose new version is live.
    pub shifted: Vec<FunctionName>,
    /// The programs that it was deployed and started with.
    pub programs: HostPrograms,
}

impl System {
    /// The AWS APIs of the local cloud.
    #[must_use]
    pub fn cloud(&self) -> Cloud {
        Cloud::new(&self.record.ports)
    }
}

/// Who deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployer {
    /// The account's root.
    Root,
    /// The deploy role of `terraform/bootstrap`.
    Role,
}

/// What has to be built before a deployment, and what speeds it up.
#[derive(Clone, Copy, Debug)]
pub enum Update<'a> {
    /// Build everything.
    Everything,
    /// Build nothing: everything is built, and these are the programs.
    Built(&'a HostPrograms),
    /// Build functions, packages and rules; a provider is running.
    Code(&'a WarmProvider),
    /// Build nothing, because only Terraform files have changed; a provider is running.
    Terraform(&'a HostPrograms, &'a WarmProvider),
}

/// Brings the system up with these Terraform variables: packages, zips, local cloud, release, deployment.
pub fn bring_up(
    context: &Context,
    behaviour: Behaviour,
    update: Update<'_>,
    variables: &[(&str, String)],
) -> Result<System, Failure> {
    bring_up_by(Deployer::Root, context, behaviour, update, variables)
}

/// Brings the system up as [`bring_up`] does, deployed by somebody else.
pub fn bring_up_by(
    deployer: Deployer,
    context: &Context,
    behaviour: Behaviour,
    update: Update<'_>,
    variables: &[(&str, String)],
) -> Result<System, Failure> {
    let layout = &context.layout;
    // Found out before minutes are spent on a build.
    lifecycle::check_ports(layout)?;
    let (programs, provider) = match update {
        Update::Everything => (build(context)?, None),
        Update::Code(provider) => (build(context)?, Some(provider)),
        Update::Built(programs) => {
            initialise_terraform(context)?;
            (programs.clone(), None)
        }
        Update::Terraform(programs, provider) => {
            initialise_terraform(context)?;
            (programs.clone(), Some(provider))
        }
    };
    let was_running = Record::read(&layout.cloud())?.is_some_and(|record| record.is_running());
    let record =
        context.step("start local cloud", |step| lifecycle::start(layout, behaviour, &programs.simulators, step))?;
    if deployer == Deployer::Role {
        let tool = &context.tools()?.terraform;
        context
            .step("deploy role", |step| Ok((deployer::install(layout, record.ports, tool, step)?, String::new())))?;
    }
    let delivery = Delivery::new(layout, record.ports, programs.gridbid.clone()).with_provider(provider);
    match deploy(context, &delivery, &record, variables) {
        Ok((names, DeployReport { changes, shifted, .. })) => Ok(System { record, names, changes, shifted, programs }),
        Err(failure) => {
            if !was_running {
                lifecycle::stop_after_failure(layout, &context.progress);
            }
            Err(failure)
        }
    }
}

/// Fetches packages, initialises Terraform and builds everything that a deployment needs.
pub fn build(context: &Context) -> Result<HostPrograms, Failure> {
    let ((), compiled) = context.progress.both(|| fetch(context), || pipeline::compile(context))?;
    pipeline::assemble(context, compiled)
}

/// Fetches packages and initialises Terraform.
pub fn fetch(context: &Context) -> Result<(), Failure> {
    pipeline::fetch(context)?;
    initialise_terraform(context)
}

fn initialise_terraform(context: &Context) -> Result<(), Failure> {
    let root = terraform::Root::of_local_cloud(&context.layout);
    let tool = &context.tools()?.terraform;
    context.step("terraform init", |step| Ok(((), terraform::initialise(&context.layout, tool, &root, step)?)))
}

/// Releases and deploys, unless the same was deployed to this start of the local cloud.
fn deploy(
    context: &Context,
    delivery: &Delivery<'_>,
    record: &Record,
    variables: &[(&str, String)],
) -> Result<(Names, DeployReport), Failure> {
    let layout = &context.layout;
    let release = context.step("gridbid release", |step| delivery.release(&layout.functions(), step))?;
    context.step("gridbid deploy", |step| {
        let terraform = source_digest(layout, [layout.terraform().as_path()])?;
        let deployed = format!("{} {release} {terraform} {variables:?}", record.instance);
        let stamp = Stamp::new(layout.cloud().join("deployed"), sha256_hex(deployed.as_bytes()));
        if stamp.is_current() {
            return Ok(((Names::read(&layout.cloud())?, DeployReport::default()), "unchanged".to_owned()));
        }
        stamp.remove()?;
        let report = delivery.deploy(&release, variables, step)?;
        let names = Names::from_outputs(report.outputs.clone())?;
        names.write(&layout.cloud())?;
        stamp.write()?;
        let summary = summarize(&report.changes);
        Ok(((names, report), summary))
    })
}
