//! Puts aliases on other versions: all of them, or none.
//!
//! A function with a CodeDeploy group goes by a canary, all others at once, after the canaries have gone well. When one does
//! not get there, whatever the reason, every alias goes back to where it was. Each update carries the revision that was read,
//! so it never overwrites what somebody else did. Called by `deploy` and `rollback`; nothing else writes an alias.

use std::time::Duration;

use crate::cloud::{Alias, CallError, Canary, Cloud, Group, Place};
use crate::failure::Failure;
use crate::interruption::Interruption;
use crate::lease::Lease;
use crate::names::FunctionName;
use crate::progress::say;

/// How often canaries are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// While nothing changes, a line is printed after this time.
const TOLD_AFTER: Duration = Duration::from_secs(60);
/// How long the canaries may take altogether.
const CANARIES: Duration = Duration::from_secs(3600);
/// How long a canary that was told to stop may take to go back.
const STOPPING: Duration = Duration::from_secs(300);

/// An alias that is to be put on another version.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    /// The function.
    pub(crate) name: FunctionName,
    /// The alias.
    pub(crate) place: Place,
    /// The CodeDeploy group for a canary; none to go at once.
    pub(crate) canary: Option<Group>,
    /// The alias as it was read.
    pub(crate) before: Alias,
    /// The version that it goes to.
    pub(crate) to: String,
}

/// What was done so far, so that it can be undone.
#[derive(Default)]
struct Progress<'m> {
    /// Canaries that were started.
    canaries: Vec<(&'m Move, String)>,
    /// Aliases that were put at once, with the revision that we made.
    put: Vec<(&'m Move, String)>,
}

/// Puts every alias on its version.
///
/// # Errors
/// When one does not get there; the others are back where they were then, and the sentence says which are not.
pub(crate) async fn shift<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    interruption: &Interruption,
    moves: &[Move],
) -> Result<(), Failure> {
    let mut progress = Progress::default();
    let Err(failure) = forward(cloud, lease, interruption, moves, &mut progress).await else { return Ok(()) };
    say(&format!("  {failure}: going back"));
    let stuck = back(cloud, &progress).await;
    if stuck.is_empty() {
        return Err(failure.with_consequence("every alias is where it was before"));
    }
    Err(failure
        .with_consequence(&format!("and these could not be put back: {}", stuck.join("; ")))
        .with_todo("`gridbid status` shows where the aliases are; `gridbid rollback` puts them back"))
}

async fn forward<'m, C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    interruption: &Interruption,
    moves: &'m [Move],
    progress: &mut Progress<'m>,
) -> Result<(), Failure> {
    for one in moves {
        let Some(group) = &one.canary else { continue };
        lease.check()?;
        interruption.check()?;
        let id = cloud.start(group, &one.place, &one.before.version, &one.to).await?;
        say(&format!("  {}: canary {id} from version {} to {}", one.name, one.before.version, one.to));
        progress.canaries.push((one, id));
    }
    watch(cloud, lease, interruption, &progress.canaries).await?;
    for one in moves.iter().filter(|one| one.canary.is_none()) {
        lease.check()?;
        interruption.check()?;
        let alias = cloud.point(&one.place, &one.to, &one.before.revision).await?;
        say(&format!("  {}: version {} instead of {}", one.name, one.to, one.before.version));
        progress.put.push((one, alias.revision));
    }
    Ok(())
}

/// Waits until all canaries have succeeded.
async fn watch<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    interruption: &Interruption,
    canaries: &[(&Move, String)],
) -> Result<(), Failure> {
    let mut left: Vec<(&(&Move, String), Option<Canary>)> = canaries.iter().map(|canary| (canary, None)).collect();
    let (started, mut told) = (cloud.now(), tokio::time::Instant::now());
    loop {
        for (canary, seen) in &mut left {
            let (one, id) = *canary;
            let now = cloud.look(id).await?;
            match &now {
                Canary::Failed(why) => return Err(Failure::new(format!("the canary of {} failed: {why}", one.name))),
                now if seen.as_ref() == Some(now) => {}
                Canary::Succeeded => say(&format!("  {}: version {} has all calls", one.name, one.to)),
                Canary::Running(state) => say(&format!("  {}: {state}", one.name)),
            }
            *seen = Some(now);
        }
        left.retain(|(_, seen)| *seen != Some(Canary::Succeeded));
        if left.is_empty() {
            return Ok(());
        }
        lease.check()?;
        interruption.check()?;
        if cloud.now() > started.after(CANARIES) {
            return Err(Failure::new(format!("the canaries did not end within {} minutes", CANARIES.as_secs() / 60)));
        }
        if told.elapsed() >= TOLD_AFTER {
            let names: Vec<&str> = left.iter().map(|((one, _), _)| one.name.as_str()).collect();
            say(&format!("  waiting for the canaries of {}", names.join(", ")));
            told = tokio::time::Instant::now();
        }
        interruption.pause(LOOK).await;
    }
}

/// Puts back what was put elsewhere, and tells what could not be.
async fn back<C: Cloud>(cloud: &C, progress: &Progress<'_>) -> Vec<String> {
    let mut stuck = Vec::new();
    for (one, id) in &progress.canaries {
        if let Err(error) = end(cloud, id).await {
            stuck.push(format!("{}: {error}", one.name));
        }
    }
    for (one, _) in &progress.canaries {
        match cloud.alias(&one.place).await {
            Ok(alias) if alias.version == one.before.version && !alias.is_split => {}
            Ok(alias) => stuck.extend(put_back(cloud, one, &alias.revision).await),
            Err(error) => stuck.push(format!("{}: {error}", one.name)),
        }
    }
    for (one, revision) in progress.put.iter().rev() {
        stuck.extend(put_back(cloud, one, revision).await);
    }
    stuck
}

async fn put_back<C: Cloud>(cloud: &C, one: &Move, revision: &str) -> Option<String> {
    match cloud.point(&one.place, &one.before.version, revision).await {
        Ok(_) => {
            say(&format!("  {}: version {} again", one.name, one.before.version));
            None
        }
        Err(error) => Some(format!("{}: {error}", one.name)),
    }
}

/// Ends a canary and waits until CodeDeploy has let go of the alias.
///
/// # Errors
/// When it does not end in time.
pub(crate) async fn end<C: Cloud>(cloud: &C, id: &str) -> Result<(), CallError> {
    let started = tokio::time::Instant::now();
    let mut asked = false;
    while let Canary::Running(_) = cloud.look(id).await? {
        if !asked {
            cloud.stop(id).await?;
            asked = true;
        }
        if started.elapsed() > STOPPING {
            return Err(CallError::Failed(format!("CodeDeploy deployment {id} does not end")));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tokio::sync::watch;

    use super::*;
    use crate::cloud::Functions as _;
    use crate::cloud::memory::Memory;

    fn place(name: &str) -> Place {
        Place { function_name: format!("gridbid-dev-{name}"), alias_name: "live".to_owned() }
    }

    fn group() -> Group {
        Group { application: "gridbid-dev".to_owned(), group: "g".to_owned() }
    }

    /// Three functions on version 1, with a version 2 each; the first two go by canaries.
    async fn three(memory: &Memory) -> Vec<Move> {
        let mut moves = Vec::new();
        for (name, canary) in [("one", Some(group())), ("two", Some(group())), ("three", None)] {
            memory.publish(&place(name), "1", "a");
            memory.publish(&place(name), "2", "b");
            let before = memory.alias(&place(name)).await.unwrap();
            moves.push(Move { name: name.parse().unwrap(), place: place(name), canary, before, to: "2".to_owned() });
        }
        moves
    }

    async fn shifted(memory: &Memory, moves: &[Move], come: bool) -> Result<(), Failure> {
        let lease = Lease::take(memory, &"dev".parse().unwrap(), "a test").await.unwrap();
        let (_sender, receiver) = watch::channel(come);
        shift(memory, &lease, &Interruption::of(receiver), moves).await
    }

    fn all_on(version: &str) -> BTreeMap<String, String> {
        ["one", "two", "three"].map(|name| (place(name).function_name, version.to_owned())).into()
    }

    #[tokio::test(start_paused = true)]
    async fn canaries_go_first_and_then_the_others_at_once() {
        let memory = Memory::default();
        let moves = three(&memory).await;
        shifted(&memory, &moves, false).await.unwrap();
        assert_eq!(memory.points(), all_on("2"));
        let did: Vec<_> = memory.log.borrow().iter().filter(|line| !line.contains("lock")).cloned().collect();
        let expected = ["canary gridbid-dev-one from 1 to 2", "canary gridbid-dev-two from 1 to 2"];
        assert_eq!(did, [&expected[..], &["point gridbid-dev-three to 2"]].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_stops_the_others_and_all_go_back() {
        let memory = Memory::default();
        let moves = three(&memory).await;
        let alarm = Canary::Failed("ALARM_ACTIVE: gridbid-dev-two-faults".to_owned());
        let running = || Canary::Running("inprogress".to_owned());
        memory.canaries.borrow_mut().insert(place("two").function_name, vec![running(), running(), alarm]);
        let failure = shifted(&memory, &moves, false).await.unwrap_err().to_string();
        assert!(failure.contains("the canary of two failed: ALARM_ACTIVE: gridbid-dev-two-faults"), "{failure}");
        assert!(failure.ends_with("every alias is where it was before"), "{failure}");
        assert_eq!(memory.points(), all_on("1"));
        // The other had all calls already.
        assert_eq!(memory.logged("point gridbid-dev-one to 1").len(), 1);
        assert!(memory.logged("point gridbid-dev-three").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_canary_that_goes_on_is_stopped_when_another_fails() {
        let memory = Memory::default();
        let moves = three(&memory).await;
        let forever = vec![Canary::Running("inprogress".to_owned())];
        memory.canaries.borrow_mut().insert(place("one").function_name, forever);
        memory.canaries.borrow_mut().insert(place("two").function_name, vec![Canary::Failed("no".to_owned())]);
        shifted(&memory, &moves, false).await.unwrap_err();
        assert_eq!(memory.logged("stop canary").len(), 1);
        assert_eq!(memory.points(), all_on("1"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_update_at_once_that_fails_takes_the_canaries_back_too() {
        let memory = Memory::default();
        let moves = three(&memory).await;
        memory.fail("point gridbid-dev-three to 2", CallError::Failed("throttled".to_owned()));
        let failure = shifted(&memory, &moves, false).await.unwrap_err().to_string();
        assert!(failure.starts_with("throttled"), "{failure}");
        assert_eq!(memory.points(), all_on("1"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_alias_that_somebody_else_moved_is_not_overwritten() {
        let memory = Memory::default();
        let mut moves = three(&memory).await;
        moves.remove(1);
        memory.publish(&place("three"), "9", "c");
        let read = memory.alias(&place("three")).await.unwrap();
        memory.point(&place("three"), "9", &read.revision).await.unwrap();
        let failure = shifted(&memory, &moves, false).await.unwrap_err().to_string();
        assert!(failure.contains("somebody else has changed it"), "{failure}");
        assert_eq!(memory.points()["gridbid-dev-three"], "9");
        assert_eq!(memory.points()["gridbid-dev-one"], "1");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_put_back_is_told() {
        let memory = Memory::default();
        let moves = three(&memory).await;
        memory.fail("point gridbid-dev-three to 2", CallError::Failed("throttled".to_owned()));
        memory.fail("point gridbid-dev-one to 1", CallError::Failed("no connection".to_owned()));
        let failure = shifted(&memory, &moves, false).await.unwrap_err().report().to_string();
        assert!(failure.contains("these could not be put back: one: no connection"), "{failure}");
        assert!(failure.contains("gridbid rollback"), "{failure}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_interruption_puts_nothing_or_goes_back() {
        let memory = Memory::default();
        let moves = three(&memory).await;
        let failure = shifted(&memory, &moves, true).await.unwrap_err().to_string();
        assert!(failure.starts_with("interrupted"), "{failure}");
        assert_eq!(memory.points(), all_on("1"));

        let memory = Memory::default();
        let moves = three(&memory).await;
        memory.canaries.borrow_mut().insert(place("one").function_name, vec![Canary::Running("inprogress".to_owned())]);
        let lease = Lease::take(&memory, &"dev".parse().unwrap(), "a test").await.unwrap();
        let (sender, receiver) = watch::channel(false);
        let interruption = Interruption::of(receiver);
        let later = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            sender.send(true).unwrap();
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = shift(&memory, &lease, &interruption, &moves) => result,
            () = later => Ok(()),
        };
        assert!(result.unwrap_err().to_string().starts_with("interrupted"));
        assert_eq!(memory.points(), all_on("1"));
    }
}
