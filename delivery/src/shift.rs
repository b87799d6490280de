//! Shifts every alias, or reverts them all; reports any that could not be reverted.
//!
//! A function with a deployment group is shifted by a canary: a CodeDeploy deployment that first sends a share of the calls
//! to the new version. The other functions follow at once after all canaries have succeeded. Each update of an alias carries
//! the revision that was read, so a concurrent change is not overwritten.
//!
//! An error of a call does not prove that it had no effect, because its response may have been lost. So a revert trusts
//! nothing that was recorded: it lists the running canaries of every group and reads every alias again. It changes an alias only
//! if that still has the version that this deployment set, and only while the deployment holds its lease.

use std::time::Duration;

use gridbid_release_format::FunctionName;

use crate::cloud::call_error::CallError;
use crate::cloud::services::{AliasState, AliasTarget, CanaryState, Cloud, DeploymentGroup};
use crate::failure::Failure;
use crate::interruption::Interruption;
use crate::lease::Lease;
use crate::progress::log_detail;

/// Interval between two polls of the canaries.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// Interval between two progress lines while no canary changes its state.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(60);
/// Time limit of all canaries together: a deployment role's session of two hours has to be long enough for Terraform before them and a
/// revert after them.
const CANARIES_TIMEOUT: Duration = Duration::from_secs(1800);
/// Time that CodeDeploy has to restore the alias after a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(300);

const STATUS_HINT: &str = "`gridbid status` shows the versions of the aliases; `gridbid rollback` restores them";

/// The shift of one alias.
#[derive(Clone, Debug)]
pub(crate) struct AliasShift {
    /// The function.
    pub(crate) name: FunctionName,
    /// The alias.
    pub(crate) alias: AliasTarget,
    /// The group for a canary; without one, the alias is shifted at once.
    pub(crate) canary: Option<DeploymentGroup>,
    /// The alias as it was read.
    pub(crate) before: AliasState,
    /// The version to shift to.
    pub(crate) to: String,
}

/// Shifts every alias.
///
/// # Errors
/// When one of them fails. All are reverted then, and the message names those that could not be.
pub(crate) async fn shift_aliases<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    interruption: &Interruption,
    shifts: &[AliasShift],
) -> Result<(), Failure> {
    // So a canary that runs later belongs to this deployment.
    refuse_running_canaries(cloud, shifts).await.map_err(|failure| failure.with_consequence("no alias was touched"))?;
    let Err(failure) = shift_forward(cloud, lease, interruption, shifts).await else { return Ok(()) };
    log_detail(&format!("{failure}: reverting"));
    match revert_shifts(cloud, lease, shifts).await {
        Ok(()) => Err(failure.with_consequence("every alias is where it was before")),
        Err(error) => Err(failure.with_consequence(&error.to_string()).with_hint(STATUS_HINT)),
    }
}

/// Reverts shifts that may have happened. Running canaries are stopped; aliases are changed at once, the last one first.
///
/// # Errors
/// When the lease was lost, or an alias could not be reverted. The others are reverted all the same.
pub(crate) async fn revert_shifts<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    shifts: &[AliasShift],
) -> Result<(), Failure> {
    if lease.check().is_err() {
        return Err(Failure::new("nothing was reverted, because another deployment may hold the lease"));
    }
    // All canaries are asked to stop before any is waited for. The wait repeats a request that fails here.
    for group in shifts.iter().filter_map(|shift| shift.canary.as_ref()) {
        for id in cloud.running_canaries(group).await.unwrap_or_default() {
            if let Err(error) = cloud.stop_canary(&id).await {
                log_detail(&error.to_string());
            }
        }
    }
    let mut errors = Vec::new();
    for shift in shifts.iter().rev() {
        if let Err(error) = revert(cloud, lease, shift).await {
            errors.push(format!("{}: {error}", shift.name));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::new(format!("could not revert: {}", errors.join("; ")))) }
}

async fn refuse_running_canaries<C: Cloud>(cloud: &C, shifts: &[AliasShift]) -> Result<(), Failure> {
    for (shift, group) in shifts.iter().filter_map(|shift| Some((shift, shift.canary.as_ref()?))) {
        if let Some(id) = cloud.running_canaries(group).await?.first() {
            let message = format!("{} has a canary that is still running: CodeDeploy deployment {id}", shift.name);
            return Err(Failure::new(message).with_hint("run `gridbid rollback` first, which stops it"));
        }
    }
    Ok(())
}

async fn shift_forward<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    interruption: &Interruption,
    shifts: &[AliasShift],
) -> Result<(), Failure> {
    let mut canaries = Vec::new();
    for shift in shifts {
        let Some(group) = &shift.canary else { continue };
        lease.check()?;
        interruption.check()?;
        let id = cloud.start_canary(group, &shift.alias, &shift.before.version, &shift.to).await?;
        log_detail(&format!("{}: canary {id}, version {} → {}", shift.name, shift.before.version, shift.to));
        canaries.push((shift, id));
    }
    wait_for_canaries(cloud, lease, interruption, &canaries).await?;
    for shift in shifts.iter().filter(|shift| shift.canary.is_none()) {
        lease.check()?;
        interruption.check()?;
        point_alias(cloud, &shift.alias, &shift.before, &shift.to).await?;
        log_detail(&format!("{}: version {} → {}", shift.name, shift.before.version, shift.to));
    }
    Ok(())
}

/// Points an alias to a version.
///
/// After an error the alias is read again: if the response of a successful call is lost, the SDK repeats the call, and the
/// repetition fails because the revision has changed.
async fn point_alias<C: Cloud>(
    cloud: &C,
    alias: &AliasTarget,
    before: &AliasState,
    version: &str,
) -> Result<(), CallError> {
    let Err(error) = cloud.update_alias(alias, version, &before.revision).await else { return Ok(()) };
    match cloud.alias(alias).await {
        Ok(now) if now.is_only(version) && now.revision != before.revision => Ok(()),
        _ => Err(error),
    }
}

/// Waits until all canaries have succeeded.
async fn wait_for_canaries<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    interruption: &Interruption,
    canaries: &[(&AliasShift, String)],
) -> Result<(), Failure> {
    let mut pending: Vec<_> = canaries.iter().map(|(shift, id)| (*shift, id, None)).collect();
    let deadline = cloud.now().saturating_add(CANARIES_TIMEOUT);
    let mut last_line = tokio::time::Instant::now();
    loop {
        for (AliasShift { name, to, .. }, id, seen) in &mut pending {
            let state = cloud.canary_state(id).await?;
            match &state {
                CanaryState::Failed(cause) => {
                    return Err(Failure::new(format!("the canary of {name} failed: {cause}")));
                }
                state if seen.as_ref() == Some(state) => {}
                CanaryState::Succeeded => log_detail(&format!("{name}: version {to} receives all calls")),
                CanaryState::Running(status) => log_detail(&format!("{name}: {status}")),
            }
            *seen = Some(state);
        }
        pending.retain(|(_, _, seen)| *seen != Some(CanaryState::Succeeded));
        if pending.is_empty() {
            return Ok(());
        }
        lease.check()?;
        interruption.check()?;
        if cloud.now() > deadline {
            let minutes = CANARIES_TIMEOUT.as_secs() / 60;
            return Err(Failure::new(format!("the canaries did not end within {minutes} minutes")));
        }
        if last_line.elapsed() >= PROGRESS_INTERVAL {
            let names: Vec<&str> = pending.iter().map(|(shift, _, _)| shift.name.as_str()).collect();
            log_detail(&format!("waiting for the canaries of {}", names.join(", ")));
            last_line = tokio::time::Instant::now();
        }
        interruption.pause(POLL_INTERVAL).await;
    }
}

/// Stops the canaries of an alias, and points it to its previous version if it has the version of the shift, for all calls or
/// for a share of them.
async fn revert<C: Cloud>(cloud: &C, lease: &Lease<'_, C>, shift: &AliasShift) -> Result<(), Failure> {
    let AliasShift { name, alias, canary, before, to } = shift;
    if let Some(group) = canary {
        for id in cloud.running_canaries(group).await? {
            stop_canary(cloud, &id).await?;
        }
    }
    let now = cloud.alias(alias).await?;
    if now.is_only(&before.version) {
        return Ok(());
    }
    let is_own_canary = canary.is_some() && now.version == before.version && now.second_version.as_ref() == Some(to);
    if !now.is_only(to) && !is_own_canary {
        let second = now.second_version.map(|second| format!(" and {second}")).unwrap_or_default();
        return Err(CallError::Changed(format!("it has version {}{second}", now.version)).into());
    }
    lease.check()?;
    point_alias(cloud, alias, &now, &before.version).await?;
    log_detail(&format!("{name}: reverted to version {}", before.version));
    Ok(())
}

/// Stops a canary and waits until CodeDeploy has restored the alias.
///
/// # Errors
/// When a call fails, or the canary does not end in time.
pub(crate) async fn stop_canary<C: Cloud>(cloud: &C, id: &str) -> Result<(), CallError> {
    let started = tokio::time::Instant::now();
    let mut is_requested = false;
    while let CanaryState::Running(_) = cloud.canary_state(id).await? {
        if !is_requested {
            cloud.stop_canary(id).await?;
            is_requested = true;
        }
        if started.elapsed() > STOP_TIMEOUT {
            let seconds = STOP_TIMEOUT.as_secs();
            return Err(CallError::Failed(format!("CodeDeploy deployment {id} did not end within {seconds} s")));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tokio::sync::watch;

    use super::*;
    use crate::cloud::memory::Memory;
    use crate::cloud::services::{Canaries as _, Functions as _};
    use crate::lease::acquire_at_once;

    fn alias(name: &str) -> AliasTarget {
        AliasTarget { function_name: format!("gridbid-dev-{name}"), alias_name: "live".to_owned() }
    }

    fn group(name: &str) -> DeploymentGroup {
        DeploymentGroup { application: "gridbid-dev".to_owned(), group: name.to_owned() }
    }

    /// Three functions on version 1, with a version 2 each; the first two are shifted by canaries.
    async fn three(memory: &Memory) -> Vec<AliasShift> {
        let mut shifts = Vec::new();
        for (name, canary) in [("one", Some(group("one"))), ("two", Some(group("two"))), ("three", None)] {
            memory.publish(&alias(name), "1", "a");
            memory.publish(&alias(name), "2", "b");
            let before = memory.alias(&alias(name)).await.unwrap();
            let (name, alias) = (name.parse().unwrap(), alias(name));
            shifts.push(AliasShift { name, alias, canary, before, to: "2".to_owned() });
        }
        shifts
    }

    async fn revert_all(memory: &Memory, shifts: &[AliasShift]) -> Result<(), Failure> {
        let lease = acquire_at_once(memory, &"dev".parse().unwrap(), "a test").await.unwrap();
        let result = revert_shifts(memory, &lease, shifts).await;
        lease.release().await;
        result
    }

    async fn shift_all(memory: &Memory, shifts: &[AliasShift], is_interrupted: bool) -> Result<(), Failure> {
        let lease = acquire_at_once(memory, &"dev".parse().unwrap(), "a test").await.unwrap();
        let (_sender, receiver) = watch::channel(is_interrupted);
        let result = shift_aliases(memory, &lease, &Interruption::from_receiver(receiver), shifts).await;
        lease.release().await;
        result
    }

    fn all_on(version: &str) -> BTreeMap<String, String> {
        ["one", "two", "three"].map(|name| (alias(name).function_name, version.to_owned())).into()
    }

    #[tokio::test(start_paused = true)]
    async fn canaries_succeed_before_the_other_aliases_are_shifted() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        shift_all(&memory, &shifts, false).await.unwrap();
        assert_eq!(memory.live_versions(), all_on("2"));
        let changes: Vec<_> = memory.log.borrow().iter().filter(|line| !line.contains("lock")).cloned().collect();
        let expected = ["canary gridbid-dev-one from 1 to 2", "canary gridbid-dev-two from 1 to 2"];
        assert_eq!(changes, [&expected[..], &["point gridbid-dev-three to 2"]].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn alarm_reverts_every_alias() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        let alarm = CanaryState::Failed("ALARM_ACTIVE: gridbid-dev-two-faults".to_owned());
        let running = || CanaryState::Running("inprogress".to_owned());
        memory.canaries.borrow_mut().insert(alias("two").function_name, vec![running(), running(), alarm]);
        let failure = shift_all(&memory, &shifts, false).await.unwrap_err().to_string();
        assert!(failure.contains("the canary of two failed: ALARM_ACTIVE: gridbid-dev-two-faults"), "{failure}");
        assert!(failure.ends_with("every alias is where it was before"), "{failure}");
        assert_eq!(memory.live_versions(), all_on("1"));
        // The other canary had succeeded already.
        assert_eq!(memory.logged("point gridbid-dev-one to 1").len(), 1);
        assert!(memory.logged("point gridbid-dev-three").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn running_canary_is_stopped_when_another_fails() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        let forever = vec![CanaryState::Running("inprogress".to_owned())];
        memory.canaries.borrow_mut().insert(alias("one").function_name, forever);
        memory.canaries.borrow_mut().insert(alias("two").function_name, vec![CanaryState::Failed("no".to_owned())]);
        shift_all(&memory, &shifts, false).await.unwrap_err();
        assert!(!memory.logged("stop canary gridbid-dev-one").is_empty());
        assert!(memory.logged("stop canary gridbid-dev-two").is_empty());
        assert_eq!(memory.live_versions(), all_on("1"));
    }

    #[tokio::test(start_paused = true)]
    async fn failed_update_reverts_the_canaries_too() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        memory.fail("point gridbid-dev-three to 2", CallError::Failed("throttled".to_owned()));
        let failure = shift_all(&memory, &shifts, false).await.unwrap_err().to_string();
        assert!(failure.starts_with("throttled"), "{failure}");
        assert_eq!(memory.live_versions(), all_on("1"));
    }

    #[tokio::test(start_paused = true)]
    async fn alias_changed_by_another_client_is_not_overwritten() {
        let memory = Memory::default();
        let mut shifts = three(&memory).await;
        shifts.remove(1);
        memory.publish(&alias("three"), "9", "c");
        let read = memory.alias(&alias("three")).await.unwrap();
        memory.update_alias(&alias("three"), "9", &read.revision).await.unwrap();
        let failure = shift_all(&memory, &shifts, false).await.unwrap_err().to_string();
        assert!(failure.contains("changed by another client"), "{failure}");
        assert_eq!(memory.live_versions()["gridbid-dev-three"], "9");
        assert_eq!(memory.live_versions()["gridbid-dev-one"], "1");
    }

    #[tokio::test(start_paused = true)]
    async fn revert_leaves_the_version_of_another_client() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        shift_all(&memory, &shifts, false).await.unwrap();
        for (name, version) in [("one", "9"), ("two", "1")] {
            memory.publish(&alias(name), version, "c");
            let read = memory.alias(&alias(name)).await.unwrap();
            memory.update_alias(&alias(name), version, &read.revision).await.unwrap();
        }
        let failure = revert_all(&memory, &shifts).await.unwrap_err().to_string();
        assert_eq!(
            failure,
            "could not revert: one: it has version 9: it was changed by another client in the meantime"
        );
        let expected = ["9", "1", "1"].iter().zip(["one", "two", "three"]);
        assert_eq!(
            memory.live_versions(),
            expected.map(|(v, name)| (alias(name).function_name, v.to_string())).collect()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn update_without_a_response_counts_as_done() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        // What the SDK's repetition of a successful call returns.
        memory.lose_response("point gridbid-dev-three to 2", CallError::Changed("UpdateAlias".to_owned()));
        shift_all(&memory, &shifts, false).await.unwrap();
        assert_eq!(memory.live_versions(), all_on("2"));
        memory.lose_response("point gridbid-dev-one to 1", CallError::Failed("timeout".to_owned()));
        revert_all(&memory, &shifts).await.unwrap();
        assert_eq!(memory.live_versions(), all_on("1"));
    }

    #[tokio::test(start_paused = true)]
    async fn canary_without_a_response_is_stopped() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        memory.lose_response("canary gridbid-dev-two", CallError::Failed("timeout".to_owned()));
        let failure = shift_all(&memory, &shifts, false).await.unwrap_err().to_string();
        assert_eq!(failure, "timeout: every alias is where it was before");
        assert!(!memory.logged("stop canary gridbid-dev-two").is_empty());
        assert_eq!(memory.live_versions(), all_on("1"));
        assert!(memory.running(None).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn canary_of_another_client_is_not_stopped() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        let id = memory.start_canary(&group("one"), &alias("one"), "1", "2").await.unwrap();
        let failure = shift_all(&memory, &shifts, false).await.unwrap_err().report();
        assert!(failure.contains(&format!("one has a canary that is still running: CodeDeploy deployment {id}")));
        assert!(failure.contains("no alias was touched"), "{failure}");
        assert!(memory.logged("stop canary").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn canary_to_the_version_of_another_client_is_not_overwritten() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        shift_all(&memory, &shifts, false).await.unwrap();
        let other =
            AliasState { version: "1".to_owned(), revision: "r".to_owned(), second_version: Some("9".to_owned()) };
        memory.aliases.borrow_mut().insert(alias("one"), other);
        let failure = revert_all(&memory, &shifts).await.unwrap_err().to_string();
        assert!(failure.starts_with("could not revert: one: it has version 1 and 9"), "{failure}");
        assert!(memory.logged("point gridbid-dev-one").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn lost_lease_reverts_nothing() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        let dev = "dev".parse().unwrap();
        let lease = acquire_at_once(&memory, &dev, "a test").await.unwrap();
        shift_aliases(&memory, &lease, &Interruption::never(), &shifts).await.unwrap();
        memory.advance(Duration::from_secs(301));
        let _other = acquire_at_once(&memory, &dev, "another").await.unwrap();
        let changes = memory.log.borrow().len();
        for refused in [
            revert_shifts(&memory, &lease, &shifts).await.unwrap_err().to_string(),
            shift_aliases(&memory, &lease, &Interruption::never(), &shifts).await.unwrap_err().to_string(),
        ] {
            assert!(
                refused.contains("nothing was reverted, because another deployment may hold the lease"),
                "{refused}"
            );
        }
        assert_eq!(memory.log.borrow().len(), changes);
    }

    #[tokio::test(start_paused = true)]
    async fn alias_that_cannot_be_reverted_is_named() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        memory.fail("point gridbid-dev-three to 2", CallError::Failed("throttled".to_owned()));
        memory.fail("point gridbid-dev-one to 1", CallError::Failed("no connection".to_owned()));
        let failure = shift_all(&memory, &shifts, false).await.unwrap_err().report();
        assert!(failure.contains("could not revert: one: no connection"), "{failure}");
        assert!(failure.contains("gridbid rollback"), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn interruption_shifts_nothing_or_reverts() {
        let memory = Memory::default();
        let shifts = three(&memory).await;
        let failure = shift_all(&memory, &shifts, true).await.unwrap_err().to_string();
        assert!(failure.starts_with("interrupted"), "{failure}");
        assert_eq!(memory.live_versions(), all_on("1"));

        let memory = Memory::default();
        let shifts = three(&memory).await;
        memory
            .canaries
            .borrow_mut()
            .insert(alias("one").function_name, vec![CanaryState::Running("inprogress".to_owned())]);
        let lease = acquire_at_once(&memory, &"dev".parse().unwrap(), "a test").await.unwrap();
        let (sender, receiver) = watch::channel(false);
        let interruption = Interruption::from_receiver(receiver);
        let later = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            sender.send(true).unwrap();
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = shift_aliases(&memory, &lease, &interruption, &shifts) => result,
            () = later => Ok(()),
        };
        assert!(result.unwrap_err().to_string().starts_with("interrupted"));
        assert_eq!(memory.live_versions(), all_on("1"));
    }
}
