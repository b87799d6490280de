//! `gridbid rollback`: puts every alias back where an earlier deployment had it.
//!
//! Versions stay, so it takes seconds and builds nothing: no Nix, no Terraform. It brings code and configuration of the
//! functions back, and not the state machine, the routes or the roles: those are Terraform's and come with the next release.
//! Canaries that somebody has left behind are ended first. Called by `cli`.

use std::time::Duration;

use super::Mode;
use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::history::{History, Placed, Record};
use crate::interruption::Interruption;
use crate::lease::Lease;
use crate::names::{EnvironmentName, FunctionName, ReleaseId};
use crate::progress::say;
use crate::shift::{self, Move};

/// What to go back to.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The environment.
    pub(crate) environment: EnvironmentName,
    /// A release that it had; the deployment before when none is named.
    pub(crate) to: Option<ReleaseId>,
    /// Who does it.
    pub(crate) by: String,
    /// How long it waits for a deployment that is under way.
    pub(crate) patience: Duration,
}

/// Goes back.
///
/// # Errors
/// When there is nothing to go back to, a version is gone, or an alias cannot be put; all of them are where they were then.
pub(crate) async fn rollback<C: Cloud>(
    cloud: &C,
    interruption: &Interruption,
    order: &Order,
    mode: Mode,
) -> Result<(), Failure> {
    if mode == Mode::DryRun {
        let history = History::read(cloud, &order.environment).await?;
        let target = target(cloud, &history, order).await?;
        let moves = moves(cloud, &target, None).await?;
        say(&format!("would go back to release {}, deployed at {}", target.release, target.at));
        for one in moves {
            say(&format!("  {}: version {} instead of {}", one.name, one.to, one.before.version));
        }
        return Ok(());
    }
    let lease = Lease::wait(cloud, &order.environment, &order.by, order.patience, interruption).await?;
    let result = lease.during(go(cloud, interruption, &lease, order)).await;
    lease.give_back().await;
    result
}

async fn go<C: Cloud>(
    cloud: &C,
    interruption: &Interruption,
    lease: &Lease<'_, C>,
    order: &Order,
) -> Result<(), Failure> {
    let mut history = History::read(cloud, &order.environment).await?;
    let target = target(cloud, &history, order).await?;
    say(&format!("going back to release {}, deployed at {}", target.release, target.at));
    let moves = moves(cloud, &target, Some(lease)).await?;
    shift::shift(cloud, lease, interruption, &moves).await?;
    // What the target did not know yet stays as it is, and is kept in the record.
    let mut functions = history.last().map(|last| last.functions.clone()).unwrap_or_default();
    functions.extend(target.functions.clone());
    let why = match &order.to {
        Some(release) => format!("asked for {release}"),
        None => "asked for the deployment before".to_owned(),
    };
    let record = Record {
        at: cloud.now(),
        by: order.by.clone(),
        back_to: Some(target.at),
        why: Some(why),
        functions,
        addresses: history.last().map_or_else(|| target.addresses.clone(), |last| last.addresses.clone()),
        release: target.release.clone(),
        committed_at: target.committed_at,
    };
    let left = history.last().map(|last| last.release.clone());
    let key = history.add(cloud, &order.environment, record).await?;
    say(&format!("{} has release {} again, recorded as {key}", order.environment, target.release));
    if let Some(left) = left.filter(|left| *left != target.release) {
        say(&format!("  undo it: gridbid rollback --env {} --to {left}", order.environment));
    }
    Ok(())
}

/// The record to go back to.
async fn target<C: Cloud>(cloud: &C, history: &History, order: &Order) -> Result<Record, Failure> {
    let environment = &order.environment;
    let Some(last) = history.last() else {
        return Err(Failure::new(format!("nothing was deployed to {environment} yet")));
    };
    if let Some(release) = &order.to {
        let mut had: Vec<&str> = Vec::new();
        for record in history.newest_first() {
            if !had.contains(&record.release.as_str()) {
                had.push(record.release.as_str());
            }
        }
        let never = || {
            Failure::new(format!("release {release} was never deployed to {environment}"))
                .with_todo(format!("name one of those that were, the newest first: {}", had.join(", ")))
        };
        return history.of_release(release).cloned().ok_or_else(never);
    }
    // A deployment that was cut off has moved aliases and recorded nothing: it is the one to go back from.
    for placed in last.functions.values() {
        let alias = cloud.alias(&placed.place).await?;
        if alias.version != placed.version || alias.is_split {
            say("  the aliases are not where the last deployment put them: going back to that one");
            return Ok(last.clone());
        }
    }
    let none = || Failure::new(format!("there is no deployment before the one that {environment} has"));
    history.previous().cloned().ok_or_else(none)
}

/// The aliases that are elsewhere than the record says; with a lease, canaries are ended before they are read.
async fn moves<C: Cloud>(cloud: &C, target: &Record, lease: Option<&Lease<'_, C>>) -> Result<Vec<Move>, Failure> {
    let mut moves = Vec::new();
    for (name, placed) in &target.functions {
        is_there(cloud, name, placed).await?;
        if let (Some(lease), Some(group)) = (lease, &placed.deployment) {
            for id in cloud.running(group).await? {
                lease.check()?;
                say(&format!("  {name}: ending canary {id}"));
                shift::end(cloud, &id).await?;
            }
        }
        let before = cloud.alias(&placed.place).await?;
        if before.version != placed.version || before.is_split {
            let (place, to) = (placed.place.clone(), placed.version.clone());
            moves.push(Move { name: name.clone(), place, canary: None, before, to });
        }
    }
    Ok(moves)
}

/// A version that is to be gone back to is there, with the bytes that it had.
async fn is_there<C: Cloud>(cloud: &C, name: &FunctionName, placed: &Placed) -> Result<(), Failure> {
    let there = cloud.code(&placed.place.function_name, &placed.version).await?;
    if there.as_ref() == Some(&placed.code_sha256) {
        return Ok(());
    }
    let sentence = format!("version {} of {name} is not there any more", placed.version);
    Err(Failure::new(sentence).with_todo("deploy its release instead: `gridbid deploy --allow-older --release …`"))
}
