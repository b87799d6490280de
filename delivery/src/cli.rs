//! The entry point: parses the command line, runs one command, and turns a failure into a report and an exit code.

mod arguments;

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::time::Duration;

use clap::Parser as _;
use gridbid_release_format::{EnvironmentName, Profile};

use self::arguments::{Command, CommandLine, DeployArguments, ReleaseArguments};
use crate::api::HttpApi;
use crate::build::{Binaries, Build};
use crate::cloud::aws::{Account, Aws};
use crate::cloud::services::Cloud as _;
use crate::commands::deploy::{self, DeployRequest};
use crate::commands::mode::Mode;
use crate::commands::redrive::redrive;
use crate::commands::release::{self, ReleaseRequest};
use crate::commands::rerun::{RerunRequest, rerun};
use crate::commands::resubmit::resubmit;
use crate::commands::rollback::{RollbackRequest, rollback};
use crate::commands::smoke::smoke;
use crate::commands::status::status;
use crate::console;
use crate::failure::Failure;
use crate::git;
use crate::history::{Addresses, History, Record};
use crate::interruption::Interruption;
use crate::progress::{log_raw, print};
use crate::terraform::{Origin, Terraform};
use crate::token::TokenSource;

/// Hint shown when a laptop's build must not be released.
const RELEASE_FROM_NIX: &str = "release a build of `nix build .#functions`";

/// Runs the command of the command line.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::from_error("cannot start the async runtime", &error));
    match runtime.and_then(|runtime| runtime.block_on(run(arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            log_raw(&failure.report());
            if failure.is_reported()
                && let Some(file) = variable("GITHUB_OUTPUT")
                && let Err(error) = note_report(Path::new(&file))
            {
                log_raw(&Failure::from_error(format!("cannot write `{file}`"), &error).report());
            }
            ExitCode::FAILURE
        }
    }
}

/// Sets the output `reported` of a step of a GitHub workflow, which then does not notify Slack a second time.
fn note_report(file: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(file)?.write_all(b"reported=true\n")
}

async fn run(CommandLine { command, bucket, dry_run }: CommandLine) -> Result<(), Failure> {
    let account = Account::load().await?;
    let bucket = bucket.ok_or_else(|| {
        Failure::new("no artifacts bucket is named").with_hint("name it with --bucket or in GRIDBID_ARTIFACTS_BUCKET")
    })?;
    let aws = Aws::new(&account, &bucket);
    let mode = if dry_run { Mode::DryRun } else { Mode::Apply };
    match command {
        Command::Release(arguments) => release::release(&aws, release_request(&account, arguments)?, mode).await,
        Command::Deploy(arguments) => deploy(&account, &aws, &bucket, arguments, mode).await,
        Command::Smoke(environment) => {
            let record = last_record(&aws, &environment.name).await?;
            smoke(&HttpApi::new(&account, &record.addresses, smoke_token()?), aws.now(), mode).await
        }
        Command::Rollback { environment, to, wait } => {
            let request =
                RollbackRequest { environment: environment.name, to, by: caller(), wait_limit: minutes(wait) };
            rollback(&aws, &Interruption::listen()?, &request, mode).await
        }
        Command::Redrive(environment) => redrive(&aws, &last_record(&aws, &environment.name).await?, mode).await,
        Command::Resubmit(environment) => resubmit(&aws, &last_record(&aws, &environment.name).await?, mode).await,
        Command::Rerun { environment, slot, ask_again } => {
            let request = slot.map_or(RerunRequest::Open, |slot| RerunRequest::Slot { slot, ask_again });
            rerun(&aws, &last_record(&aws, &environment.name).await?, request, mode).await
        }
        Command::Status(environment) => {
            status(&aws, &environment.name).await?.iter().for_each(|line| print(line));
            Ok(())
        }
    }
}

fn release_request(account: &Account, arguments: ReleaseArguments) -> Result<ReleaseRequest, Failure> {
    let ReleaseArguments { functions, release, committed_at, console, gridbid, host_binaries } = arguments;
    let binaries = if host_binaries { Binaries::Host } else { Binaries::Lambda };
    if host_binaries {
        require_local_cloud(account, "--host-binaries is", RELEASE_FROM_NIX)?;
    }
    let (release, committed_at) = match release.zip(committed_at) {
        Some(commit) => commit,
        None => git::read_head()?,
    };
    let build = Build::read(&functions, binaries)?;
    if build.manifest.profile != Profile::Release {
        let subject = format!("a build with the profile `{}` is", build.manifest.profile);
        require_local_cloud(account, &subject, RELEASE_FROM_NIX)?;
    }
    let gridbid = release::read_gridbid(&gridbid, binaries)?;
    let console = console.map(|folder| console::read(&folder)).transpose()?.unwrap_or_default();
    Ok(ReleaseRequest { release, committed_at, build, console, gridbid })
}

/// Rejects what only a local cloud may get. `subject` begins the message; `hint` names the alternative.
fn require_local_cloud(account: &Account, subject: &str, hint: &str) -> Result<(), Failure> {
    if account.is_local() {
        return Ok(());
    }
    Err(Failure::new(format!("{subject} only for a local cloud: the endpoint is not on this machine")).with_hint(hint))
}

async fn deploy(
    account: &Account,
    aws: &Aws,
    bucket: &str,
    arguments: DeployArguments,
    mode: Mode,
) -> Result<(), Failure> {
    if arguments.adopt_existing {
        require_local_cloud(account, "--adopt-existing is", "import existing resources with `terraform import`")?;
    }
    if arguments.in_one_run {
        require_local_cloud(account, "--in-one-run is", "leave it out to plan before the apply")?;
    }
    let environment = arguments.environment.name;
    let scratch = Scratch::new()?;
    let interruption = Interruption::listen()?;
    let mut variables = vec![format!("artifacts_bucket={bucket}")];
    variables.extend(arguments.var);
    let default_folder = || Path::new("terraform/envs").join(environment.as_str());
    let terraform = Terraform {
        program: "terraform".into(),
        folder: arguments.terraform.unwrap_or_else(default_folder),
        variables,
        init: (!arguments.initialised).then_some(arguments.init),
        scratch: scratch.0.clone(),
        origin: Origin { region: account.region().to_owned(), queue_endpoint: account.endpoint_of("SQS") },
        interruption: interruption.clone(),
    };
    if !terraform.folder.is_dir() {
        let message = format!("there is no folder `{}`", terraform.folder.display());
        return Err(Failure::new(message)
            .with_hint("run gridbid in the repository, at the release's commit, or name the folder with --terraform"));
    }
    let request = DeployRequest {
        environment,
        release: arguments.release,
        by: caller(),
        wait_limit: minutes(arguments.wait),
        allow_older: arguments.allow_older,
        contains: git::contains,
        adopt_existing: arguments.adopt_existing,
        in_one_run: arguments.in_one_run,
        with_smoke: !arguments.no_smoke,
    };
    let token = smoke_token()?;
    let api = |addresses: &Addresses| HttpApi::new(account, addresses, token.clone());
    let report = deploy::deploy(aws, &terraform, api, &interruption, &scratch.0, &request, mode).await?;
    if arguments.json {
        let json = serde_json::to_string(&report);
        print(&json.map_err(|error| Failure::from_error("cannot write the report", &error))?);
    }
    Ok(())
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(60 * u64::from(count))
}

/// The record of the environment's last deployment.
async fn last_record(aws: &Aws, environment: &EnvironmentName) -> Result<Record, Failure> {
    let none = || Failure::new(format!("nothing was deployed to {environment} yet"));
    History::read(aws, environment).await?.last().cloned().ok_or_else(none)
}

fn smoke_token() -> Result<Option<TokenSource>, Failure> {
    TokenSource::from_variables(variable)
}

/// A variable of the environment; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Names who runs the command, for the record and the lock: a pipeline's run or a person.
fn caller() -> String {
    let github = || {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        let (actor, run) = (variable("GITHUB_ACTOR")?, variable("GITHUB_RUN_ID")?);
        Some(format!("{actor} in {server}/{repository}/actions/runs/{run}"))
    };
    let codebuild = || Some(format!("CodeBuild {}", variable("CODEBUILD_BUILD_ID")?));
    let person = || Some(format!("{}, process {}", variable("USER")?, process::id()));
    github().or_else(codebuild).or_else(person).unwrap_or_else(|| format!("process {}", process::id()))
}

/// A folder for the files of this run, which is removed when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let folder = env::temp_dir().join(format!("gridbid-{}", process::id()));
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::from_error(format!("cannot create `{}`", folder.display()), &error))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The system cleans its temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests;
