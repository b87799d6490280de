//! `gridbid deploy`: takes an environment to a release, wholly or not at all.
//!
//! Terraform writes code and configuration, which publishes versions that nobody calls yet; each new version is probed;
//! then the aliases are shifted together; then the system is used as a company uses it. When the shift or that use goes
//! wrong, every alias goes back, Slack is told and the command fails. One deployment at a time for each environment.
//! Called by `cli`.

mod versions;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use self::versions::{Deployed, Stack};
use super::Mode;
use super::smoke::smoke;
use crate::api::Api;
use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::history::{Addresses, History, Placed, Record};
use crate::interruption::Interruption;
use crate::lease::Lease;
use crate::manifest::{self, Profile};
use crate::names::{EnvironmentName, FunctionName, ReleaseId};
use crate::progress::say;
use crate::release::Release;
use crate::shift::{self, Move};
use crate::terraform::{ApplyFailure, Change, Converged, Infrastructure, Plan, Purpose, counted};

/// What is to be deployed, and how.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Where to.
    pub(crate) environment: EnvironmentName,
    /// What.
    pub(crate) release: ReleaseId,
    /// Who does it.
    pub(crate) by: String,
    /// How long to wait for another deployment that is under way.
    pub(crate) patience: Duration,
    /// Whether a release that is older than the deployed one is meant.
    pub(crate) allow_older: bool,
    /// Whether Terraform plans and applies in one run, without a plan in between: for a cloud where nothing can be lost.
    pub(crate) in_one_run: bool,
    /// Whether the system is used once afterwards.
    pub(crate) with_smoke: bool,
    /// Whether resources that exist already, although Terraform's state does not know them, are imported.
    pub(crate) adopt_existing: bool,
}

/// What came of it, for a program that called the command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    /// What Terraform changed.
    pub(crate) changes: Vec<Change>,
    /// The functions whose aliases were shifted.
    pub(crate) shifted: Vec<FunctionName>,
    /// Terraform's outputs by name.
    pub(crate) outputs: Value,
}

/// A deployment that has the environment for itself.
struct Deployment<'a, C, I> {
    cloud: &'a C,
    infrastructure: &'a I,
    interruption: &'a Interruption,
    lease: &'a Lease<'a, C>,
    order: &'a Order,
    release: &'a Release,
}

/// What is ready to be shifted.
struct Prepared {
    /// What Terraform changed.
    changes: Vec<Change>,
    /// Its outputs by name.
    outputs: Value,
    /// Where every alias has to go.
    deployed: Deployed,
    /// Those that are not there yet.
    moves: Vec<Move>,
}

/// Deploys.
///
/// # Errors
/// When the release is unknown or older, another deployment is under way, or a step failed; every alias is where it was
/// before then, unless the sentence says otherwise.
pub(crate) async fn deploy<C: Cloud, I: Infrastructure, A: Api>(
    cloud: &C,
    infrastructure: &I,
    api: impl Fn(&Addresses) -> A,
    interruption: &Interruption,
    scratch: &Path,
    order: &Order,
    mode: Mode,
) -> Result<Outcome, Failure> {
    let release = Release::read(cloud, &order.release).await?;
    is_built_for(&order.environment, &release)?;
    let manifest = write_manifest(&release, scratch)?;
    let environment = &order.environment;
    if mode == Mode::DryRun {
        not_older(&History::read(cloud, environment).await?, &release, order)?;
        let plan = infrastructure.plan(&manifest, Purpose::ToLook).await?;
        say(&format!("would deploy {} to {environment}: Terraform has {}", order.release, counted(&plan.changes)));
        say("  and every function whose published version differs would be probed and shifted");
        return Ok(Outcome { changes: plan.changes, ..Outcome::default() });
    }
    let lease = Lease::wait(cloud, environment, &order.by, order.patience, interruption).await?;
    let deployment = Deployment { cloud, infrastructure, interruption, lease: &lease, order, release: &release };
    let result = lease.during(deployment.run(&manifest, api)).await;
    lease.give_back().await;
    result
}

/// Refuses a release that was not built for production, wherever the endpoint leads: only the local environment takes it.
fn is_built_for(environment: &EnvironmentName, release: &Release) -> Result<(), Failure> {
    let Release { release: id, profile, .. } = release;
    if *profile == Profile::Release || environment.is_local() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "release {id} was built with the profile `{profile}`, which only the environment `local` takes, and not {environment}"
    ))
    .with_todo("release what `nix build .#functions` makes, and deploy that"))
}

/// Puts the release's manifest where Terraform reads it.
fn write_manifest(release: &Release, scratch: &Path) -> Result<PathBuf, Failure> {
    let file = scratch.join(manifest::FILE_NAME);
    let cannot = |error: &dyn std::fmt::Display| Failure::new(format!("cannot write `{}`: {error}", file.display()));
    let json = serde_json::to_vec_pretty(&release.manifest()).map_err(|error| cannot(&error))?;
    fs::write(&file, json).map_err(|error| cannot(&error))?;
    Ok(file)
}

/// The release is not older than what is there, unless that is meant.
fn not_older(history: &History, release: &Release, order: &Order) -> Result<(), Failure> {
    let Some(last) = history.last() else { return Ok(()) };
    if order.allow_older || release.committed_at >= last.committed_at {
        return Ok(());
    }
    let (environment, id) = (&order.environment, &release.release);
    Err(Failure::new(format!(
        "release {id} of {} is older than {} of {}, which {environment} has",
        release.committed_at, last.release, last.committed_at
    ))
    .with_todo("`gridbid rollback` goes back; if an older release is really meant, add --allow-older"))
}

impl<C: Cloud, I: Infrastructure> Deployment<'_, C, I> {
    async fn run<A: Api>(&self, manifest: &Path, api: impl Fn(&Addresses) -> A) -> Result<Outcome, Failure> {
        let Order { environment, release, .. } = self.order;
        let mut history = History::read(self.cloud, environment).await?;
        not_older(&history, self.release, self.order)?;
        say(&format!("deploying {release} to {environment}"));
        let known = history.last().map(|record| record.addresses.topic_arn.clone());
        let prepared = self.prepare(manifest).await;
        let Prepared { changes, outputs, deployed, moves } = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => {
                let failure = failure.with_consequence("no alias was touched");
                return Err(self.told(failure, known.as_deref()).await);
            }
        };
        let topic = deployed.addresses.topic_arn.clone();
        if let Err(failure) = self.shift(&moves).await {
            return Err(self.told(failure, Some(&topic)).await);
        }
        let before = history.last().cloned();
        if let Err(failure) = self.record(&mut history, &deployed).await {
            let failure = failure
                .with_consequence("every alias is on its new version, but that is not recorded")
                .with_todo("deploy the same release again, which records it");
            return Err(self.told(failure, Some(&topic)).await);
        }
        if self.order.with_smoke {
            let used = smoke(&api(&deployed.addresses), self.cloud.now(), Mode::ForReal).await;
            if let Err(failure) = used {
                let failure = self.go_back(&mut history, before, &deployed, &moves, failure).await;
                return Err(self.told(failure, Some(&topic)).await);
            }
        }
        say(&format!("{environment} has release {release}"));
        if history.previous().is_some() && !moves.is_empty() {
            say(&format!("  undo it: gridbid rollback --env {environment}"));
        }
        Ok(Outcome { changes, shifted: moves.into_iter().map(|one| one.name).collect(), outputs })
    }

    /// Terraform's part, and the probe of each new version: whatever fails here, nobody was served by it.
    async fn prepare(&self, manifest: &Path) -> Result<Prepared, Failure> {
        let Converged { changes, outputs } = match self.order.in_one_run {
            true => self.converge(manifest).await?,
            false => {
                let changes = self.apply(manifest).await?;
                Converged { changes, outputs: self.infrastructure.outputs().await? }
            }
        };
        let stack = Stack::of_outputs(outputs.clone())?;
        let deployed = stack.deployed(self.cloud, self.release).await?;
        let mut moves = Vec::new();
        for (name, placed) in &deployed.functions {
            let before = self.cloud.alias(&placed.place).await?;
            if before.is_split {
                let sentence = format!("a part of the calls of {name} goes to another version: a canary was cut off");
                return Err(Failure::new(sentence).with_todo("run `gridbid rollback` first, which ends it"));
            }
            if before.version != placed.version {
                versions::probe(self.cloud, name, placed).await?;
                let (place, to) = (placed.place.clone(), placed.version.clone());
                moves.push(Move { name: name.clone(), place, canary: placed.deployment.clone(), before, to });
            }
        }
        Ok(Prepared { changes, outputs, deployed, moves })
    }

    /// Plans and applies in one run; with a plan in between after an import of resources that exist already.
    async fn converge(&self, manifest: &Path) -> Result<Converged, Failure> {
        let ApplyFailure { failure, existing } = match self.infrastructure.converge(manifest).await {
            Ok(converged) => {
                say(&format!("  Terraform: {}", counted(&converged.changes)));
                self.lease.check()?;
                return Ok(converged);
            }
            Err(refused) => refused,
        };
        if existing.is_empty() || !self.order.adopt_existing {
            return Err(failure);
        }
        let changes = self.apply(manifest).await?;
        Ok(Converged { changes, outputs: self.infrastructure.outputs().await? })
    }

    /// Plans and applies, again after every import of resources that exist already. A resource is imported at most once, so
    /// it ends.
    async fn apply(&self, manifest: &Path) -> Result<Vec<Change>, Failure> {
        let mut plan = self.plan(manifest).await?;
        let mut changes = plan.changes;
        let mut adopted = BTreeSet::new();
        while !plan.is_empty {
            let Err(ApplyFailure { failure, existing }) = self.infrastructure.apply().await else { break };
            let is_adoptable = !existing.is_empty() && existing.is_disjoint(&adopted);
            if !self.order.adopt_existing || !is_adoptable {
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

    /// Plans, and makes sure that the environment is still this deployment's.
    async fn plan(&self, manifest: &Path) -> Result<Plan, Failure> {
        let plan = self.infrastructure.plan(manifest, Purpose::ToApply).await?;
        say(&format!("  Terraform: {}", counted(&plan.changes)));
        self.lease.check()?;
        Ok(plan)
    }

    async fn shift(&self, moves: &[Move]) -> Result<(), Failure> {
        if moves.is_empty() {
            say("  every alias is on the published version already");
        }
        shift::shift(self.cloud, self.lease, self.interruption, moves).await
    }

    /// Keeps what was done, unless it is what the last record says already.
    async fn record(&self, history: &mut History, deployed: &Deployed) -> Result<(), Failure> {
        let record = self.as_record(deployed);
        let same = history.last().is_some_and(|last| {
            (&last.release, &last.functions, &last.addresses) == (&record.release, &record.functions, &record.addresses)
        });
        if same {
            return Ok(());
        }
        let key = history.add(self.cloud, &self.order.environment, record).await?;
        say(&format!("  recorded as {key}"));
        Ok(())
    }

    /// Puts every alias back where it was before the shift; hands back the failure with what became of it.
    async fn go_back(
        &self,
        history: &mut History,
        before: Option<Record>,
        deployed: &Deployed,
        moves: &[Move],
        failure: Failure,
    ) -> Failure {
        if moves.is_empty() {
            return failure.with_consequence("this deployment shifted no alias, so there is nothing to go back to");
        }
        say(&format!("  {failure}: going back"));
        let mut back = Vec::new();
        for one in moves {
            match self.cloud.alias(&one.place).await {
                Ok(alias) => {
                    let to = one.before.version.clone();
                    back.push(Move { canary: None, before: alias, to, ..one.clone() });
                }
                Err(error) => return failure.with_consequence(&format!("and going back failed: {error}")),
            }
        }
        // An interruption must not stop the way back.
        if let Err(error) = shift::shift(self.cloud, self.lease, &Interruption::never(), &back).await {
            return failure.with_consequence(&format!("and going back failed: {error}"));
        }
        // What was there before is what the last record said, for what it knew; what is new stays.
        let before = before.unwrap_or_else(|| Record { functions: [].into(), ..self.as_record(deployed) });
        let mut functions = deployed.functions.clone();
        for one in moves {
            let known = before.functions.get(&one.name).filter(|placed| placed.version == one.before.version);
            if let Some(placed) = functions.get_mut(&one.name) {
                let code = self.cloud.code(&one.place.function_name, &one.before.version).await.ok().flatten();
                let code_sha256 = known.map(|known| known.code_sha256.clone()).or(code).unwrap_or_default();
                *placed = Placed { version: one.before.version.clone(), code_sha256, ..placed.clone() };
            }
        }
        let (at, why) = (self.cloud.now(), Some(failure.to_string()));
        let record = Record {
            at,
            by: self.order.by.clone(),
            back_to: Some(before.at),
            why,
            functions,
            addresses: deployed.addresses.clone(),
            ..before
        };
        match history.add(self.cloud, &self.order.environment, record).await {
            Ok(key) => {
                say(&format!("  recorded as {key}"));
                failure.with_consequence("every alias is where it was before")
            }
            Err(error) => failure.with_consequence(&format!("every alias is where it was before, unrecorded: {error}")),
        }
    }

    /// What a deployment that went well is remembered by.
    fn as_record(&self, deployed: &Deployed) -> Record {
        Record {
            at: self.cloud.now(),
            release: self.release.release.clone(),
            committed_at: self.release.committed_at,
            by: self.order.by.clone(),
            back_to: None,
            why: None,
            functions: deployed.functions.clone(),
            addresses: deployed.addresses.clone(),
        }
    }

    /// Tells Slack of a failure, by the environment's topic, and hands it back.
    async fn told(&self, failure: Failure, topic: Option<&str>) -> Failure {
        let Order { environment, release, by, .. } = self.order;
        let Some(topic) = topic else { return failure };
        let subject = format!("Deployment to {environment} failed");
        let text = format!("{failure}\nRelease {release}, deployed by {by}");
        match self.cloud.publish(topic, &subject, &text).await {
            Ok(()) => say("  Slack is told"),
            Err(error) => say(&format!("  Slack could not be told: {error}")),
        }
        failure
    }
}

#[cfg(test)]
pub(crate) mod tests;
