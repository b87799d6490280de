//! Deployments in memory: what is done in which order, and what is left behind when a step fails.

mod lost_calls;

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use gridbid_release_format::{Architecture, ConsoleFile, Function, FunctionName, Sha256};

use crate::api::Response;
use crate::cloud::call_error::CallError;
use crate::cloud::memory::Memory;
use crate::cloud::services::{
    AliasTarget, Bucket as _, Canaries as _, CanaryState, DeploymentGroup, Functions as _, HandlerOutput,
};
use crate::commands::rollback::{RollbackRequest, rollback};
use crate::commands::smoke::tests::MemoryApi;
use crate::lease::acquire_at_once;
use crate::testing::{Folder, release_id as id, timestamp};

/// The functions of the environment; the first is shifted by a canary.
const FUNCTIONS: [&str; 3] = ["orders-api", "close-run", "notify-slack"];

pub(crate) fn dev() -> EnvironmentName {
    "dev".parse().unwrap()
}

fn alias(name: &str) -> AliasTarget {
    AliasTarget { function_name: format!("gridbid-dev-{name}"), alias_name: "live".to_owned() }
}

/// Terraform in memory: it publishes a version of each function whose code or configuration has changed.
struct MemoryTerraform<'a> {
    memory: &'a Memory,
    configuration: RefCell<&'static str>,
    manifest: RefCell<Value>,
    published: RefCell<Vec<(String, u32)>>,
    fails: bool,
    /// The addresses whose create is refused, one by each apply, until they are imported.
    existing: RefCell<BTreeSet<String>>,
    imported: RefCell<Vec<String>>,
    imports_without_effect: bool,
    import_fails: bool,
    /// The console's bucket; the environment has no console without one.
    console_bucket: Option<&'static str>,
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
            imports_without_effect: false,
            import_fails: false,
            console_bucket: None,
        }
    }

    /// Functions exist that are not in its state.
    fn with_existing(memory: &'a Memory, names: &[&str]) -> Self {
        let existing = names.iter().map(|name| (*name).to_owned()).collect();
        Self { existing: RefCell::new(existing), ..Self::new(memory) }
    }

    /// The configured content of a function's version: code and configuration, and the code alone.
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
                self.memory.publish(&alias(name), &there.1.to_string(), &code);
            }
        }
        Ok(())
    }

    async fn import(&self, _: &Path, addresses: &BTreeSet<String>) -> Result<(), Failure> {
        if self.import_fails {
            return Err(Failure::new("`x` already exists, and its import id does not follow from the plan"));
        }
        self.imported.borrow_mut().extend(addresses.iter().cloned());
        if !self.imports_without_effect {
            self.existing.borrow_mut().retain(|address| !addresses.contains(address));
        }
        Ok(())
    }

    async fn plan_and_apply(&self, manifest: &Path) -> Result<Applied, ApplyFailure> {
        let changes = self.plan(manifest, Purpose::Apply).await?.changes;
        self.apply().await?;
        Ok(Applied { changes, outputs: self.outputs().await? })
    }

    async fn outputs(&self) -> Result<Value, Failure> {
        let published = self.published.borrow();
        let output = |(name, (_, version)): (&&str, &(String, u32))| {
            let group = json!({"application": "gridbid-dev", "group": name});
            let group = if *name == FUNCTIONS[0] { group } else { Value::Null };
            let names = json!({"function_name": alias(name).function_name, "alias_name": "live", "alias_arn": "arn",
                "version": version.to_string(), "log_group_name": "/l", "deployment": group});
            ((*name).to_owned(), names)
        };
        let functions: serde_json::Map<String, Value> = FUNCTIONS.iter().zip(&*published).map(output).collect();
        Ok(json!({"functions": functions, "api_id": "abc", "api_endpoint": "https://api", "topic_arn": "topic",
            "undeliverable_queue_url": "undeliverable", "notify_slack_failed_queue_url": "failed", "orders_table": "t", "runs_table": "runs",
            "state_machine_arn": "machine", "submission_queue_url": "submission",
            "submission_dead_letter_queue_url": "dead-letters", "console_bucket": self.console_bucket,
            "console_url": self.console_bucket.map(|_| "https://desk.example.com/")}))
    }
}

/// Writes a release to the bucket; the codes are in the order of [`FUNCTIONS`].
fn put_release(memory: &Memory, number: u8, codes: [&str; 3]) {
    put_release_of(Profile::Release, memory, number, codes);
}

fn put_release_of(profile: Profile, memory: &Memory, number: u8, codes: [&str; 3]) {
    let function = |(name, code): (&&str, &str)| {
        let name: FunctionName = name.parse().unwrap();
        (name.clone(), Function::native(&name, Architecture::Arm64, code.as_bytes()))
    };
    let functions = FUNCTIONS.iter().zip(codes).map(function).collect();
    let committed_at = timestamp(1_700_000_000 + u64::from(number));
    let release = Release {
        release: id(number),
        committed_at,
        profile,
        functions,
        console: Console::default(),
        gridbid: BTreeMap::new(),
    };
    memory.put(&Release::key(&id(number)), &serde_json::to_vec(&release).unwrap());
}

/// Writes a release whose console has a page, and one asset for each text.
fn put_release_with_console(memory: &Memory, number: u8, codes: [&str; 3], page: &str, assets: &[&str]) {
    put_release(memory, number, codes);
    let assets = assets.iter().map(|text| (format!("assets/{text}.js"), *text));
    let mut console = Console::default();
    for (path, text) in assets.chain([("index.html".to_owned(), page)]) {
        let file = ConsoleFile::of(text.as_bytes());
        memory.put(&file.key(), text.as_bytes());
        console.files.insert(path.parse().unwrap(), file);
    }
    let key = Release::key(&id(number));
    let release: Release = serde_json::from_slice(&memory.objects.borrow()[&key].bytes).unwrap();
    memory.put(&key, &serde_json::to_vec(&Release { console, ..release }).unwrap());
}

/// Terraform of an environment with a console.
fn terraform_with_console(memory: &Memory) -> MemoryTerraform<'_> {
    MemoryTerraform { console_bucket: Some("desk"), ..MemoryTerraform::new(memory) }
}

/// The page that people get.
fn page(memory: &Memory) -> Option<String> {
    let files = memory.console_files.borrow();
    let (object, _) = files.get(&("desk".to_owned(), "index.html".to_owned()))?;
    Some(String::from_utf8(object.bytes.clone()).unwrap())
}

/// An API that works.
fn working(_: &Addresses) -> MemoryApi {
    MemoryApi::default()
}

/// An API that fails to store orders.
fn broken(_: &Addresses) -> MemoryApi {
    let api = MemoryApi::default();
    let response = Ok(Response { status: 500, body: "{}".to_owned() });
    api.replaced.borrow_mut().insert("POST /orders".to_owned(), response);
    api
}

fn request(number: u8) -> DeployRequest {
    DeployRequest {
        environment: dev(),
        release: id(number),
        by: "a test".to_owned(),
        wait_limit: Duration::ZERO,
        allow_older: false,
        contains: |release, other| Ok(release >= other),
        with_smoke: true,
        adopt_existing: false,
        in_one_run: false,
    }
}

fn adopting(number: u8) -> DeployRequest {
    DeployRequest { adopt_existing: true, ..request(number) }
}

async fn run(
    terraform: &MemoryTerraform<'_>,
    request: &DeployRequest,
    api: impl Fn(&Addresses) -> MemoryApi,
    mode: Mode,
) -> Result<DeployReport, Failure> {
    let folder = Folder::new(&format!("deploy-{:?}", std::thread::current().id()));
    let (_sender, receiver) = watch::channel(false);
    deploy(terraform.memory, terraform, api, &Interruption::from_receiver(receiver), &folder.0, request, mode).await
}

async fn deploy_release(terraform: &MemoryTerraform<'_>, number: u8) -> DeployReport {
    run(terraform, &request(number), working, Mode::Apply).await.unwrap()
}

fn live_versions(memory: &Memory) -> [String; 3] {
    let versions = memory.live_versions();
    FUNCTIONS.map(|name| versions[&alias(name).function_name].clone())
}

fn shifted(report: &DeployReport) -> Vec<&str> {
    report.shifted.iter().map(FunctionName::as_str).collect()
}

/// A first deployment of the release 1, and its record.
pub(crate) async fn deployed(memory: &Memory) -> Record {
    put_release(memory, 1, ["a", "b", "c"]);
    deploy_release(&MemoryTerraform::new(memory), 1).await;
    History::read(memory, &dev()).await.unwrap().last().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn changed_functions_alone_are_probed_and_shifted() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["a", "changed", "c"]);
    assert!(shifted(&deploy_release(&terraform, 1).await).is_empty(), "an alias begins on its first version");
    memory.log.borrow_mut().clear();
    let report = deploy_release(&terraform, 2).await;
    assert_eq!(shifted(&report), ["close-run"]);
    assert_eq!(memory.logged("invoke"), [r#"invoke gridbid-dev-close-run:2 {"probe":"gridbid"}"#]);
    assert_eq!(live_versions(&memory), ["1", "2", "1"]);
    let history = History::read(&memory, &dev()).await.unwrap();
    let last = history.last().unwrap();
    assert_eq!((last.release.clone(), last.by.as_str(), last.functions.len()), (id(2), "a test", 3));
    // A second deployment changes and records nothing.
    memory.log.borrow_mut().clear();
    let DeployReport { changes, shifted, .. } = deploy_release(&terraform, 2).await;
    assert!(changes.is_empty() && shifted.is_empty(), "{changes:?} {shifted:?}");
    assert!(memory.log.borrow().iter().all(|line| line.ends_with("/lock")), "{:?}", memory.log);
}

#[tokio::test(start_paused = true)]
async fn configuration_change_is_shifted() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["a", "b", "c"]);
    deploy_release(&terraform, 1).await;
    terraform.configuration.replace("large");
    assert_eq!(shifted(&deploy_release(&terraform, 2).await).len(), 3);
    assert_eq!(live_versions(&memory), ["2", "2", "2"]);
    assert_eq!(memory.logged("canary gridbid-dev-orders-api from 1 to 2").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn version_that_fails_the_probe_receives_no_calls() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "c"]);
    deploy_release(&terraform, 1).await;
    let crash = HandlerOutput { is_error: true, text: "Runtime.ExitError".to_owned() };
    memory.outputs.borrow_mut().insert((alias("close-run").function_name, "2".to_owned()), crash);
    let failure = run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err().to_string();
    assert!(failure.contains("close-run does not answer the probe: Runtime.ExitError"), "{failure}");
    assert!(failure.ends_with("no alias was touched"), "{failure}");
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
    assert_eq!(memory.logged("publish Deployment to dev failed").len(), 1);
    // The lease was released.
    deploy_release(&terraform, 1).await;
}

#[tokio::test(start_paused = true)]
async fn failed_smoke_test_reverts_notifies_slack_and_fails() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "b", "y"]);
    deploy_release(&terraform, 1).await;
    let failure = run(&terraform, &request(2), broken, Mode::Apply).await.unwrap_err().to_string();
    assert!(failure.starts_with("the smoke test failed: POST /orders was answered with 500"), "{failure}");
    assert!(failure.ends_with("every alias is where it was before"), "{failure}");
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
    let published = memory.logged("publish Deployment to dev failed");
    assert!(published[0].contains("the smoke test failed") && published[0].contains(id(2).as_str()), "{published:?}");
    let history = History::read(&memory, &dev()).await.unwrap();
    let (first, last) = (history.newest_first().last().unwrap(), history.last().unwrap());
    assert_eq!((&last.release, last.back_to), (&first.release, Some(first.at)));
    assert_eq!(last.functions, first.functions);
    assert!(last.why.as_ref().unwrap().contains("POST /orders"));
    assert_eq!(history.previous(), None);
}

#[tokio::test(start_paused = true)]
async fn alias_changed_after_the_shift_is_not_reverted_and_reported() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "z"]);
    deploy_release(&terraform, 1).await;
    let changed =
        AliasState { version: "9".to_owned(), revision: "of another client".to_owned(), second_version: None };
    let api = |addresses: &Addresses| {
        memory.aliases.borrow_mut().insert(alias("close-run"), changed.clone());
        broken(addresses)
    };
    let failure = run(&terraform, &request(2), api, Mode::Apply).await.unwrap_err().to_string();
    assert!(failure.contains("could not revert: close-run: it has version 9"), "{failure}");
    assert_eq!(live_versions(&memory), ["1", "9", "1"]);
}

#[tokio::test(start_paused = true)]
async fn alarm_during_the_canary_reverts_every_alias() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "z"]);
    deploy_release(&terraform, 1).await;
    let alarm = CanaryState::Failed("ALARM_ACTIVE: gridbid-dev-orders-api-faults".to_owned());
    memory.canaries.borrow_mut().insert(alias("orders-api").function_name, vec![alarm]);
    let failure = run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err().to_string();
    assert!(failure.contains("ALARM_ACTIVE: gridbid-dev-orders-api-faults"), "{failure}");
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
    assert_eq!(History::read(&memory, &dev()).await.unwrap().newest_first().count(), 1);
    assert_eq!(memory.logged("publish").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failed_apply_touches_no_alias() {
    let memory = Memory::default();
    let mut terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "z"]);
    deploy_release(&terraform, 1).await;
    terraform.fails = true;
    let failure = run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err();
    assert_eq!(failure.to_string(), "`terraform apply` failed: no alias was touched");
    assert!(failure.is_reported());
    assert_eq!(memory.logged("publish").len(), 1);
    memory.fail("publish", CallError::Failed("throttled".to_owned()));
    assert!(!run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err().is_reported());
}

#[tokio::test(start_paused = true)]
async fn existing_resources_are_adopted_one_after_another_and_the_deployment_continues() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::with_existing(&memory, &["close-run", "notify-slack"]);
    put_release(&memory, 1, ["a", "b", "c"]);
    let report = run(&terraform, &adopting(1), working, Mode::Apply).await.unwrap();
    assert_eq!(*terraform.imported.borrow(), ["close-run", "notify-slack"]);
    let actions = report.changes.iter().map(|change| (change.address.as_str(), change.action.as_str()));
    let expected = [("orders-api", "update"), ("close-run", "import"), ("notify-slack", "import")];
    assert_eq!(actions.collect::<Vec<_>>(), expected);
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
}

#[tokio::test(start_paused = true)]
async fn one_run_of_terraform_deploys_the_same_and_adopts_what_exists() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::with_existing(&memory, &["close-run"]);
    put_release(&memory, 1, ["a", "b", "c"]);
    let in_one_run = DeployRequest { in_one_run: true, ..adopting(1) };
    let report = run(&terraform, &in_one_run, working, Mode::Apply).await.unwrap();
    assert_eq!(*terraform.imported.borrow(), ["close-run"]);
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
    assert_eq!(report.outputs["api_id"], "abc");
    let again = run(&terraform, &in_one_run, working, Mode::Apply).await.unwrap();
    assert!(again.changes.is_empty() && again.shifted.is_empty());
    let alone = MemoryTerraform { fails: true, ..MemoryTerraform::new(&memory) };
    let failure = run(&alone, &in_one_run, working, Mode::Apply).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
}

#[tokio::test(start_paused = true)]
async fn existing_resource_fails_the_deployment_that_may_not_adopt_it() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::with_existing(&memory, &["close-run"]);
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &request(1), working, Mode::Apply).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
    assert!(terraform.imported.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn resource_refused_again_after_its_import_fails_the_deployment() {
    let memory = Memory::default();
    let terraform =
        MemoryTerraform { imports_without_effect: true, ..MemoryTerraform::with_existing(&memory, &["close-run"]) };
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &adopting(1), working, Mode::Apply).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
    assert_eq!(*terraform.imported.borrow(), ["close-run"]);
}

#[tokio::test(start_paused = true)]
async fn failed_import_fails_the_deployment() {
    let memory = Memory::default();
    let terraform = MemoryTerraform { import_fails: true, ..MemoryTerraform::with_existing(&memory, &["close-run"]) };
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &adopting(1), working, Mode::Apply).await.unwrap_err().to_string();
    assert!(failure.starts_with("`x` already exists"), "{failure}");
    assert!(failure.ends_with("no alias was touched"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn apply_that_fails_for_another_reason_adopts_nothing() {
    let memory = Memory::default();
    let terraform = MemoryTerraform { fails: true, ..MemoryTerraform::new(&memory) };
    put_release(&memory, 1, ["a", "b", "c"]);
    let failure = run(&terraform, &adopting(1), working, Mode::Apply).await.unwrap_err().to_string();
    assert_eq!(failure, "`terraform apply` failed: no alias was touched");
    assert!(terraform.imported.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn older_release_needs_permission() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["a", "b", "c"]);
    deploy_release(&terraform, 2).await;
    let refused = run(&terraform, &request(1), working, Mode::Apply).await.unwrap_err().report();
    assert!(refused.contains(&format!("does not contain {}", id(2))) && refused.contains("--allow-older"), "{refused}");
    run(&terraform, &DeployRequest { allow_older: true, ..request(1) }, working, Mode::Apply).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unknown_release_changes_nothing() {
    let memory = Memory::default();
    let refused = run(&MemoryTerraform::new(&memory), &request(9), working, Mode::Apply).await.unwrap_err();
    assert!(refused.to_string().starts_with("there is no release 0000"), "{refused}");
    assert!(memory.objects.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn build_for_the_laptop_is_deployed_only_to_the_environment_local() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release_of(Profile::Local, &memory, 1, ["a", "b", "c"]);
    for mode in [Mode::Apply, Mode::DryRun] {
        let refused = run(&terraform, &request(1), working, mode).await.unwrap_err().report();
        assert!(refused.contains("was built with the profile `local`") && refused.contains("not dev"), "{refused}");
        assert!(refused.contains("nix build .#functions"), "{refused}");
    }
    assert!(memory.log.borrow().is_empty(), "{:?}", memory.log);
    run(&terraform, &DeployRequest { environment: "local".parse().unwrap(), ..request(1) }, working, Mode::Apply)
        .await
        .unwrap();
    assert_eq!(terraform.manifest.borrow()["profile"], "local");
}

#[tokio::test(start_paused = true)]
async fn second_concurrent_deployment_is_refused() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    let other = acquire_at_once(&memory, &dev(), "another run").await.unwrap();
    let refused = run(&terraform, &request(1), working, Mode::Apply).await.unwrap_err().to_string();
    assert!(refused.contains("another deployment to dev is under way: another run"), "{refused}");
    other.release().await;
    deploy_release(&terraform, 1).await;
}

#[tokio::test(start_paused = true)]
async fn dry_run_changes_nothing() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    let report = run(&terraform, &request(1), working, Mode::DryRun).await.unwrap();
    assert_eq!(report.changes.len(), 3);
    assert!(memory.log.borrow().is_empty());
}

#[tokio::test(start_paused = true)]
async fn version_with_other_bytes_than_released_is_refused() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    deploy_release(&terraform, 1).await;
    memory.versions.borrow_mut().insert((alias("close-run").function_name, "1".to_owned()), "other".to_owned());
    let refused = run(&terraform, &request(1), working, Mode::Apply).await.unwrap_err().to_string();
    assert!(refused.starts_with("version 1 of close-run does not hold the released bytes"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn change_that_a_killed_terraform_did_not_publish_is_published_and_shifted() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    deploy_release(&terraform, 1).await;
    let function = alias("close-run").function_name;
    let code = memory.versions.borrow()[&(function.clone(), "1".to_owned())].clone();
    memory.unpublished.borrow_mut().insert(function.clone(), code);
    let report = run(&terraform, &request(1), working, Mode::Apply).await.unwrap();
    assert_eq!(report.shifted, ["close-run"]);
    assert_eq!(memory.live_versions()[&function], "2");
}

async fn roll_back(memory: &Memory, to: Option<u8>, mode: Mode) -> Result<(), Failure> {
    let (_sender, receiver) = watch::channel(false);
    let (environment, to, by) = (dev(), to.map(id), "a test".to_owned());
    let request = RollbackRequest { environment, to, by, wait_limit: Duration::ZERO };
    rollback(memory, &Interruption::from_receiver(receiver), &request, mode).await
}

#[tokio::test(start_paused = true)]
async fn rollback_restores_the_previous_deployment_or_a_named_release() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    for (number, codes) in [(1, ["a", "b", "c"]), (2, ["x", "b", "c"]), (3, ["x", "y", "z"])] {
        put_release(&memory, number, codes);
        deploy_release(&terraform, number).await;
    }
    assert_eq!(live_versions(&memory), ["2", "2", "2"]);
    roll_back(&memory, None, Mode::DryRun).await.unwrap();
    assert_eq!(live_versions(&memory), ["2", "2", "2"]);
    roll_back(&memory, None, Mode::Apply).await.unwrap();
    assert_eq!(live_versions(&memory), ["2", "1", "1"]);
    roll_back(&memory, None, Mode::Apply).await.unwrap();
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
    let refused = roll_back(&memory, None, Mode::Apply).await.unwrap_err().to_string();
    assert!(refused.starts_with("there is no deployment to dev before"), "{refused}");
    roll_back(&memory, Some(3), Mode::Apply).await.unwrap();
    assert_eq!(live_versions(&memory), ["2", "2", "2"]);
}

#[tokio::test(start_paused = true)]
async fn rollback_to_a_release_that_was_never_deployed_changes_nothing() {
    let memory = Memory::default();
    let refused = roll_back(&memory, None, Mode::Apply).await.unwrap_err().to_string();
    assert_eq!(refused, "nothing was deployed to dev yet");
    deployed(&memory).await;
    let before = memory.objects.borrow().len();
    memory.log.borrow_mut().clear();
    let refused = roll_back(&memory, Some(9), Mode::Apply).await.unwrap_err().report();
    assert!(refused.contains("was never deployed to dev") && refused.contains(id(1).as_str()), "{refused}");
    assert_eq!(memory.objects.borrow().len(), before);
    assert!(memory.log.borrow().iter().all(|line| line.ends_with("/lock")), "{:?}", memory.log);
}

#[tokio::test(start_paused = true)]
async fn interrupted_deployment_is_rolled_back() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "b", "c"]);
    deploy_release(&terraform, 1).await;
    // A killed deployment leaves a running canary and no record.
    memory.publish(&alias("orders-api"), "2", &Sha256::of(b"x").to_base64());
    let forever = vec![CanaryState::Running("inprogress".to_owned())];
    memory.canaries.borrow_mut().insert(alias("orders-api").function_name, forever);
    let group = DeploymentGroup { application: "gridbid-dev".to_owned(), group: "orders-api".to_owned() };
    memory.start_canary(&group, &alias("orders-api"), "1", "2").await.unwrap();
    let refused = run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err().report();
    assert!(refused.contains("a canary was abandoned") && refused.contains("gridbid rollback"), "{refused}");
    roll_back(&memory, None, Mode::Apply).await.unwrap();
    assert_eq!(memory.alias(&alias("orders-api")).await.unwrap().second_version, None);
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
    deploy_release(&terraform, 2).await;
    assert_eq!(live_versions(&memory), ["2", "1", "1"]);
}

#[tokio::test(start_paused = true)]
async fn canary_that_has_no_share_yet_is_rolled_back() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    for (number, codes) in [(1, ["a", "b", "c"]), (2, ["x", "b", "c"])] {
        put_release(&memory, number, codes);
        deploy_release(&terraform, number).await;
    }
    // A deployment was killed before CodeDeploy changed the alias.
    memory.publish(&alias("orders-api"), "3", "code");
    let forever = vec![CanaryState::Running("created".to_owned())];
    memory.canaries.borrow_mut().insert(alias("orders-api").function_name, forever);
    let group = DeploymentGroup { application: "gridbid-dev".to_owned(), group: "orders-api".to_owned() };
    memory.start_canary(&group, &alias("orders-api"), "2", "3").await.unwrap();
    let state = memory.alias(&alias("orders-api")).await.unwrap();
    memory.update_alias(&alias("orders-api"), "2", &state.revision).await.unwrap();

    roll_back(&memory, None, Mode::Apply).await.unwrap();

    assert_eq!(live_versions(&memory), ["2", "1", "1"], "the last recorded deployment");
    assert_eq!(memory.running_canaries(&group).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_deployment_lacks_is_restored_as_recorded_last() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release_with_console(&memory, 2, ["x", "y", "z"], "page 2", &[]);
    put_release_with_console(&memory, 3, ["x", "y", "z"], "page 3", &[]);
    deploy_release(&terraform, 1).await;
    let keys = memory.list("deployments/dev/").await.unwrap();
    let first = keys.iter().find(|key| key.ends_with(".json")).unwrap();
    let mut record: Value = serde_json::from_slice(&memory.objects.borrow()[first].bytes).unwrap();
    record["functions"].as_object_mut().unwrap().remove("notify-slack");
    memory.put(first, record.to_string().as_bytes());
    deploy_release(&terraform, 2).await;
    // The next deployment ended after its switch and before its record; it had also shifted the function.
    memory.fail("create deployments/dev/", CallError::Failed("the connection broke".to_owned()));
    run(&terraform, &request(3), working, Mode::Apply).await.unwrap_err();
    assert_eq!(page(&memory).unwrap(), "page 3");
    memory.publish(&alias("notify-slack"), "3", "code");
    let state = memory.alias(&alias("notify-slack")).await.unwrap();
    memory.update_alias(&alias("notify-slack"), "3", &state.revision).await.unwrap();

    roll_back(&memory, Some(1), Mode::Apply).await.unwrap();

    assert_eq!(
        (live_versions(&memory), page(&memory).unwrap()),
        (["1", "1", "2"].map(str::to_owned), "page 2".to_owned())
    );
    let last = History::read(&memory, &dev()).await.unwrap().last().unwrap().clone();
    assert_eq!(last.functions.values().map(|pinned| pinned.version.as_str()).collect::<Vec<_>>(), ["1", "2", "1"]);
}

#[tokio::test(start_paused = true)]
async fn interruption_during_the_smoke_test_reverts() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["a", "y", "z"]);
    deploy_release(&terraform, 1).await;
    let (sender, receiver) = watch::channel(false);
    let api = |_: &Addresses| {
        sender.send(true).unwrap();
        MemoryApi::default()
    };
    let (folder, interruption) = (Folder::new("interrupted-smoke"), Interruption::from_receiver(receiver));

    let failure = deploy(&memory, &terraform, api, &interruption, &folder.0, &request(2), Mode::Apply).await;

    let failure = failure.unwrap_err().to_string();
    assert_eq!(failure, "interrupted: every alias is where it was before");
    assert_eq!(live_versions(&memory), ["1", "1", "1"]);
}

#[tokio::test(start_paused = true)]
async fn deleted_version_fails_the_rollback_before_any_shift() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "c"]);
    deploy_release(&terraform, 1).await;
    deploy_release(&terraform, 2).await;
    memory.versions.borrow_mut().remove(&(alias("close-run").function_name, "1".to_owned()));
    let refused = roll_back(&memory, None, Mode::Apply).await.unwrap_err().to_string();
    assert!(refused.starts_with("version 1 of close-run does not exist any more"), "{refused}");
    assert_eq!(live_versions(&memory), ["2", "2", "1"]);
}

#[tokio::test(start_paused = true)]
async fn failed_rollback_is_reverted() {
    let memory = Memory::default();
    let terraform = MemoryTerraform::new(&memory);
    put_release(&memory, 1, ["a", "b", "c"]);
    put_release(&memory, 2, ["x", "y", "z"]);
    deploy_release(&terraform, 1).await;
    deploy_release(&terraform, 2).await;
    memory.fail("point gridbid-dev-orders-api to 1", CallError::Failed("throttled".to_owned()));
    let failure = roll_back(&memory, None, Mode::Apply).await.unwrap_err().to_string();
    assert_eq!(failure, "throttled: every alias is where it was before");
    assert_eq!(live_versions(&memory), ["2", "2", "2"]);
}

#[tokio::test(start_paused = true)]
async fn console_is_switched_after_its_assets_and_the_aliases() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &["x", "y"]);
    put_release_with_console(&memory, 2, ["a", "changed", "c"], "page 2", &["x", "z"]);
    deploy_release(&terraform, 1).await;
    assert_eq!(page(&memory).unwrap(), "page 1");
    memory.log.borrow_mut().clear();
    deploy_release(&terraform, 2).await;
    assert_eq!(page(&memory).unwrap(), "page 2");
    let log = memory.log.borrow().clone();
    let changes = log.iter().filter(|line| line.contains("desk") || line.contains("point"));
    let expected = ["write desk/assets/z.js", "point gridbid-dev-close-run to 2", "write desk/index.html"];
    assert_eq!(changes.collect::<Vec<_>>(), expected);
    // Open tabs still load what the page before had.
    assert!(memory.console_files.borrow().contains_key(&("desk".to_owned(), "assets/y.js".to_owned())));
    let last = History::read(&memory, &dev()).await.unwrap().last().unwrap().clone();
    assert_eq!(last.console.index().unwrap().1, ConsoleFile::of(b"page 2"));
    memory.log.borrow_mut().clear();
    deploy_release(&terraform, 2).await;
    assert!(memory.log.borrow().iter().all(|line| line.ends_with("/lock")), "{:?}", memory.log);
}

#[tokio::test(start_paused = true)]
async fn changed_console_alone_is_deployed_and_rolled_back() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &["x"]);
    put_release_with_console(&memory, 2, ["a", "b", "c"], "page 2", &["y"]);
    deploy_release(&terraform, 1).await;
    assert!(shifted(&deploy_release(&terraform, 2).await).is_empty());
    memory.log.borrow_mut().clear();
    roll_back(&memory, None, Mode::Apply).await.unwrap();
    assert_eq!(page(&memory).unwrap(), "page 1");
    assert_eq!(memory.logged("desk"), ["write desk/index.html"]);
    let last = History::read(&memory, &dev()).await.unwrap().last().unwrap().clone();
    assert_eq!((last.release, last.console.index().unwrap().1), (id(1), ConsoleFile::of(b"page 1")));
}

#[tokio::test(start_paused = true)]
async fn deployment_that_died_after_the_switch_is_rolled_back_to_the_recorded_page() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &[]);
    put_release_with_console(&memory, 2, ["a", "b", "c"], "page 2", &[]);
    deploy_release(&terraform, 1).await;
    memory.fail("create deployments/dev/", CallError::Failed("the connection broke".to_owned()));
    run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err();
    assert_eq!(page(&memory).unwrap(), "page 2");
    roll_back(&memory, None, Mode::Apply).await.unwrap();
    assert_eq!(page(&memory).unwrap(), "page 1");
}

#[tokio::test(start_paused = true)]
async fn failed_smoke_test_reverts_the_console() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &[]);
    put_release_with_console(&memory, 2, ["a", "b", "c"], "page 2", &[]);
    deploy_release(&terraform, 1).await;
    let failure = run(&terraform, &request(2), broken, Mode::Apply).await.unwrap_err().to_string();
    assert!(failure.ends_with("the console and every alias are where they were before"), "{failure}");
    assert_eq!(page(&memory).unwrap(), "page 1");
    let history = History::read(&memory, &dev()).await.unwrap();
    let (first, last) = (history.newest_first().last().unwrap(), history.last().unwrap());
    assert_eq!((&last.console, last.back_to), (&first.console, Some(first.at)));
}

#[tokio::test(start_paused = true)]
async fn failed_switch_of_the_console_reverts_the_aliases() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &[]);
    put_release_with_console(&memory, 2, ["x", "y", "z"], "page 2", &[]);
    deploy_release(&terraform, 1).await;
    memory.fail("write desk/index.html", CallError::Failed("access denied".to_owned()));
    let failure = run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err().to_string();
    assert!(failure.starts_with("the console cannot be switched: access denied"), "{failure}");
    assert!(failure.ends_with("the console and every alias are where they were before"), "{failure}");
    assert_eq!(
        (live_versions(&memory), page(&memory).unwrap()),
        (["1", "1", "1"].map(str::to_owned), "page 1".to_owned())
    );
    assert_eq!(memory.logged("publish Deployment to dev failed").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failed_upload_of_an_asset_touches_neither_page_nor_alias() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &["x"]);
    put_release_with_console(&memory, 2, ["x", "y", "z"], "page 2", &["y"]);
    deploy_release(&terraform, 1).await;
    memory.fail("write desk/assets/y.js", CallError::Failed("access denied".to_owned()));
    let failure = run(&terraform, &request(2), working, Mode::Apply).await.unwrap_err().to_string();
    assert_eq!(failure, "access denied: no alias was touched");
    assert_eq!(
        (live_versions(&memory), page(&memory).unwrap()),
        (["1", "1", "1"].map(str::to_owned), "page 1".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn lost_response_of_the_switch_is_recognized() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &[]);
    memory.lose_response("write desk/index.html", CallError::Changed("index.html".to_owned()));
    deploy_release(&terraform, 1).await;
    assert_eq!(page(&memory).unwrap(), "page 1");
}

#[tokio::test(start_paused = true)]
async fn page_changed_by_another_client_is_not_reverted_and_reported() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &[]);
    put_release_with_console(&memory, 2, ["a", "b", "c"], "page 2", &[]);
    deploy_release(&terraform, 1).await;
    let api = |addresses: &Addresses| {
        let key = ("desk".to_owned(), "index.html".to_owned());
        memory.console_files.borrow_mut().get_mut(&key).unwrap().0.bytes = b"by hand".to_vec();
        broken(addresses)
    };
    let failure = run(&terraform, &request(2), api, Mode::Apply).await.unwrap_err().to_string();
    assert!(
        failure.contains("could not revert the console: index.html: it was changed by another client"),
        "{failure}"
    );
    assert_eq!(page(&memory).unwrap(), "by hand");
}

#[tokio::test(start_paused = true)]
async fn environment_without_a_console_gets_no_files() {
    let memory = Memory::default();
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &["x"]);
    deploy_release(&MemoryTerraform::new(&memory), 1).await;
    assert!(memory.console_files.borrow().is_empty());
    assert!(History::read(&memory, &dev()).await.unwrap().last().unwrap().console.is_empty());
}

#[tokio::test(start_paused = true)]
async fn release_without_a_console_leaves_the_page() {
    let memory = Memory::default();
    let terraform = terraform_with_console(&memory);
    put_release_with_console(&memory, 1, ["a", "b", "c"], "page 1", &[]);
    put_release(&memory, 2, ["a", "b", "changed"]);
    deploy_release(&terraform, 1).await;
    deploy_release(&terraform, 2).await;
    assert_eq!(page(&memory).unwrap(), "page 1");
    let last = History::read(&memory, &dev()).await.unwrap().last().unwrap().clone();
    assert_eq!(last.console.index().unwrap().1, ConsoleFile::of(b"page 1"));
}
