//! The command line: reads it, runs one command, and turns its failure into a report and an exit code.
//!
//! Called by `main.rs`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::api::HttpApi;
use crate::cloud::Cloud as _;
use crate::cloud::aws::{Account, Aws};
use crate::commands::{Mode, deploy, redrive, release, rollback, smoke, status};
use crate::failure::Failure;
use crate::git;
use crate::history::{Addresses, History, Record};
use crate::interruption::Interruption;
use crate::manifest::{Binaries, Build, Profile};
use crate::moment::Moment;
use crate::names::{EnvironmentName, ReleaseId};
use crate::progress::{answer, say};
use crate::terraform::{Origin, Terraform};

/// What to do instead of releasing a laptop's build.
const RELEASE_FROM_NIX: &str = "release what `nix build .#functions` makes";

/// Releases, deploys, checks and rolls back Gridbid.
///
/// Credentials and region come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
/// AWS_REGION). From a profile:
///
///   eval "$(aws configure export-credentials --profile PROFILE --format env)"
///
/// AWS_ENDPOINT_URL puts another address, such as a local cloud's, in AWS's place.
#[derive(Parser)]
#[command(name = "gridbid", version, verbatim_doc_comment)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
    /// The artifacts bucket
    #[arg(long, global = true, env = "GRIDBID_ARTIFACTS_BUCKET", hide_env_values = true)]
    bucket: Option<String>,
    /// Only say what would be done
    #[arg(long, global = true)]
    dry_run: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Put what a commit built into the artifacts bucket, once and for good
    Release(ReleaseArguments),
    /// Take an environment to a release: Terraform, probes, aliases, smoke test
    Deploy(DeployArguments),
    /// Use the deployed API once as a company does, and check what comes back
    Smoke(Environment),
    /// Put every alias back where an earlier deployment had it
    Rollback {
        #[command(flatten)]
        environment: Environment,
        /// A release that the environment had; the deployment before when it is left out
        #[arg(long)]
        to: Option<ReleaseId>,
        /// Minutes to wait for a deployment that is under way
        #[arg(long, value_name = "MINUTES", default_value_t = 0)]
        wait: u32,
    },
    /// Send the notifications again that did not reach Slack
    Redrive(Environment),
    /// Show what an environment has, since when, and what it can go back to
    Status(Environment),
}

#[derive(Args)]
struct Environment {
    /// The environment, such as dev
    #[arg(long = "env")]
    name: EnvironmentName,
}

#[derive(Args)]
struct ReleaseArguments {
    /// A folder of zips with a functions.json, as `nix build .#functions` makes one
    #[arg(long, default_value = "result")]
    functions: PathBuf,
    /// The commit that was built; the one that is checked out when it is left out
    #[arg(long, requires = "committed_at")]
    release: Option<ReleaseId>,
    /// When that was committed, such as 2026-11-22T07:05:00Z
    #[arg(long, requires = "release")]
    committed_at: Option<Moment>,
    /// The static delivery binary of the same commit, kept beside the release
    #[arg(long)]
    gridbid: Option<PathBuf>,
    /// Release binaries of this machine too, static or not; only for an endpoint on this machine
    #[arg(long)]
    host_binaries: bool,
}

#[derive(Args)]
struct DeployArguments {
    #[command(flatten)]
    environment: Environment,
    /// The release: the 40 hex digits of its commit
    #[arg(long)]
    release: ReleaseId,
    /// Terraform's root folder; terraform/envs/ENV when it is left out
    #[arg(long)]
    terraform: Option<PathBuf>,
    /// An argument of `terraform init`, such as -backend-config=FILE
    #[arg(long, allow_hyphen_values = true)]
    init: Vec<String>,
    /// Terraform is initialised already
    #[arg(long, conflicts_with = "init")]
    initialised: bool,
    /// A Terraform variable, NAME=VALUE
    #[arg(long)]
    var: Vec<String>,
    /// Minutes to wait for another deployment that is under way
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    wait: u32,
    /// Deploy a release although it is older than the deployed one
    #[arg(long)]
    allow_older: bool,
    /// Import resources that exist already and are not in Terraform's state, then go on; only for an endpoint on this machine
    #[arg(long)]
    adopt_existing: bool,
    /// Let Terraform plan and apply in one run, which saves seconds; only for an endpoint on this machine
    #[arg(long)]
    in_one_run: bool,
    /// Leave the smoke test out
    #[arg(long)]
    no_smoke: bool,
    /// Print what was done as JSON on stdout
    #[arg(long)]
    json: bool,
}

/// Runs the command that the command line names.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: no async runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(perform(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.report().to_string());
            ExitCode::FAILURE
        }
    }
}

async fn perform(CommandLine { command, bucket, dry_run }: CommandLine) -> Result<(), Failure> {
    let account = Account::of_environment()?;
    let bucket = bucket.ok_or_else(|| {
        Failure::new("no artifacts bucket is named").with_todo("name it with --bucket or in GRIDBID_ARTIFACTS_BUCKET")
    })?;
    let aws = Aws::new(&account, &bucket);
    let mode = if dry_run { Mode::DryRun } else { Mode::ForReal };
    match command {
        Command::Release(arguments) => release::release(&aws, to_release(&account, arguments)?, mode).await,
        Command::Deploy(arguments) => deploy(&account, &aws, &bucket, arguments, mode).await,
        Command::Smoke(Environment { name }) => {
            let record = last(&aws, &name).await?;
            smoke::smoke(&api(&account, &record.addresses), aws.now(), mode).await
        }
        Command::Rollback { environment: Environment { name }, to, wait } => {
            let order = rollback::Order { environment: name, to, by: somebody(), patience: minutes(wait) };
            rollback::rollback(&aws, &Interruption::listen()?, &order, mode).await
        }
        Command::Redrive(Environment { name }) => redrive::redrive(&aws, &last(&aws, &name).await?, mode).await,
        Command::Status(Environment { name }) => {
            status::status(&aws, &name).await?.iter().for_each(|line| answer(line));
            Ok(())
        }
    }
}

fn to_release(account: &Account, arguments: ReleaseArguments) -> Result<release::Order, Failure> {
    let ReleaseArguments { functions, release, committed_at, gridbid, host_binaries } = arguments;
    let binaries = if host_binaries { Binaries::OfThisMachine } else { Binaries::ForLambda };
    if host_binaries {
        require_local_cloud(account, "--host-binaries is", RELEASE_FROM_NIX)?;
    }
    let (release, committed_at) = match (release, committed_at) {
        (Some(release), Some(committed_at)) => (release, committed_at),
        _ => git::head()?,
    };
    let build = Build::read(&functions, binaries)?;
    if build.manifest.profile != Profile::Release {
        let subject = format!("a build with the profile `{}` is", build.manifest.profile);
        require_local_cloud(account, &subject, RELEASE_FROM_NIX)?;
    }
    let gridbid = gridbid.map(|file| release::read_tool(&file, binaries)).transpose()?;
    Ok(release::Order { release, committed_at, build, gridbid })
}

/// Refuses what an environment on AWS must never get; `subject` begins the sentence, `hint` says what to do instead.
fn require_local_cloud(account: &Account, subject: &str, hint: &str) -> Result<(), Failure> {
    if account.is_local() {
        return Ok(());
    }
    let sentence = format!("{subject} only for a local cloud: AWS_ENDPOINT_URL does not lead to this machine");
    Err(Failure::new(sentence).with_todo(hint))
}

async fn deploy(
    account: &Account,
    aws: &Aws,
    bucket: &str,
    arguments: DeployArguments,
    mode: Mode,
) -> Result<(), Failure> {
    let DeployArguments {
        environment,
        release,
        terraform,
        init,
        initialised,
        var,
        wait,
        allow_older,
        adopt_existing,
        in_one_run,
        no_smoke,
        json,
    } = arguments;
    if adopt_existing {
        require_local_cloud(
            account,
            "--adopt-existing is",
            "import by hand what exists already, with `terraform import`",
        )?;
    }
    if in_one_run {
        require_local_cloud(account, "--in-one-run is", "leave it out: a plan comes first")?;
    }
    let environment = environment.name;
    let scratch = Scratch::new()?;
    let interruption = Interruption::listen()?;
    let mut variables = vec![format!("artifacts_bucket={bucket}")];
    variables.extend(var);
    let terraform = Terraform {
        program: "terraform".into(),
        folder: terraform.unwrap_or_else(|| Path::new("terraform/envs").join(environment.as_str())),
        variables,
        init: (!initialised).then_some(init),
        scratch: scratch.0.clone(),
        origin: Origin { region: account.region.clone(), queue_endpoint: account.endpoint_of("SQS") },
        interruption: interruption.clone(),
    };
    if !terraform.folder.is_dir() {
        return Err(Failure::new(format!("there is no folder `{}`", terraform.folder.display())).with_todo(
            "call gridbid in the repository, at the release's commit, or name the folder with --terraform",
        ));
    }
    let by = somebody();
    let with_smoke = !no_smoke;
    let patience = minutes(wait);
    let order = deploy::Order { environment, release, by, patience, allow_older, adopt_existing, in_one_run, with_smoke };
    let api = |addresses: &Addresses| api(account, addresses);
    let outcome = deploy::deploy(aws, &terraform, api, &interruption, &scratch.0, &order, mode).await?;
    if json {
        let text = serde_json::to_string(&outcome).map_err(|error| Failure::new(error.to_string()))?;
        answer(&text);
    }
    Ok(())
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(60 * u64::from(count))
}

/// The environment's last deployment.
async fn last(aws: &Aws, environment: &EnvironmentName) -> Result<Record, Failure> {
    let history = History::read(aws, environment).await?;
    let none = || Failure::new(format!("nothing was deployed to {environment} yet"));
    history.last().cloned().ok_or_else(none)
}

fn api(account: &Account, addresses: &Addresses) -> HttpApi {
    HttpApi::new(account, addresses, env::var("GRIDBID_SMOKE_TOKEN").ok().filter(|token| !token.is_empty()))
}

/// Who deploys, for the record and for whoever finds the environment taken: a pipeline's run or a person.
fn somebody() -> String {
    let variable = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
    let github = || {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        let actor = variable("GITHUB_ACTOR").unwrap_or_default();
        Some(format!("{actor} in {server}/{repository}/actions/runs/{}", variable("GITHUB_RUN_ID")?))
    };
    let codebuild = || Some(format!("CodeBuild {}", variable("CODEBUILD_BUILD_ID")?));
    let person = || Some(format!("{}, process {}", variable("USER")?, std::process::id()));
    github().or_else(codebuild).or_else(person).unwrap_or_else(|| format!("process {}", std::process::id()))
}

/// A folder for this run's files, which goes away with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let folder = env::temp_dir().join(format!("gridbid-{}", std::process::id()));
        let cannot = |error| Failure::new(format!("cannot make `{}`: {error}", folder.display()));
        fs::create_dir_all(&folder).map_err(cannot)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is a manifest and a plan in the system's own temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests;
