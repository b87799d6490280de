//! Deployments and rollbacks that lose a part of one call, for every call in turn: in the end every alias is where the message
//! says, and the next deployment succeeds.

use super::*;
use crate::cloud::memory::Loss;

/// More calls than any scenario makes.
const MAX_CALLS: u32 = 500;

/// What a scenario does with two deployed releases, the third ready.
#[derive(Clone, Copy, Debug)]
enum Scenario {
    Deploy,
    DeployAndFailTheSmokeTest,
    DeployAndRaiseAnAlarm,
    RollBack,
    RollBackTo,
}

impl Scenario {
    /// The versions of the aliases after success.
    fn target(self) -> [&'static str; 3] {
        match self {
            Self::RollBack | Self::RollBackTo => ["1", "1", "1"],
            _ => ["3", "2", "3"],
        }
    }

    async fn run(self, terraform: &MemoryTerraform<'_>) -> Result<(), Failure> {
        let memory = terraform.memory;
        match self {
            Self::Deploy => run(terraform, &request(3), working, Mode::Apply).await.map(drop),
            Self::DeployAndFailTheSmokeTest => run(terraform, &request(3), broken, Mode::Apply).await.map(drop),
            Self::DeployAndRaiseAnAlarm => {
                let states =
                    [CanaryState::Running("inprogress".to_owned()), CanaryState::Failed("an alarm".to_owned())];
                memory.canaries.borrow_mut().insert(alias("orders-api").function_name, states.to_vec());
                run(terraform, &request(3), working, Mode::Apply).await.map(drop)
            }
            Self::RollBack => roll_back(memory, None, Mode::Apply).await,
            Self::RollBackTo => roll_back(memory, Some(1), Mode::Apply).await,
        }
    }
}

const BEFORE: [&str; 3] = ["2", "2", "2"];

/// Checks the aliases against the message.
fn check(memory: &Memory, scenario: Scenario, result: &Result<(), Failure>) {
    let live = live_versions(memory);
    let message = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
    let is_done = result.is_ok() || message.contains("every alias is on its new version");
    let expected = if is_done { scenario.target() } else { BEFORE };
    let named = message.split_once("could not revert: ").map(|(_, named)| named).unwrap_or_default();
    assert!(!message.contains("nothing was reverted"), "{message}");
    for ((name, live), expected) in FUNCTIONS.iter().zip(&live).zip(expected) {
        if named.contains(&format!("{name}: ")) {
            continue;
        }
        assert_eq!(live, expected, "{name}: {result:?}");
        assert_eq!(memory.aliases.borrow()[&alias(name)].second_version, None, "{name}: {result:?}");
    }
    if named.is_empty() {
        assert_eq!(memory.running(None), [""; 0], "{result:?}");
    }
}

/// Runs a scenario once for each call that it makes, and loses a part of that call. Returns the number of calls.
async fn lose_each_call(scenario: Scenario, loss: Loss) -> u32 {
    for lost in 0..MAX_CALLS {
        let memory = Memory::default();
        let terraform = MemoryTerraform::new(&memory);
        put_release(&memory, 1, ["a", "b", "c"]);
        put_release(&memory, 2, ["x", "y", "z"]);
        put_release(&memory, 3, ["n", "y", "m"]);
        deploy_release(&terraform, 1).await;
        deploy_release(&terraform, 2).await;
        memory.lose(lost, loss);
        let result = scenario.run(&terraform).await;
        let is_over = memory.cancel_loss();
        check(&memory, scenario, &result);
        let records = History::read(&memory, &dev()).await.unwrap();
        if result.is_ok() {
            assert_eq!(records.newest_first().count(), 3, "call {lost}");
        }
        for pinned in records.last().unwrap().functions.values().filter(|_| result.is_ok()) {
            assert_eq!(memory.aliases.borrow()[&pinned.alias].version, pinned.version, "call {lost}");
        }
        if is_over {
            return lost;
        }
        memory.canaries.borrow_mut().clear();
        // The lease of a deployment that could not release it expires.
        memory.advance(Duration::from_secs(301));
        if memory.aliases.borrow().values().any(|alias| alias.second_version.is_some()) {
            roll_back(&memory, None, Mode::Apply).await.unwrap();
        }
        deploy_release(&terraform, 3).await;
        assert_eq!(live_versions(&memory), ["3", "2", "3"], "{scenario:?} without call {lost}: {result:?}");
    }
    panic!("{scenario:?} makes more than {MAX_CALLS} calls");
}

#[tokio::test(start_paused = true)]
async fn lost_calls_leave_every_alias_where_the_message_says() {
    for scenario in [
        Scenario::Deploy,
        Scenario::DeployAndFailTheSmokeTest,
        Scenario::DeployAndRaiseAnAlarm,
        Scenario::RollBack,
        Scenario::RollBackTo,
    ] {
        for loss in Loss::ALL {
            let calls = lose_each_call(scenario, loss).await;
            assert!(calls > 10, "{scenario:?} makes {calls} calls");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_response_is_no_failure() {
    // The SDK repeats a call whose response was lost: only a canary, which CodeDeploy does not start twice, fails then.
    for lost in 0..MAX_CALLS {
        let memory = Memory::default();
        let terraform = MemoryTerraform::new(&memory);
        put_release(&memory, 1, ["a", "b", "c"]);
        put_release(&memory, 2, ["a", "y", "z"]);
        deploy_release(&terraform, 1).await;
        memory.lose(lost, Loss::FirstResponse);
        deploy_release(&terraform, 2).await;
        if memory.cancel_loss() {
            return;
        }
    }
    panic!("a deployment makes more than {MAX_CALLS} calls");
}

#[tokio::test(start_paused = true)]
async fn rollback_to_the_previous_deployment_is_refused_when_another_one_ended_during_the_wait() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    for (number, codes) in [(1, ["a", "b", "c"]), (2, ["x", "y", "z"]), (3, ["n", "y", "m"])] {
        put_release(&memory, number, codes);
    }
    deploy_release(&terraform, 1).await;
    deploy_release(&terraform, 2).await;
    let environment = dev();
    let hour = Duration::from_secs(3600);
    let request = |to| RollbackRequest { environment: dev(), to, by: "a test".to_owned(), wait_limit: hour };
    let (never, previous, named) = (Interruption::never(), request(None), request(Some(id(1))));
    let held = acquire_at_once(&memory, &environment, "a deployment").await.unwrap();
    let deployment = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut history = History::read(&memory, &environment).await.unwrap();
        let last = history.last().unwrap().clone();
        history.add(&memory, &environment, Record { release: id(3), ..last }).await.unwrap();
        held.release().await;
    };
    let (refused, ()) = tokio::join!(rollback(&memory, &never, &previous, Mode::Apply), deployment);
    let refused = refused.unwrap_err().report();
    assert!(refused.contains(&format!("dev has release {} since", id(3))), "{refused}");
    assert!(refused.contains(&format!("gridbid rollback --env dev --to {}", id(1))), "{refused}");
    assert_eq!(live_versions(&memory), ["2", "2", "2"]);
    rollback(&memory, &never, &named, Mode::Apply).await.unwrap();
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
}
