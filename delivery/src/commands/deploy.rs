//! `gridbid deploy`: shifts an environment's aliases to the versions of a release, or reverts them.
//!
//! Terraform writes code and configuration, which publishes versions that receive no calls yet. Each new version is probed, the
//! console's assets are uploaded, the aliases are shifted, the console is switched, and the smoke test runs. If a step from the
//! shift on fails, console and aliases are reverted, Slack is notified and the command fails. Terraform's changes are not reverted: the next deployment applies its own. A lease admits
//! one deployment at a time for each environment.

mod versions;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridbid_release_format::{
    Change, Console, DeployReport, EnvironmentName, Manifest, Profile, Release, ReleaseId, summarize,
};

use self::versions::{StackOutputs, Target};
use crate::api::Api;
use crate::cloud::services::{AliasState, Cloud};
use crate::commands::mode::Mode;
use crate::commands::smoke::smoke;
use crate::console::{self, ConsoleSwitch};
use crate::failure::Failure;
use crate::history::{Addresses, History, PinnedAlias, Record};
use crate::interruption::Interruption;
use crate::lease::Lease;
use crate::progress::{log, log_detail};
use crate::releases;
use crate::shift::{self, AliasShift};
use crate::terraform::{Applied, ApplyFailure, Infrastructure, Plan, Purpose};

/// What to deploy, and how.
#[derive(Clone, Debug)]
pub(crate) struct DeployRequest {
    /// The environment.
    pub(crate) environment: EnvironmentName,
    /// The release.
    pub(crate) release: ReleaseId,
    /// Who runs it.
    pub(crate) by: String,
    /// Time limit of the wait for another deployment.
    pub(crate) wait_limit: Duration,
    /// Whether the release may lack commits of the deployed one.
    pub(crate) allow_older: bool,
    /// Whether a release's history has another release's commit.
    pub(crate) contains: fn(&ReleaseId, &ReleaseId) -> Result<bool, Failure>,
    /// Whether Terraform plans and applies in one run, without a saved plan: for a cloud without anything to lose.
    pub(crate) in_one_run: bool,
    /// Whether the smoke test runs.
    pub(crate) with_smoke: bool,
    /// Whether existing resources that are not in Terraform's state are imported.
    pub(crate) adopt_existing: bool,
}

/// A deployment that holds the lease.
struct Deployment<'a, C, I> {
    cloud: &'a C,
    infrastructure: &'a I,
    interruption: &'a Interruption,
    lease: &'a Lease<'a, C>,
    request: &'a DeployRequest,
    release: &'a Release,
}

/// What Terraform did, and the shifts that remain.
struct Prepared {
    applied: Applied,
    target: Target,
    shifts: Vec<AliasShift>,
    console: Option<ConsoleSwitch>,
}

/// Deploys.
///
/// # Errors
/// When the release is unknown or older, another deployment is under way, or a step failed. Every alias is where it was before
/// then, unless the message says otherwise.
pub(crate) async fn deploy<C: Cloud, I: Infrastructure, A: Api>(
    cloud: &C,
    infrastructure: &I,
    api: impl Fn(&Addresses) -> A,
    interruption: &Interruption,
    scratch: &Path,
    request: &DeployRequest,
    mode: Mode,
) -> Result<DeployReport, Failure> {
    let release = releases::read(cloud, &request.release).await?;
    check_profile(&request.environment, &release)?;
    let manifest = write_manifest(&release, scratch)?;
    let DeployRequest { environment, by, wait_limit, .. } = request;
    if mode == Mode::DryRun {
        check_not_older(&History::read(cloud, environment).await?, &release, request)?;
        let Plan { changes, .. } = infrastructure.plan(&manifest, Purpose::Show).await?;
        log(&format!("would deploy {} to {environment}: Terraform has {}", request.release, summarize(&changes)));
        log_detail(
            "and would probe and shift every function whose published version differs, and switch the console if it differs",
        );
        return Ok(DeployReport { changes, ..DeployReport::default() });
    }
    let lease = Lease::acquire(cloud, environment, by, *wait_limit, interruption).await?;
    let deployment = Deployment { cloud, infrastructure, interruption, lease: &lease, request, release: &release };
    let result = lease.during(deployment.run(&manifest, api)).await;
    lease.release().await;
    result
}

/// Rejects a release that was not built for production, whatever the endpoint: only the local environment takes it.
fn check_profile(environment: &EnvironmentName, release: &Release) -> Result<(), Failure> {
    let Release { release: id, profile, .. } = release;
    if *profile == Profile::Release || environment.is_local() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "release {id} was built with the profile `{profile}`, which only the environment `local` takes, and not {environment}"
    ))
    .with_hint("release a build of `nix build .#functions` and deploy that"))
}

/// Writes the release's manifest for Terraform.
fn write_manifest(release: &Release, scratch: &Path) -> Result<PathBuf, Failure> {
    let file = scratch.join(Manifest::FILE_NAME);
    let cannot =
        |error: &(dyn Error + 'static)| Failure::from_error(format!("cannot write `{}`", file.display()), error);
    let json = release.manifest().to_json().map_err(|error| cannot(&error))?;
    fs::write(&file, json).map_err(|error| cannot(&error))?;
    Ok(file)
}

/// Checks that the release has the deployed one's commit in its history, unless it need not. Times of commits say nothing: a
/// commit is often merged after younger ones.
fn check_not_older(history: &History, release: &Release, request: &DeployRequest) -> Result<(), Failure> {
    let Some(last) = history.last() else { return Ok(()) };
    let (environment, id) = (&request.environment, &release.release);
    if request.allow_older || environment.is_local() || last.release == *id {
        return Ok(());
    }
    if (request.contains)(id, &last.release)? {
        return Ok(());
    }
    Err(Failure::new(format!("release {id} does not contain {}, which {environment} has", last.release))
        .with_hint("use `gridbid rollback` to restore an earlier deployment, or add --allow-older"))
}

impl<C: Cloud, I: Infrastructure> Deployment<'_, C, I> {
    async fn run<A: Api>(&self, manifest: &Path, api: impl Fn(&Addresses) -> A) -> Result<DeployReport, Failure> {
        let DeployRequest { environment, release, .. } = self.request;
        let mut history = History::read(self.cloud, environment).await?;
        check_not_older(&history, self.release, self.request)?;
        log(&format!("deploying {release} to {environment}"));
        let last = history.last().cloned();
        let Prepared { applied, target, shifts, console } = match self.prepare(manifest).await {
            Ok(prepared) => prepared,
            Err(failure) => {
                let failure = failure.with_consequence("no alias was touched");
                return Err(match last {
                    Some(last) => self.notify(failure, &last.addresses).await,
                    None => failure,
                });
            }
        };
        let addresses = &target.addresses;
        if shifts.is_empty() {
            log_detail("every alias is on its published version");
        }
        if let Err(failure) = shift::shift_aliases(self.cloud, self.lease, self.interruption, &shifts).await {
            return Err(self.notify(failure, addresses).await);
        }
        let switched = console::show_or_revert(self.cloud, self.lease, self.interruption, console.as_ref(), &shifts);
        if let Err(failure) = switched.await {
            return Err(self.notify(failure, addresses).await);
        }
        if let Err(failure) = self.record(&mut history, &target).await {
            let failure = failure
                .with_consequence("every alias is on its new version, but that is not recorded")
                .with_hint("deploy the same release again to record it");
            return Err(self.notify(failure, addresses).await);
        }
        let verified = match self.request.with_smoke {
            true => smoke(&api(addresses), self.cloud.now(), Mode::Apply).await,
            false => Ok(()),
        };
        if let Err(failure) = verified.and_then(|()| self.interruption.check()) {
            let failure = self.revert(&mut history, last, &target, &shifts, console.as_ref(), failure).await;
            return Err(self.notify(failure, addresses).await);
        }
        log(&format!("{environment} has release {release}"));
        if history.previous().is_some() && !(shifts.is_empty() && console.is_none()) {
            log_detail(&format!("undo it: gridbid rollback --env {environment}"));
        }
        let Applied { changes, outputs } = applied;
        Ok(DeployReport { changes, shifted: shifts.into_iter().map(|shift| shift.name).collect(), outputs })
    }

    /// Runs Terraform and probes each new version. No caller notices a failure here.
    async fn prepare(&self, manifest: &Path) -> Result<Prepared, Failure> {
        let applied = if self.request.in_one_run {
            self.plan_and_apply(manifest).await?
        } else {
            let changes = self.apply(manifest).await?;
            Applied { changes, outputs: self.infrastructure.outputs().await? }
        };
        let target = StackOutputs::parse(applied.outputs.clone())?.target(self.cloud, self.release).await?;
        let mut shifts = Vec::new();
        for (name, pinned) in &target.functions {
            let before = self.cloud.alias(&pinned.alias).await?;
            if before.second_version.is_some() {
                let message = format!("a share of the calls of {name} goes to another version: a canary was abandoned");
                return Err(Failure::new(message).with_hint("run `gridbid rollback` first, which stops it"));
            }
            if before.version != pinned.version {
                versions::probe(self.cloud, name, pinned).await?;
                let PinnedAlias { alias, version: to, deployment: canary, .. } = pinned.clone();
                shifts.push(AliasShift { name: name.clone(), alias, canary, before, to });
            }
        }
        let bucket = target.addresses.console_bucket.as_deref();
        let console = console::prepare(self.cloud, self.lease, bucket, &self.release.console).await?;
        Ok(Prepared { applied, target, shifts, console })
    }

    /// Plans and applies in one run; after a refused create, imports and applies in separate runs.
    async fn plan_and_apply(&self, manifest: &Path) -> Result<Applied, Failure> {
        let ApplyFailure { failure, existing } = match self.infrastructure.plan_and_apply(manifest).await {
            Ok(applied) => {
                log_detail(&format!("Terraform: {}", summarize(&applied.changes)));
                self.lease.check()?;
                return Ok(applied);
            }
            Err(failure) => failure,
        };
        if existing.is_empty() || !self.request.adopt_existing {
            return Err(failure);
        }
        let changes = self.apply(manifest).await?;
        Ok(Applied { changes, outputs: self.infrastructure.outputs().await? })
    }

    /// Plans and applies; after a refused create, imports the existing resources and tries again. It terminates because each
    /// resource is imported at most once.
    async fn apply(&self, manifest: &Path) -> Result<Vec<Change>, Failure> {
        let mut plan = self.plan(manifest).await?;
        let mut changes = plan.changes;
        let mut adopted = BTreeSet::new();
        while !plan.is_empty {
            let Err(ApplyFailure { failure, existing }) = self.infrastructure.apply().await else { break };
            let is_adoptable = !existing.is_empty() && existing.is_disjoint(&adopted);
            if !self.request.adopt_existing || !is_adoptable {
                return Err(failure);
            }
            self.infrastructure.import(manifest, &existing).await?;
            for change in changes.iter_mut().filter(|change| existing.contains(&change.address)) {
                "import".clone_into(&mut change.action);
            }
            adopted.extend(existing);
            plan = self.plan(manifest).await?;
        }
        Ok(changes)
    }

    /// Plans, and checks that the lease is still held before anything is applied.
    async fn plan(&self, manifest: &Path) -> Result<Plan, Failure> {
        let plan = self.infrastructure.plan(manifest, Purpose::Apply).await?;
        log_detail(&format!("Terraform: {}", summarize(&plan.changes)));
        self.lease.check()?;
        Ok(plan)
    }

    /// Adds a record, unless the last one has the same content.
    async fn record(&self, history: &mut History, target: &Target) -> Result<(), Failure> {
        let record = self.new_record(target, history.last());
        let is_same = history.last().is_some_and(|last| {
            (&last.release, &last.functions, &last.console, &last.addresses)
                == (&record.release, &record.functions, &record.console, &record.addresses)
        });
        if is_same {
            return Ok(());
        }
        let key = history.add(self.cloud, &self.request.environment, record).await?;
        log_detail(&format!("recorded as {key}"));
        Ok(())
    }

    /// Reverts the console and every shifted alias after a failure, and returns the failure with the outcome.
    async fn revert(
        &self,
        history: &mut History,
        last: Option<Record>,
        target: &Target,
        shifts: &[AliasShift],
        console: Option<&ConsoleSwitch>,
        failure: Failure,
    ) -> Failure {
        if shifts.is_empty() && console.is_none() {
            return failure.with_consequence("this deployment shifted no alias, so there is nothing to revert");
        }
        log_detail(&format!("{failure}: reverting"));
        // An interruption must not stop the revert; another deployment must.
        if let Err(error) = console::revert(self.cloud, self.lease, console, shifts).await {
            return failure.with_consequence(&error.to_string());
        }
        match self.record_revert(history, last, target, shifts, &failure).await {
            Ok(()) => failure.with_consequence(console::restored(console)),
            Err(error) => failure.with_consequence(&format!("{}, unrecorded: {error}", console::restored(console))),
        }
    }

    /// Adds a record of the versions before the shifts. Functions that were not shifted keep their new version.
    async fn record_revert(
        &self,
        history: &mut History,
        last: Option<Record>,
        target: &Target,
        shifts: &[AliasShift],
        failure: &Failure,
    ) -> Result<(), Failure> {
        let before = last.unwrap_or_else(|| Record { functions: BTreeMap::new(), ..self.new_record(target, None) });
        let mut functions = target.functions.clone();
        for AliasShift { name, alias, canary, before: AliasState { version, .. }, .. } in shifts {
            let recorded = before.functions.get(name).filter(|pinned| pinned.version == *version);
            let code_sha256 = match recorded {
                Some(pinned) => pinned.code_sha256.clone(),
                None => {
                    let missing = || Failure::new(format!("version {version} of {name} does not exist any more"));
                    self.cloud.code_sha256(&alias.function_name, version).await?.ok_or_else(missing)?
                }
            };
            let (alias, version, deployment) = (alias.clone(), version.clone(), canary.clone());
            functions.insert(name.clone(), PinnedAlias { alias, version, code_sha256, deployment });
        }
        let record = Record {
            at: self.cloud.now(),
            by: self.request.by.clone(),
            back_to: Some(before.at),
            why: Some(failure.to_string()),
            functions,
            addresses: target.addresses.clone(),
            ..before
        };
        let key = history.add(self.cloud, &self.request.environment, record).await?;
        log_detail(&format!("recorded as {key}"));
        Ok(())
    }

    /// The record of a successful deployment.
    fn new_record(&self, target: &Target, last: Option<&Record>) -> Record {
        let console = match (&target.addresses.console_bucket, last) {
            (None, _) => Console::default(),
            // A release without a console leaves the page as it is.
            (Some(_), Some(last)) if self.release.console.is_empty() => last.console.clone(),
            (Some(_), _) => self.release.console.clone(),
        };
        Record {
            at: self.cloud.now(),
            release: self.release.release.clone(),
            committed_at: self.release.committed_at,
            by: self.request.by.clone(),
            back_to: None,
            why: None,
            functions: target.functions.clone(),
            console,
            addresses: target.addresses.clone(),
        }
    }

    /// Reports a failure to Slack through the environment's topic, and returns it.
    async fn notify(&self, failure: Failure, addresses: &Addresses) -> Failure {
        let DeployRequest { environment, release, by, .. } = self.request;
        let subject = format!("Deployment to {environment} failed");
        let text = format!("{failure}\nRelease {release}, deployed by {by}");
        match self.cloud.publish(&addresses.topic_arn, &subject, &text).await {
            Ok(()) => {
                log_detail("Slack was notified");
                failure.reported()
            }
            Err(error) => {
                log_detail(&format!("Slack could not be notified: {error}"));
                failure
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
