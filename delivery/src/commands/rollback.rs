//! `gridbid rollback`: restores the versions of an earlier deployment.
//!
//! Lambda keeps published versions, and the artifacts bucket the console's files, so a rollback takes seconds and needs neither
//! a build nor Terraform. It restores code and configuration of the functions, and the console; what the earlier deployment lacks
//! is restored as it was recorded last. The state machine, the routes and the roles are Terraform's and stay. Abandoned canaries
//! are stopped first.

use std::time::Duration;

use gridbid_release_format::{EnvironmentName, FunctionName, ReleaseId};

use crate::cloud::services::Cloud;
use crate::commands::mode::Mode;
use crate::console;
use crate::failure::Failure;
use crate::history::{History, PinnedAlias, Record};
use crate::interruption::Interruption;
use crate::lease::Lease;
use crate::progress::{log, log_detail};
use crate::shift::{self, AliasShift};

/// What to roll back.
#[derive(Clone, Debug)]
pub(crate) struct RollbackRequest {
    /// The environment.
    pub(crate) environment: EnvironmentName,
    /// A release that was deployed to it; the previous deployment if `None`.
    pub(crate) to: Option<ReleaseId>,
    /// Who runs it.
    pub(crate) by: String,
    /// Time limit of the wait for a running deployment.
    pub(crate) wait_limit: Duration,
}

/// Rolls back.
///
/// # Errors
/// When there is no deployment to roll back to, a version was deleted, or an alias cannot be updated; all aliases are reverted
/// then.
pub(crate) async fn rollback<C: Cloud>(
    cloud: &C,
    interruption: &Interruption,
    request: &RollbackRequest,
    mode: Mode,
) -> Result<(), Failure> {
    let RollbackRequest { environment, by, wait_limit, .. } = request;
    if mode == Mode::DryRun {
        let history = History::read(cloud, environment).await?;
        let target = completed(find_target(cloud, &history, request).await?, history.last());
        log(&format!("would roll back to release {}, deployed at {}", target.release, target.at));
        for shift in plan_shifts(cloud, &target, None).await? {
            log_detail(&format!("{}: version {} → {}", shift.name, shift.before.version, shift.to));
        }
        if console::differs(cloud, &target).await? {
            log_detail("console: index.html is replaced");
        }
        return Ok(());
    }
    // Resolved before the wait: a deployment that ends meanwhile changes what "previous" means.
    let history = History::read(cloud, environment).await?;
    let target = find_target(cloud, &history, request).await?;
    let lease = Lease::acquire(cloud, environment, by, *wait_limit, interruption).await?;
    let result = lease.during(rollback_under_lease(cloud, interruption, &lease, request, (&history, target))).await;
    lease.release().await;
    result
}

async fn rollback_under_lease<C: Cloud>(
    cloud: &C,
    interruption: &Interruption,
    lease: &Lease<'_, C>,
    request: &RollbackRequest,
    (earlier, target): (&History, Record),
) -> Result<(), Failure> {
    let RollbackRequest { environment, to, by, .. } = request;
    let mut history = History::read(cloud, environment).await?;
    if to.is_none()
        && let Some(last) = history.last()
        && earlier.last() != Some(last)
    {
        return Err(Failure::new(format!(
            "{environment} has release {} since {}, so the previous deployment is another one now",
            last.release, last.at
        ))
        .with_hint(format!("name the release: gridbid rollback --env {environment} --to {}", target.release)));
    }
    log(&format!("rolling back to release {}, deployed at {}", target.release, target.at));
    let target = completed(target, history.last());
    let deployed = history.last().map(|last| last.release.clone());
    let shifts = plan_shifts(cloud, &target, Some(lease)).await?;
    let bucket = target.addresses.console_bucket.as_deref();
    let switch = console::prepare(cloud, lease, bucket, &target.console).await?;
    shift::shift_aliases(cloud, lease, interruption, &shifts).await?;
    console::show_or_revert(cloud, lease, interruption, switch.as_ref(), &shifts).await?;
    let release = target.release.clone();
    let why = match to {
        Some(release) => format!("asked for {release}"),
        None => "asked for the previous deployment".to_owned(),
    };
    let record = Record { at: cloud.now(), by: by.clone(), back_to: Some(target.at), why: Some(why), ..target };
    let key = history.add(cloud, environment, record).await.map_err(|failure| {
        failure
            .with_consequence("every alias is on its new version, but that is not recorded")
            .with_hint(format!("record it: gridbid rollback --env {environment} --to {release}"))
    })?;
    log(&format!("{environment} has release {release} again, recorded as {key}"));
    if let Some(deployed) = deployed.filter(|deployed| *deployed != release) {
        log_detail(&format!("undo it: gridbid rollback --env {environment} --to {deployed}"));
    }
    Ok(())
}

/// The record to restore.
async fn find_target<C: Cloud>(cloud: &C, history: &History, request: &RollbackRequest) -> Result<Record, Failure> {
    let RollbackRequest { environment, to, .. } = request;
    let Some(last) = history.last() else {
        return Err(Failure::new(format!("nothing was deployed to {environment} yet")));
    };
    if let Some(release) = to {
        let mut deployed: Vec<&str> = Vec::new();
        for record in history.newest_first() {
            if !deployed.contains(&record.release.as_str()) {
                deployed.push(record.release.as_str());
            }
        }
        let never = || {
            Failure::new(format!("release {release} was never deployed to {environment}"))
                .with_hint(format!("name one of the deployed releases, newest first: {}", deployed.join(", ")))
        };
        return history.of_release(release).cloned().ok_or_else(never);
    }
    // An interrupted deployment has started canaries or shifted aliases, and recorded nothing: the last record is the one before it.
    for pinned in last.functions.values() {
        let canaries = match &pinned.deployment {
            Some(group) => cloud.running_canaries(group).await?,
            None => Vec::new(),
        };
        if !canaries.is_empty() || !cloud.alias(&pinned.alias).await?.is_only(&pinned.version) {
            log_detail("a canary runs, or the aliases differ from the last record: restoring that one");
            return Ok(last.clone());
        }
    }
    if console::differs(cloud, last).await? {
        log_detail("the console differs from the last record: restoring that one");
        return Ok(last.clone());
    }
    let none = || Failure::new(format!("there is no deployment to {environment} before the current one"));
    history.previous().cloned().ok_or_else(none)
}

/// The state after a rollback: the target, and what it lacks as it was recorded last.
fn completed(target: Record, last: Option<&Record>) -> Record {
    let Some(last) = last else { return target };
    let mut functions = last.functions.clone();
    for (name, pinned) in target.functions {
        // A deployment group that was added later may have a canary.
        let added = functions.get(&name).and_then(|newer| newer.deployment.clone());
        let deployment = pinned.deployment.or(added);
        functions.insert(name, PinnedAlias { deployment, ..pinned });
    }
    let console = if target.console.is_empty() { last.console.clone() } else { target.console };
    Record { functions, console, addresses: last.addresses.clone(), ..target }
}

/// The shifts of the aliases that differ from a record. With a lease, running canaries are stopped before.
async fn plan_shifts<C: Cloud>(
    cloud: &C,
    target: &Record,
    lease: Option<&Lease<'_, C>>,
) -> Result<Vec<AliasShift>, Failure> {
    let mut shifts = Vec::new();
    for (name, pinned) in &target.functions {
        check_version_exists(cloud, name, pinned).await?;
        if let (Some(lease), Some(group)) = (lease, &pinned.deployment) {
            for id in cloud.running_canaries(group).await? {
                lease.check()?;
                log_detail(&format!("{name}: stopping canary {id}"));
                shift::stop_canary(cloud, &id).await?;
            }
        }
        let before = cloud.alias(&pinned.alias).await?;
        if !before.is_only(&pinned.version) {
            let (alias, to) = (pinned.alias.clone(), pinned.version.clone());
            shifts.push(AliasShift { name: name.clone(), alias, canary: None, before, to });
        }
    }
    Ok(shifts)
}

/// Checks that a recorded version exists with the same bytes.
async fn check_version_exists<C: Cloud>(cloud: &C, name: &FunctionName, pinned: &PinnedAlias) -> Result<(), Failure> {
    let code_sha256 = cloud.code_sha256(&pinned.alias.function_name, &pinned.version).await?;
    if code_sha256.as_ref() == Some(&pinned.code_sha256) {
        return Ok(());
    }
    Err(Failure::new(format!("version {} of {name} does not exist any more", pinned.version))
        .with_hint("deploy its release instead: `gridbid deploy --allow-older --release …`"))
}
