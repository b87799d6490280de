//! The command line of `gridbid`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use gridbid_release_format::{EnvironmentName, ReleaseId, Timestamp};

/// Releases, deploys, checks and rolls back Gridbid.
///
/// Credentials and region come from the sources of every AWS tool: environment variables, the profile in AWS_PROFILE
/// (keys, single sign-on, assumed roles), a web identity token, or instance metadata.
///
/// AWS_ENDPOINT_URL, or `endpoint_url` in the profile, replaces AWS by another endpoint such as a local cloud.
///
/// The smoke test signs its requests. Where a JWT issuer guards the API, it needs the token in GRIDBID_SMOKE_TOKEN, or a client
/// of the issuer in GRIDBID_SMOKE_TOKEN_URL, GRIDBID_SMOKE_CLIENT_ID and GRIDBID_SMOKE_CLIENT_SECRET (and GRIDBID_SMOKE_SCOPE,
/// GRIDBID_SMOKE_AUDIENCE).
#[derive(Parser)]
#[command(name = "gridbid", version, verbatim_doc_comment)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Artifacts bucket
    #[arg(long, global = true, env = "GRIDBID_ARTIFACTS_BUCKET", hide_env_values = true)]
    pub(crate) bucket: Option<String>,
    /// Print what would be changed, and change nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Publish the build of a commit to the artifacts bucket, once
    Release(ReleaseArguments),
    /// Take an environment to a release: Terraform, probes, aliases, smoke test
    Deploy(DeployArguments),
    /// Use the deployed API as a company would, and check the responses
    Smoke(EnvironmentArgument),
    /// Restore the versions of an earlier deployment
    Rollback {
        #[command(flatten)]
        environment: EnvironmentArgument,
        /// Release to restore [default: that of the previous deployment]
        #[arg(long)]
        to: Option<ReleaseId>,
        /// Minutes to wait for a running deployment
        #[arg(long, value_name = "MINUTES", default_value_t = 0)]
        wait: u32,
    },
    /// Send undelivered notifications to Slack again, and orders from the dead-letter queue to submission
    Redrive(EnvironmentArgument),
    /// Send the orders that are still pending to submission again
    Resubmit(EnvironmentArgument),
    /// Run a slot, or every open slot, again
    Rerun {
        #[command(flatten)]
        environment: EnvironmentArgument,
        /// Slot, such as 2026-11-22T07:05:00Z [default: every slot whose run began and did not finish]
        #[arg(long)]
        slot: Option<Timestamp>,
        /// Poll the auction platform again although the slot's results are stored
        #[arg(long, requires = "slot")]
        ask_again: bool,
    },
    /// Show what is deployed, since when, and what it can be rolled back to
    Status(EnvironmentArgument),
}

#[derive(Args)]
pub(crate) struct EnvironmentArgument {
    /// Environment, such as dev
    #[arg(long = "env")]
    pub(crate) name: EnvironmentName,
}

#[derive(Args)]
pub(crate) struct ReleaseArguments {
    /// Folder with functions.json and its zips, such as the result of `nix build .#functions`
    #[arg(long, default_value = "result")]
    pub(crate) functions: PathBuf,
    /// Commit of the build [default: the checked-out commit]
    #[arg(long, requires = "committed_at")]
    pub(crate) release: Option<ReleaseId>,
    /// Time of that commit, such as 2026-11-22T07:05:00Z
    #[arg(long, requires = "release")]
    pub(crate) committed_at: Option<Timestamp>,
    /// Folder of the built console, such as the result of `nix build .#console`, stored with the release
    #[arg(long)]
    pub(crate) console: Option<PathBuf>,
    /// Static delivery binary of the same commit, stored with the release; repeatable, one for each processor
    #[arg(long)]
    pub(crate) gridbid: Vec<PathBuf>,
    /// Also release binaries of this machine that are not static; only for an endpoint on this machine
    #[arg(long)]
    pub(crate) host_binaries: bool,
}

#[derive(Args)]
pub(crate) struct DeployArguments {
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgument,
    /// Release: the 40 hex digits of its commit
    #[arg(long)]
    pub(crate) release: ReleaseId,
    /// Folder of Terraform's root module [default: terraform/envs/ENV]
    #[arg(long)]
    pub(crate) terraform: Option<PathBuf>,
    /// Argument of `terraform init`, such as -backend-config=FILE; repeatable
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) init: Vec<String>,
    /// Skip `terraform init`
    #[arg(long, conflicts_with = "init")]
    pub(crate) initialised: bool,
    /// Terraform variable, NAME=VALUE; repeatable
    #[arg(long)]
    pub(crate) var: Vec<String>,
    /// Minutes to wait for another running deployment
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    pub(crate) wait: u32,
    /// Allow a release that lacks commits of the deployed one
    #[arg(long)]
    pub(crate) allow_older: bool,
    /// Import existing resources that are not in Terraform's state; only for an endpoint on this machine
    #[arg(long)]
    pub(crate) adopt_existing: bool,
    /// Plan and apply in one run of Terraform, which saves seconds; only for an endpoint on this machine
    #[arg(long)]
    pub(crate) in_one_run: bool,
    /// Skip the smoke test
    #[arg(long)]
    pub(crate) no_smoke: bool,
    /// Print the result as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}
