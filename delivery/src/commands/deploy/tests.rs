//! Deployments in memory: what is done in which order, and what is left behind when a step fails.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use crate::api::ApiAnswer;
use crate::cloud::memory::Memory;
use crate::cloud::{Answer, CallError, Canary, Functions as _, Place};
use crate::commands::rollback;
use crate::commands::smoke::tests::MemoryApi;
use crate::history::tests::release as id;
use crate::manifest::tests::Folder;
use crate::manifest::{Function, digests};
use crate::moment::Moment;
use crate::terraform::Plan;

/// The functions of the environment; the first goes by a canary.
const FUNCTIONS: [&str; 3] = ["orders-api", "close-run", "notify-slack"];

pub(crate) fn dev() -> EnvironmentName {
    "dev".parse().unwrap()
}

fn place(name: &str) -> Place {
    Place { function_name: format!("gridbid-dev-{name}"), alias_name: "live".to_owned() }
}

/// Terraform in memory: it publishes a version of each function whose code or configuration is another than before.
struct MemoryTerraform<'a> {
    memory: &'a Memory,
    configuration: RefCell<&'static str>,
    manifest: RefCell<Value>,
    published: RefCell<Vec<(String, u32)>>,
    fails: bool,
    /// The addresses whose create is refused, one by each apply, until they are imported.
    existing: RefCell<BTreeSet<String>>,
    imported: RefCell<Vec<String>>,
    imports_in_vain: bool,
    import_fails: bool,
}

impl<'a> MemoryTerraform<'a> {
    fn new(memory: &'a Memory) -> Self {
        Self {
            memory,
            configuration: RefCell::new("small"),
            manifest: RefCell::default(),
            published: RefCell::new(FUNCTIONS.map(|_| (String::new(), 0)).to_vec()),
            fails: false,
            existing: RefCell::default(),
            imported: RefCell::default(),
            imports_in_vain: false,
            import_fails: false,
        }
    }

    /// One for which functions exist already that its state does not know.
    fn with_existing(memory: &'a Memory, names: &[&str]) -> Self {
        let existing = names.iter().map(|name| (*name).to_owned()).collect();
        Self { existing: RefCell::new(existing), ..Self::new(memory) }
    }

    /// What a function's version stands for now.
    fn wanted(&self, name: &str) -> (String, String) {
        let code = self.manifest.borrow()["functions"][name]["sha256_base64"].as_str().unwrap().to_owned();
        (format!("{code} {}", self.configuration.borrow()), code)
    }
}

impl Infrastructure for MemoryTerraform<'_> {
    async fn plan(&self, manifest: &Path, _: Purpose) -> Result<Plan, Failure> {
        *self.manifest.borrow_mut() = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
        let published = self.published.borrow();
        let changed = FUNCTIONS.iter().zip(&*published).filter(|(name, there)| self.wanted(name).0 != there.0);
        let change = |(name, _): (&&str, _)| Change { address: (*name).to_owned(), action: "update".to_owned() };
        let changes: Vec<Change> = changed.map(change).collect();
        Ok(Plan { is_empty: changes.is_empty(), changes })
    }

    async fn apply(&self) -> Result<(), ApplyFailure> {
        let refused: BTreeSet<String> = self.existing.borrow().first().cloned().into_iter().collect();
        if self.fails || !refused.is_empty() {
            return Err(ApplyFailure { failure: Failure::new("`terraform apply` failed"), existing: refused });
        }
        for (name, there) in FUNCTIONS.iter().zip(self.published.borrow_mut().iter_mut()) {
            let (wanted, code) = self.wanted(name);
            if there.0 != wanted {
                *there = (wanted, there.1 + 1);
                self.memory.publish(&place(name), &there.1.to_string(), &code);
            }
        }
        Ok(())
    }

    async fn import(&self, _: &Path, addresses: &BTreeSet<String>) -> Result<(), Failure> {
        if self.import_fails {
            return Err(Failure::new("`x` exists already, and its import id does not follow from the plan"));
        }
        self.imported.borrow_mut().extend(addresses.iter().cloned());
        if !self.imports_in_vain {
            self.existing.borrow_mut().retain(|address| !addresses.contains(address));
        }
        Ok(())
    }

    async fn converge(&self, manifest: &Path) -> Result<Converged, ApplyFailure> {
        let changes = self.plan(manifest, Purpose::ToApply).await?.changes;
        self.apply().await?;
        Ok(Converged { changes, outputs: self.outputs().await? })
    }

    async fn outputs(&self) -> Result<Value, Failure> {
        let published = self.published.borrow();
        let output = |(name, (_, version)): (&&str, &(String, u32))| {
            let group = json!({"application": "gridbid-dev", "group": name});
            let group = if *name == FUNCTIONS[0] { group } else { Value::Null };
            let names = json!({"function_name": place(name).function_name, "alias_name": "live", "alias_arn": "arn",
                "version": version.to_string(), "log_group_name": "/l", "deployment": group});
            ((*name).to_owned(), names)
        };
        let functions: serde_json::Map<String, Value> = FUNCTIONS.iter().zip(&*published).map(output).collect();
        Ok(json!({"functions": functions, "api_id": "abc", "api_endpoint": "https://api", "topic_arn": "topic",
            "undeliverable_queue_url": "undeliverable", "notify_slack_failed_queue_url": "failed", "orders_table": "t"}))
    }
}

/// Puts a release into the bucket whose functions have these codes, in the order of [`FUNCTIONS`].
fn put_release(memory: &Memory, number: u8, codes: [&str; 3]) {
    put_release_of(Profile::Release, memory, number, codes);
}

fn put_release_of(profile: Profile, memory: &Memory, number: u8, codes: [&str; 3]) {
    let function = |code: &str| Function {
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
        architecture: "arm64".to_owned(),
        zip: "a.zip".to_owned(),
        bytes: 1,
        sha256: digests(code.as_bytes()).0.parse().unwrap(),
        sha256_base64: digests(code.as_bytes()).1,
    };
    let functions = FUNCTIONS.iter().zip(codes).map(|(name, code)| (name.parse().unwrap(), function(code)));
    let committed_at = Moment::from_unix_seconds(1_700_000_000 + i64::from(number));
    let functions = functions.collect();
    let release = Release { release: id(number), committed_at, profile, functions, gridbid: None };
    memory.put(&Release::key(&id(number)), &serde_json::to_vec(&release).unwrap());
}

/// An API that works unless it is told otherwise.
fn working(_: &Addresses) -> MemoryApi {
    MemoryApi::default()
}

/// An API that stores nothing any more.
fn broken(_: &Addresses) -> MemoryApi {
    let api = MemoryApi::default();
    let answer = Ok(ApiAnswer { status: 500, body: "{}".to_owned() });
    api.instead.borrow_mut().insert("POST /orders".to_owned(), answer);
    api
}

fn order(number: u8) -> Order {
    Order {
        environment: dev(),
        release: id(number),
        by: "a test".to_owned(),
        patience: Duration::ZERO,
        allow_older: false,
        with_smoke: true,
        adopt_existing: false,
        in_one_run: false,
    }
}

fn adopting(number: u8) -> Order {
    Order { adopt_existing: true, ..order(number) }
}

async fn run(
    terraform: &MemoryTerraform<'_>,
    order: &Order,
    api: impl Fn(&Addresses) -> MemoryApi,
    mode: Mode,
) -> Result<Outcome, Failure> {
    let folder = Folder::new(&format!("deploy-{:?}", std::thread::current().id()));
    let (_sender, receiver) = watch::channel(false);
    deploy(terraform.memory, terraform, api, &Interruption::of(receiver), &folder.0, order, mode).await
}

async fn done(terraform: &MemoryTerraform<'_>, number: u8) -> Outcome {
    run(terraform, &order(number), working, Mode::ForReal).await.unwrap()
}

fn points(memory: &Memory) -> [String; 3] {
    let points = memory.points();
    FUNCTIONS.map(|name| points[&place(name).function_name].clone())
}

fn names(outcome: &Outcome) -> Vec<&str> {
    outcome.shifted.iter().map(FunctionName::as_str).collect()
}

/// A first deployment of the release 1, and its record.
pub(crate) async fn deployed(memory: &Memory) -> Record {
    put_release(memory, 1, ["a", "b", "c"]);
    done(&MemoryTerraform::new(memory), 1).await;
    History::read(memory, &dev()).await.unwrap().last().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn only_what_changed_is_probed_and_shifted() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["a", "changed", "c"]);
    assert!(names(&done(&terraform, 1).await).is_empty(), "an alias begins on its first version");
    memory.log.borrow_mut().clear();
    let outcome = done(&terraform, 2).await;
    assert_eq!(names(&outcome), ["close-run"]);
    assert_eq!(memory.logged("invoke"), [r#"invoke gridbid-dev-close-run:2 {"probe":"gridbid"}"#]);
    assert_eq!(points(&memory), ["1", "2", "1"]);
    let history = History::read(&memory, &dev()).await.unwrap();
    let last = history.last().unwrap();
    assert_eq!((last.release.clone(), last.by.as_str(), last.functions.len()), (id(2), "a test", 3));
    // The same again: nothing is touched, and nothing recorded.
    memory.log.borrow_mut().clear();
    let Outcome { changes, shifted, .. } = done(&terraform, 2).await;
    assert!(changes.is_empty() && shifted.is_empty(), "{changes:?} {shifted:?}");
    assert!(memory.log.borrow().iter().all(|line| line.ends_with("/lock")), "{:?}", memory.log);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_configuration_alone_is_shifted_too() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["a", "b", "c"]);
    done(&terraform, 1).await;
    terraform.configuration.replace("large");
    assert_eq!(names(&done(&terraform, 2).await).len(), 3);
    assert_eq!(points(&memory), ["2", "2", "2"]);
    assert_eq!(memory.logged("canary gridbid-dev-orders-api from 1 to 2").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_does_not_answer_the_probe_serves_nobody() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "c"]);
    done(&terraform, 1).await;
    let crash = Answer { failed: true, text: "Runtime.ExitError".to_owned() };
    memory.answers.borrow_mut().insert((place("close-run").function_name, "2".to_owned()), crash);
    let failure = run(&terraform, &order(2), working, Mode::ForReal).await.unwrap_err().to_string();
    assert!(failure.contains("close-run does not answer the probe: Runtime.ExitError"), "{failure}");
    assert!(failure.ends_with("no alias was touched"), "{failure}");
    assert_eq!(points(&memory), ["1", "1", "1"]);
    assert_eq!(memory.logged("publish Deployment to dev failed").len(), 1);
    // The lock is free again.
    done(&terraform, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_smoke_test_goes_back_tells_slack_and_fails() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "b", "y"]);
    done(&terraform, 1).await;
    let failure = run(&terraform, &order(2), broken, Mode::ForReal).await.unwrap_err().to_string();
    assert!(failure.starts_with("the smoke test failed: POST /orders was answered with 500"), "{failure}");
    assert!(failure.ends_with("every alias is where it was before"), "{failure}");
    assert_eq!(points(&memory), ["1", "1", "1"]);
    let told = memory.logged("publish Deployment to dev failed");
    assert!(told[0].contains("the smoke test failed") && told[0].contains(id(2).as_str()), "{told:?}");
    let history = History::read(&memory, &dev()).await.unwrap();
    let (first, last) = (history.newest_first().last().unwrap(), history.last().unwrap());
    assert_eq!((&last.release, last.back_to), (&first.release, Some(first.at)));
    assert_eq!(last.functions, first.functions);
    assert!(last.why.as_ref().unwrap().contains("POST /orders"));
    assert_eq!(history.previous(), None);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_during_the_canary_leaves_everything_as_it_was() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "z"]);
    done(&terraform, 1).await;
    let alarm = Canary::Failed("ALARM_ACTIVE: gridbid-dev-orders-api-faults".to_owned());
    memory.canaries.borrow_mut().insert(place("orders-api").function_name, vec![alarm]);
    let failure = run(&terraform, &order(2), working, Mode::ForReal).await.unwrap_err().to_string();
    assert!(failure.contains("ALARM_ACTIVE: gridbid-dev-orders-api-faults"), "{failure}");
    assert_eq!(points(&memory), ["1", "1", "1"]);
    assert_eq!(History::read(&memory, &dev()).await.unwrap().newest_first().count(), 1);
    assert_eq!(memory.logged("publish").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_apply_touches_no_alias() {
    let memory = Memory::default();
    let mut terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "z"]);
    done(&terraform, 1).await;
    terraform.fails = true;
    let failure = run(&terraform, &order(2), working, Mode::ForReal).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
    assert_eq!(memory.logged("publish").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn existing_resources_are_adopted_one_after_another_and_the_deployment_continues() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::with_existing(&memory, &["close-run", "notify-slack"]);
    put_release(&memory, 1, ["a", "b", "c"]);
    let outcome = run(&terraform, &adopting(1), working, Mode::ForReal).await.unwrap();
    assert_eq!(*terraform.imported.borrow(), ["close-run", "notify-slack"]);
    let actions = outcome.changes.iter().map(|change| (change.address.as_str(), change.action.as_str()));
    let expected = [("orders-api", "update"), ("close-run", "import"), ("notify-slack", "import")];
    assert_eq!(actions.collect::<Vec<_>>(), expected);
    assert_eq!(points(&memory), ["1", "1", "1"]);
}

#[tokio::test(start_paused = true)]
async fn one_run_of_terraform_deploys_the_same_and_adopts_what_exists() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::with_existing(&memory, &["close-run"]);
    put_release(&memory, 1, ["a", "b", "c"]);
    let in_one_run = Order { in_one_run: true, ..adopting(1) };
    let outcome = run(&terraform, &in_one_run, working, Mode::ForReal).await.unwrap();
    assert_eq!(*terraform.imported.borrow(), ["close-run"]);
    assert_eq!(points(&memory), ["1", "1", "1"]);
    assert_eq!(outcome.outputs["api_id"], "abc");
    let again = run(&terraform, &in_one_run, working, Mode::ForReal).await.unwrap();
    assert!(again.changes.is_empty() && again.shifted.is_empty());
    let alone = MemoryTerraform { fails: true, ..MemoryTerraform::new(&memory) };
    let failure = run(&alone, &in_one_run, working, Mode::ForReal).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
}

#[tokio::test(start_paused = true)]
async fn existing_resource_fails_the_deployment_that_may_not_adopt_it() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::with_existing(&memory, &["close-run"]);
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &order(1), working, Mode::ForReal).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
    assert!(terraform.imported.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn resource_that_is_refused_again_after_its_import_ends_the_deployment() {
    let memory = Memory::default();
    let terraform =
        MemoryTerraform { imports_in_vain: true, ..MemoryTerraform::with_existing(&memory, &["close-run"]) };
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &adopting(1), working, Mode::ForReal).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
    assert_eq!(*terraform.imported.borrow(), ["close-run"]);
}

#[tokio::test(start_paused = true)]
async fn failed_import_ends_the_deployment() {
    let memory = Memory::default();
    let terraform = MemoryTerraform { import_fails: true, ..MemoryTerraform::with_existing(&memory, &["close-run"]) };
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &adopting(1), working, Mode::ForReal).await.unwrap_err().to_string();
    assert!(failure.starts_with("`x` exists already"), "{failure}");
    assert!(failure.ends_with("no alias was touched"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn apply_that_fails_for_another_reason_adopts_nothing() {
    let memory = Memory::default();
    let terraform = MemoryTerraform { fails: true, ..MemoryTerraform::new(&memory) };
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &adopting(1), working, Mode::ForReal).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
    assert!(terraform.imported.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_older_release_must_be_meant() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["a", "b", "c"]);
    done(&terraform, 2).await;
    let refused = run(&terraform, &order(1), working, Mode::ForReal).await.unwrap_err().report().to_string();
    assert!(refused.contains("is older than") && refused.contains("--allow-older"), "{refused}");
    run(&terraform, &Order { allow_older: true, ..order(1) }, working, Mode::ForReal).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_not_there_changes_nothing() {
    let memory = Memory::default();
    let refused = run(&MemoryTerraform::new(&memory), &order(9), working, Mode::ForReal).await.unwrap_err();
    assert!(refused.to_string().starts_with("there is no release 0000"), "{refused}");
    assert!(memory.objects.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn build_for_the_laptop_is_deployed_to_no_environment_but_local() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release_of(Profile::Local, &memory, 1, ["a", "b", "c"]);
    for mode in [Mode::ForReal, Mode::DryRun] {
        let refused = run(&terraform, &order(1), working, mode).await.unwrap_err().report().to_string();
        assert!(refused.contains("was built with the profile `local`") && refused.contains("not dev"), "{refused}");
        assert!(refused.contains("nix build .#functions"), "{refused}");
    }
    assert!(memory.log.borrow().is_empty(), "{:?}", memory.log);
    run(&terraform, &Order { environment: "local".parse().unwrap(), ..order(1) }, working, Mode::ForReal)
        .await
        .unwrap();
    assert_eq!(terraform.manifest.borrow()["profile"], "local");
}

#[tokio::test(start_paused = true)]
async fn of_two_deployments_at_once_one_refuses() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    let other = Lease::take(&memory, &dev(), "another run").await.unwrap();
    let refused = run(&terraform, &order(1), working, Mode::ForReal).await.unwrap_err().to_string();
    assert!(refused.contains("another deployment to dev is under way: another run"), "{refused}");
    other.give_back().await;
    done(&terraform, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    let outcome = run(&terraform, &order(1), working, Mode::DryRun).await.unwrap();
    assert_eq!(outcome.changes.len(), 3);
    assert!(memory.log.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn versions_that_hold_other_bytes_than_released_are_refused() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    done(&terraform, 1).await;
    memory.versions.borrow_mut().insert((place("close-run").function_name, "1".to_owned()), "other".to_owned());
    let refused = run(&terraform, &order(1), working, Mode::ForReal).await.unwrap_err().to_string();
    assert!(refused.starts_with("version 1 of close-run does not hold the released bytes"), "{refused}");
}

fn back(to: Option<u8>) -> rollback::Order {
    rollback::Order { environment: dev(), to: to.map(id), by: "a test".to_owned(), patience: Duration::ZERO }
}

async fn roll_back(memory: &Memory, to: Option<u8>, mode: Mode) -> Result<(), Failure> {
    let (_sender, receiver) = watch::channel(false);
    rollback::rollback(memory, &Interruption::of(receiver), &back(to), mode).await
}

#[tokio::test(start_paused = true)]
async fn a_rollback_goes_to_the_deployment_before_or_to_a_named_release() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    for (number, codes) in [(1, ["a", "b", "c"]), (2, ["x", "b", "c"]), (3, ["x", "y", "z"])] {
        put_release(&memory, number, codes);
        done(&terraform, number).await;
    }
    assert_eq!(points(&memory), ["2", "2", "2"]);
    roll_back(&memory, None, Mode::DryRun).await.unwrap();
    assert_eq!(points(&memory), ["2", "2", "2"]);
    roll_back(&memory, None, Mode::ForReal).await.unwrap();
    assert_eq!(points(&memory), ["2", "1", "1"]);
    roll_back(&memory, None, Mode::ForReal).await.unwrap();
    assert_eq!(points(&memory), ["1", "1", "1"]);
    let refused = roll_back(&memory, None, Mode::ForReal).await.unwrap_err().to_string();
    assert!(refused.starts_with("there is no deployment before"), "{refused}");
    roll_back(&memory, Some(3), Mode::ForReal).await.unwrap();
    assert_eq!(points(&memory), ["2", "2", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_to_what_was_never_there_changes_nothing() {
    let memory = Memory::default();
    let refused = roll_back(&memory, None, Mode::ForReal).await.unwrap_err().to_string();
    assert_eq!(refused, "nothing was deployed to dev yet");
    deployed(&memory).await;
    let before = memory.objects.borrow().len();
    memory.log.borrow_mut().clear();
    let refused = roll_back(&memory, Some(9), Mode::ForReal).await.unwrap_err().report().to_string();
    assert!(refused.contains("was never deployed to dev") && refused.contains(id(1).as_str()), "{refused}");
    assert_eq!(memory.objects.borrow().len(), before);
    assert!(memory.log.borrow().iter().all(|line| line.ends_with("/lock")), "{:?}", memory.log);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_was_cut_off_is_gone_back_from() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "b", "c"]);
    done(&terraform, 1).await;
    // A deployer that dies: a canary goes on, and nothing says so.
    memory.publish(&place("orders-api"), "2", &digests(b"x").1);
    let forever = vec![Canary::Running("inprogress".to_owned())];
    memory.canaries.borrow_mut().insert(place("orders-api").function_name, forever);
    let group = crate::cloud::Group { application: "gridbid-dev".to_owned(), group: "orders-api".to_owned() };
    crate::cloud::Canaries::start(&memory, &group, &place("orders-api"), "1", "2").await.unwrap();
    let refused = run(&terraform, &order(2), working, Mode::ForReal).await.unwrap_err().report().to_string();
    assert!(refused.contains("a canary was cut off") && refused.contains("gridbid rollback"), "{refused}");
    roll_back(&memory, None, Mode::ForReal).await.unwrap();
    assert!(!memory.alias(&place("orders-api")).await.unwrap().is_split);
    assert_eq!(points(&memory), ["1", "1", "1"]);
    done(&terraform, 2).await;
    assert_eq!(points(&memory), ["2", "1", "1"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_gone_is_told_before_anything_is_moved() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "c"]);
    done(&terraform, 1).await;
    done(&terraform, 2).await;
    memory.versions.borrow_mut().remove(&(place("close-run").function_name, "1".to_owned()));
    let refused = roll_back(&memory, None, Mode::ForReal).await.unwrap_err().to_string();
    assert!(refused.starts_with("version 1 of close-run is not there any more"), "{refused}");
    assert_eq!(points(&memory), ["2", "2", "1"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_half_way_goes_back_too() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "z"]);
    done(&terraform, 1).await;
    done(&terraform, 2).await;
    memory.fail("point gridbid-dev-orders-api to 1", CallError::Failed("throttled".to_owned()));
    let failure = roll_back(&memory, None, Mode::ForReal).await.unwrap_err().to_string();
    assert_eq!(failure, "throttled: every alias is where it was before");
    assert_eq!(points(&memory), ["2", "2", "2"]);
}
