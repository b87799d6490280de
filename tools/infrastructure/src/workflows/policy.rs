//! What the workflows may do, as tables: a change of a permission, an environment, a secret, a role or an action has to change a
//! table, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gridbid_devkit::files::collect;
use gridbid_devkit::layout::Layout;
use regex::Regex;
use serde_json::Value;

/// The jobs with their environment, permissions, and the secrets and roles that they use; `-` for none.
const JOBS: &str = "
check.yml    advisories  -                          contents:read                                      -                                -
check.yml    compare     -                          contents:read                                      -                                -
check.yml    flake       -                          contents:read                                      -                                -
check.yml    fuzz        -                          contents:read                                      -                                -
check.yml    languages   -                          contents:read                                      -                                -
check.yml    passed      -                          contents:read                                      -                                -
check.yml    plan        -                          contents:read,id-token:write,pull-requests:write   -                                PLAN_ROLE_ARN_{0}
check.yml    system      -                          contents:read                                      -                                -
check.yml    terraform   -                          contents:read                                      -                                -
check.yml    zips        -                          contents:read                                      -                                -
deliver.yml  attest      -                          attestations:write,id-token:write                  -                                -
deliver.yml  before      -                          actions:read                                       -                                -
deliver.yml  cache       release                    contents:read,id-token:write                       NIX_CACHE_SIGNING_KEY            RELEASE_ROLE_ARN
deliver.yml  check       check.yml                  contents:read,id-token:write,pull-requests:write   -                                -
deliver.yml  dev         deploy.yml                 attestations:read,contents:read,id-token:write     inherit                          -
deliver.yml  notify      dev                        id-token:write                                     -                                DEPLOY_ROLE_ARN
deliver.yml  release     release                    attestations:write,contents:read,id-token:write    NIX_CACHE_SIGNING_KEY            RELEASE_ROLE_ARN
deploy.yml   deploy      ${{inputs.environment}}    attestations:read,contents:read,id-token:write     SMOKE_CLIENT_SECRET,SMOKE_TOKEN  DEPLOY_ROLE_ARN
long.yml     all         -                          contents:read                                      -                                -
promote.yml  deploy      deploy.yml                 attestations:read,contents:read,id-token:write     inherit                          -
promote.yml  merged      -                          contents:read                                      -                                -
refresh.yml  inputs      -                          actions:write,contents:write,pull-requests:write   -                                -
rollback.yml rollback    ${{inputs.environment}}    contents:read,id-token:write                       SMOKE_CLIENT_SECRET,SMOKE_TOKEN  DEPLOY_ROLE_ARN
";

/// The events that start the workflows. Only pull requests run code that was not reviewed, without secrets.
const EVENTS: &str = "
check.yml     merge_group pull_request workflow_call workflow_dispatch
deliver.yml   push
deploy.yml    workflow_call
long.yml      schedule workflow_dispatch
promote.yml   workflow_dispatch
refresh.yml   schedule workflow_dispatch
rollback.yml  workflow_dispatch
";

/// The actions, each in one version everywhere.
const ACTIONS: &str = "
actions/attest                        1e69f48acb82d1966a394da916b4c1698aa569d6 v4.2.2
actions/cache                         27d5ce7f107fe9357f9df03efb73ab90386fccae v5.0.5
actions/checkout                      3d3c42e5aac5ba805825da76410c181273ba90b1 v7.0.1
actions/download-artifact             3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c v8.0.1
actions/upload-artifact               bbbca2ddaa5d8feaa63e36b76fdaad77386f024f v7.0.0
aws-actions/configure-aws-credentials e6de054238d6b7531b4efff3b6587d9aade6a06c v6.2.3
cachix/install-nix-action             630ae543ea3a38a9a4166f03376c02c50f408342 v31.11.0
hashicorp/setup-terraform             dfe3c3f87815947d99a8997f908cb6525fc44e9e v4.0.1
";

/// Dependabot's name for the kind of a file that pins dependencies.
fn kind_of_lock(name: &str) -> Option<&'static str> {
    match name {
        "Cargo.lock" => Some("cargo"),
        "package-lock.json" => Some("npm"),
        ".terraform.lock.hcl" => Some("terraform"),
        _ => (name.starts_with("requirements") && name.ends_with(".txt")).then_some("pip"),
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// The workflows by their file names.
fn workflows() -> BTreeMap<String, String> {
    let files = super::workflows(&Layout::of_repository()).unwrap();
    files.iter().map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), read(file))).collect()
}

/// The workflows and the actions of the repository.
fn all_files() -> Vec<String> {
    let actions = fs::read_dir(Layout::of_repository().github().join("actions")).unwrap();
    let actions = actions.map(|action| read(&action.unwrap().path().join("action.yml")));
    workflows().into_values().chain(actions).collect()
}

/// A table's rows with single spaces, sorted.
fn rows(table: &str) -> Vec<String> {
    let mut rows: Vec<String> = table
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    rows.sort();
    rows
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The texts that a pattern captures, without repetitions.
fn captured(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|captures| captures[1].to_owned()).collect()
}

fn list(items: BTreeSet<String>) -> String {
    if items.is_empty() { "-".to_owned() } else { items.into_iter().collect::<Vec<_>>().join(",") }
}

/// A job as a row of [`JOBS`]. A called workflow stands in the column of the environment.
fn row(workflow: &str, file: &Value, name: &str, job: &Value) -> String {
    let permissions = job.get("permissions").or_else(|| file.get("permissions")).unwrap();
    let permissions = object(permissions).map(|(scope, access)| format!("{scope}:{}", access.as_str().unwrap()));
    let text = |member: &str| job.get(member).and_then(Value::as_str);
    let called = text("uses").map(|path| path.rsplit('/').next().unwrap().to_owned());
    let environment = called.or(text("environment").map(|name| name.replace(' ', ""))).unwrap_or("-".to_owned());
    let json = job.to_string();
    let mut secrets = captured(r"secrets\.([A-Z_]+)", &json);
    secrets.extend(text("secrets").map(str::to_owned));
    let roles = captured(r#""role-to-assume":"[^"]*?([A-Z_]+ROLE_ARN(?:_\{0\})?)"#, &json);
    format!("{workflow} {name} {environment} {} {} {}", list(permissions.collect()), list(secrets), list(roles))
}

#[test]
fn jobs_have_the_permissions_secrets_and_roles_of_the_table() {
    let mut found = Vec::new();
    for (workflow, text) in workflows() {
        let file = parse(&text);
        assert_eq!(file["permissions"], serde_json::json!({"contents": "read"}), "{workflow}");
        found.extend(object(&file["jobs"]).map(|(name, job)| row(&workflow, &file, name, job)));
    }
    found.sort();
    assert_eq!(found, rows(JOBS));
}

#[test]
fn another_permission_environment_secret_or_role_changes_a_row() {
    let file = parse("permissions: {contents: read}\njobs: {}");
    let changed = parse(
        "environment: prod\npermissions: {contents: write}\nsteps:\n- env: {KEY: \"${{ secrets.KEY }}\"}\n- with: \
         {role-to-assume: \"${{ vars.DEPLOY_ROLE_ARN }}\"}",
    );
    assert_eq!(row("a.yml", &file, "one", &parse("steps: []")), "a.yml one - contents:read - -");
    assert_eq!(row("a.yml", &file, "one", &changed), "a.yml one prod contents:write KEY DEPLOY_ROLE_ARN");
}

#[test]
fn workflows_start_only_at_the_events_of_the_table() {
    let found: Vec<String> = workflows()
        .iter()
        .map(|(workflow, text)| {
            let events: Vec<String> = object(&parse(text)["on"]).map(|(event, _)| event.clone()).collect();
            format!("{workflow} {}", events.join(" "))
        })
        .collect();
    assert_eq!(found, rows(EVENTS));
}

#[test]
fn actions_are_those_of_the_table() {
    let pinned = Regex::new(r"uses: ([^ ]+)@([0-9a-f]{40}) # (v[0-9.]+)").unwrap();
    let mut found = BTreeSet::new();
    for text in all_files() {
        for line in text.lines().filter(|line| line.contains("uses: ") && !line.contains("uses: ./")) {
            let captures = pinned.captures(line).unwrap_or_else(|| panic!("not pinned by commit and version: {line}"));
            found.insert(format!("{} {} {}", &captures[1], &captures[2], &captures[3]));
        }
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), rows(ACTIONS));
}

#[test]
fn terraform_has_one_version() {
    let layout = Layout::of_repository();
    let version = read(&layout.file(".terraform-version"));
    let mut found = BTreeSet::new();
    for text in all_files() {
        found.extend(captured(r"terraform_version: ([^ \n]+)", &text));
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [version.trim()]);
    // Nix reads the file.
    assert!(read(&layout.file("nix/terraform.nix")).contains("/.terraform-version"));
}

#[test]
fn cancelled_runs_reach_gridbid_and_are_reported() {
    let scripts = Layout::of_repository().github().join("scripts");
    for (workflow, text) in workflows() {
        let file = parse(&text);
        for (name, job) in object(&file["jobs"]) {
            let steps = job["steps"].as_array().into_iter().flatten();
            for step in steps.chain([job]) {
                let condition = step["if"].as_str().unwrap_or_default();
                assert!(
                    !condition.contains("failure()") || condition.contains("failure() || cancelled()"),
                    "{workflow}, {name}: a cancelled run is not reported: {condition}"
                );
                let run = step["run"].as_str().unwrap_or_default();
                let changes_aliases = ["deploy.sh", "roll-back.sh"].iter().any(|script| run.contains(script));
                assert!(!changes_aliases || run.starts_with("exec "), "{workflow}, {name}: {run}");
            }
        }
    }
    for script in ["deploy.sh", "roll-back.sh"] {
        let text = read(&scripts.join(script));
        let calls = text.lines().map(str::trim).filter(|line| line.contains("./gridbid"));
        assert!(calls.clone().count() > 0 && calls.clone().all(|line| line.starts_with("exec ")), "{script}");
    }
}

/// The steps of all jobs, each with its workflow and its job.
fn steps() -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    for (workflow, text) in workflows() {
        for (_, job) in object(&parse(&text)["jobs"]) {
            let steps = job["steps"].as_array().into_iter().flatten();
            found.extend(steps.map(|step| (workflow.clone(), job.clone(), step.clone())));
        }
    }
    found
}

#[test]
fn sessions_of_the_deploy_role_outlast_their_jobs() {
    let mut checked = 0;
    for (workflow, job, step) in steps() {
        let with = &step["with"];
        if !with["role-to-assume"].as_str().is_some_and(|role| role.contains("DEPLOY_ROLE_ARN")) {
            continue;
        }
        // GitHub's and the action's defaults.
        let minutes = job["timeout-minutes"].as_u64().unwrap_or(360);
        let seconds = with["role-duration-seconds"].as_u64().unwrap_or(3_600);
        assert!(seconds >= minutes * 60, "{workflow}: a session of {seconds} s in a job of {minutes} minutes");
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn every_check_runs_and_is_required() {
    let check = parse(&workflows()["check.yml"]);
    let commands: BTreeSet<String> = captured(r"nix run \.#test -- (\w+)", &workflows()["check.yml"]);
    assert_eq!(list(commands), "fuzz,languages,system,terraform");
    let mut jobs: BTreeSet<&str> = object(&check["jobs"]).map(|(name, _)| name.as_str()).collect();
    assert!(jobs.remove("passed"));
    let needed = check["jobs"]["passed"]["needs"].as_array().unwrap();
    assert_eq!(needed.iter().map(|job| job.as_str().unwrap()).collect::<BTreeSet<_>>(), jobs);
}

#[test]
fn releases_are_attested_and_verified_except_in_private_repositories() {
    let gate = "${{ vars.ATTESTATIONS || (github.event.repository.private && 'off' || 'on') }}";
    let gridbids: Vec<(String, String)> = steps()
        .into_iter()
        .filter(|(_, _, step)| step["uses"] == "./.github/actions/gridbid")
        .map(|(workflow, _, step)| (workflow, step["with"]["attestations"].as_str().unwrap().to_owned()))
        .collect();
    // A rollback must not depend on GitHub's attestations.
    let expected = [("deploy.yml", gate), ("rollback.yml", "off")];
    assert_eq!(gridbids, expected.map(|(workflow, gate)| (workflow.to_owned(), gate.to_owned())));
}

#[test]
fn failure_that_gridbid_has_reported_is_not_reported_again() {
    let reports: Vec<Value> = steps()
        .into_iter()
        .filter(|(workflow, _, step)| workflow == "deploy.yml" && step["name"] == "notify Slack")
        .map(|(_, _, step)| step["if"].clone())
        .collect();
    assert_eq!(reports, ["(failure() || cancelled()) && steps.deploy.outputs.reported != 'true'"]);
}

#[test]
fn flake_names_no_system_that_nixpkgs_has_dropped() {
    // With it, `nix flake show` fails; `nix flake check` on another system does not.
    let flake = read(&Layout::of_repository().file("flake.nix"));
    assert!(!flake.contains("\"x86_64-darwin\"") && flake.contains("\"aarch64-darwin\""));
}

#[test]
fn dependabot_updates_every_lock_file() {
    let layout = Layout::of_repository();
    let file = parse(&read(&layout.github().join("dependabot.yml")));
    let updates = file["updates"].as_array().unwrap();
    let listed = |kind: &str| -> BTreeSet<String> {
        let update = updates.iter().find(|update| update["package-ecosystem"] == kind).unwrap();
        update["directories"].as_array().unwrap().iter().map(|folder| folder.as_str().unwrap().to_owned()).collect()
    };
    let mut checked = 0;
    for (folder, kind) in lock_files(layout.root()) {
        assert!(listed(kind).contains(&folder), "dependabot.yml does not list {folder} for {kind}");
        checked += 1;
    }
    assert!(checked > 0);
}

/// The folder and the kind of every file that pins dependencies.
fn lock_files(root: &Path) -> Vec<(String, &'static str)> {
    let is_source =
        |name: &str| !matches!(name, "node_modules" | "target" | ".git" | ".gridbid" | ".terraform" | "dist");
    let mut files = Vec::new();
    collect(root, root, &is_source, &mut files).unwrap();
    let kind = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        Some((format!("/{folder}"), kind_of_lock(name)?))
    };
    files.iter().filter_map(|(path, _)| kind(path)).collect()
}
