//! The zips into the local cloud, the way that every environment goes: `gridbid release`, then `gridbid deploy`.
//!
//! Only what a laptop lacks is different: a release is named after its content instead of a commit, its binaries may be this
//! machine's own, and an older one may come again. Promises that nothing of the user's own environment reaches it, and that a
//! call which the local cloud does not answer ends in minutes. Called by `system` and by the system tests.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::clock;
use crate::cloud::client::Cloud;
use crate::cloud::record::Ports;
use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::package::manifest;
use crate::progress::Step;
use crate::subprocess::Subprocess;
use crate::terraform::{self, WarmProvider};

/// The local cloud's artifacts bucket.
pub const BUCKET: &str = "gridbid-artifacts";
/// The environment's name.
pub const ENVIRONMENT: &str = "local";
/// The local cloud takes a minute for a whole new system; a call that it does not know is repeated for minutes.
const LIMIT: Duration = Duration::from_secs(900);

/// A change that Terraform made.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Change {
    /// The resource's address.
    pub address: String,
    /// `create`, `update`, `delete`, `replace`, …
    pub action: String,
}

/// What a deployment did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Outcome {
    /// What Terraform changed.
    pub changes: Vec<Change>,
    /// The functions whose aliases were put on another version.
    pub shifted: Vec<String>,
    /// Terraform's outputs by name.
    pub outputs: Value,
}

/// `gridbid` on one local cloud.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    layout: &'a Layout,
    ports: Ports,
    gridbid: PathBuf,
    /// A provider that runs already.
    provider: Option<&'a WarmProvider>,
}

impl<'a> Delivery<'a> {
    /// `gridbid` for the local cloud at these ports.
    #[must_use]
    pub fn new(layout: &'a Layout, ports: Ports, gridbid: PathBuf) -> Self {
        Self { layout, ports, gridbid, provider: None }
    }

    /// The same with a provider that runs already.
    #[must_use]
    pub fn with_provider(self, provider: Option<&'a WarmProvider>) -> Self {
        Self { provider, ..self }
    }

    /// Releases a folder of zips; hands back the release, and what was done in a few words.
    ///
    /// # Errors
    /// When `gridbid` fails.
    pub fn release(&self, functions: &Path, step: &Step) -> Result<(String, String), Failure> {
        Cloud::new(&self.ports).make_bucket(BUCKET)?;
        let release = name(functions)?;
        let log = self.layout.log("gridbid-release");
        self.releasing("gridbid-release", &release, functions).run(step)?;
        let text = fs::read_to_string(&log).unwrap_or_default();
        let told = text.lines().rev().find_map(|line| line.strip_prefix("release ")?.split_once(": "));
        let told = told.map(|(_, told)| told.to_owned()).unwrap_or_default();
        Ok((release, told))
    }

    /// The call that releases a folder of zips, with a log of this name.
    #[must_use]
    pub fn releasing(&self, log: &str, release: &str, functions: &Path) -> Subprocess {
        let committed_at = clock::rfc3339(clock::unix_seconds());
        self.gridbid(log)
            .args(["release", "--host-binaries", "--release", release, "--committed-at", &committed_at, "--functions"])
            .args([functions])
    }

    /// Deploys a release.
    ///
    /// # Errors
    /// When `gridbid` fails; its log says why, and where the aliases are then.
    pub fn deploy(&self, release: &str, variables: &[(&str, String)], step: &Step) -> Result<Outcome, Failure> {
        let json = self.deploying("gridbid-deploy", release, variables).output(step).map_err(|failure| {
            failure.with_todo(
                "the log says what went wrong; `cargo xtask down --wipe` and `cargo xtask up` begin with an empty cloud",
            )
        })?;
        serde_json::from_str(&json)
            .map_err(|error| Failure::new(format!("gridbid tells something else than what it did: {error}")))
    }

    /// The call that deploys a release, with a log of this name; what it did is JSON on its stdout.
    #[must_use]
    pub fn deploying(&self, log: &str, release: &str, variables: &[(&str, String)]) -> Subprocess {
        let slack = format!("slack_webhook_url=http://127.0.0.1:{}/slack/gridbid", self.ports.neighbours);
        let variables = variables.iter().map(|(name, value)| format!("{name}={value}"));
        let variables = [slack].into_iter().chain(variables).map(|variable| format!("--var={variable}"));
        self.gridbid(log)
            .args(["deploy", "--env", ENVIRONMENT, "--initialised", "--allow-older", "--json", "--release", release])
            .args(["--in-one-run", "--adopt-existing", "--wait", "2"])
            .args(["--terraform".as_ref(), self.layout.terraform_local().as_os_str()])
            .args(variables)
    }

    /// A call of `gridbid` with a log of this name.
    #[must_use]
    pub fn gridbid(&self, log: &str) -> Subprocess {
        Subprocess::new(&self.gridbid, self.layout.log(log), LIMIT)
            .inside(self.layout.root())
            .env(terraform::on_local_cloud(self.layout, &self.ports))
            .env(self.provider.map(WarmProvider::variables).into_iter().flatten())
            .env([("GRIDBID_ARTIFACTS_BUCKET", Some(OsString::from(BUCKET))), ("GRIDBID_SMOKE_TOKEN", None)])
    }
}

/// What a build is called where it belongs to no commit: 40 hex digits that follow from its content.
///
/// # Errors
/// When the folder holds no manifest.
pub fn name(functions: &Path) -> Result<String, Failure> {
    let file = functions.join(manifest::FILE_NAME);
    let digest = sha256_hex(&fs::read(&file).on_file("read", &file)?);
    Ok(digest.chars().take(40).collect())
}

/// Few words for many changes: `3 to create, 1 to update`.
#[must_use]
pub fn counted(changes: &[Change]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for change in changes {
        match counts.iter_mut().find(|(action, _)| *action == change.action) {
            Some((_, count)) => *count += 1,
            None => counts.push((&change.action, 1)),
        }
    }
    let told: Vec<String> = counts.iter().map(|(action, count)| format!("{count} to {action}")).collect();
    if told.is_empty() { "no change".to_owned() } else { told.join(", ") }
}
