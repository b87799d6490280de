//! Deploys to the local cloud the way every environment is deployed: `gridbid release`, then `gridbid deploy`.
//!
//! On a laptop a release is named after its content instead of a commit, its binaries may be this machine's, and an older
//! release may be deployed again. The user's AWS and Terraform variables do not reach `gridbid`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridbid_devkit::clock;
use gridbid_devkit::digest::sha256_hex;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::subprocess::Subprocess;
use gridbid_devkit::terraform::{self, WarmProvider};
use gridbid_release_format::{DeployReport, Manifest};

use crate::client::Cloud;
use crate::deployer;
use crate::record::Ports;

/// The artifacts bucket of the local cloud.
pub const BUCKET: &str = "gridbid-artifacts";
/// The name of the environment.
pub const ENVIRONMENT: &str = "local";
/// Time limit: a new system takes a minute, but a call that the local cloud does not support is retried for minutes.
const LIMIT: Duration = Duration::from_secs(900);

/// `gridbid` for one local cloud.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    layout: &'a Layout,
    ports: Ports,
    gridbid: PathBuf,
    /// A running provider for Terraform to use.
    provider: Option<&'a WarmProvider>,
}

impl<'a> Delivery<'a> {
    /// `gridbid` for the local cloud at these ports.
    #[must_use]
    pub fn new(layout: &'a Layout, ports: Ports, gridbid: PathBuf) -> Self {
        Self { layout, ports, gridbid, provider: None }
    }

    /// The same with a running provider for Terraform to use.
    #[must_use]
    pub fn with_provider(self, provider: Option<&'a WarmProvider>) -> Self {
        Self { provider, ..self }
    }

    /// Releases a folder of zips; returns the release and a summary.
    ///
    /// # Errors
    /// When `gridbid` fails.
    pub fn release(&self, functions: &Path, step: &Step) -> Result<(String, String), Failure> {
        Cloud::new(&self.ports).make_bucket(BUCKET)?;
        let release = release_name(functions)?;
        let log = self.layout.log("gridbid-release");
        self.release_command("gridbid-release", &release, functions).run(step)?;
        let text = fs::read_to_string(&log).on_file("read", &log)?;
        let line = text.lines().rev().find_map(|line| line.strip_prefix("release ")?.split_once(": "));
        let (_, summary) = line.ok_or_else(|| Failure::new("`gridbid release` printed no summary"))?;
        Ok((release, summary.to_owned()))
    }

    /// The command that releases a folder of zips; its log has this name.
    #[must_use]
    pub fn release_command(&self, log: &str, release: &str, functions: &Path) -> Subprocess {
        let committed_at = clock::now();
        self.as_root(log)
            .args(["release", "--host-binaries", "--release", release, "--committed-at", &committed_at, "--functions"])
            .args([functions])
    }

    /// Deploys a release.
    ///
    /// # Errors
    /// When `gridbid` fails; its log has the cause and the state of the aliases.
    pub fn deploy(&self, release: &str, variables: &[(&str, String)], step: &Step) -> Result<DeployReport, Failure> {
        let json = self.deploy_command("gridbid-deploy", release, variables)?.output(step).map_err(|failure| {
            failure.with_hint(
                "the log has the cause; `cargo xtask down --wipe` and `cargo xtask up` begin with an empty cloud",
            )
        })?;
        serde_json::from_str(&json)
            .map_err(|error| Failure::new(format!("cannot parse the output of gridbid deploy: {error}")))
    }

    /// The command that deploys a release; its log has this name, and its result is JSON on stdout.
    ///
    /// # Errors
    /// As [`deployer::variables`].
    pub fn deploy_command(
        &self,
        log: &str,
        release: &str,
        variables: &[(&str, String)],
    ) -> Result<Subprocess, Failure> {
        let simulators = format!("http://127.0.0.1:{}", self.ports.simulators);
        let simulator_variables = [
            format!("slack_webhook_url={simulators}/slack/gridbid"),
            format!("auction_platform_url={simulators}/auction"),
        ];
        let variables = variables.iter().map(|(name, value)| format!("{name}={value}"));
        let role = deployer::variables(self.layout)?;
        let by_role = role.is_some().then(|| "delivered_by_role=true".to_owned());
        let variables = simulator_variables.into_iter().chain(variables).chain(by_role);
        let variables = variables.map(|variable| format!("--var={variable}"));
        let command = self
            .as_root(log)
            .env(role.into_iter().flatten())
            .args(["deploy", "--env", ENVIRONMENT, "--initialised", "--allow-older", "--json", "--release", release])
            .args(["--in-one-run", "--adopt-existing", "--wait", "2"])
            .args(["--terraform".as_ref(), self.layout.terraform_local().as_os_str()])
            .args(variables);
        Ok(command)
    }

    /// A `gridbid` command whose log has this name, under the deploy role if that was installed.
    ///
    /// # Errors
    /// As [`deployer::variables`].
    pub fn gridbid(&self, log: &str) -> Result<Subprocess, Failure> {
        Ok(self.as_root(log).env(deployer::variables(self.layout)?.into_iter().flatten()))
    }

    fn as_root(&self, log: &str) -> Subprocess {
        Subprocess::new(&self.gridbid, self.layout.log(log), LIMIT)
            .inside(self.layout.root())
            .env(terraform::on_local_cloud(self.layout, self.ports.cloud))
            .env(self.provider.map(WarmProvider::variables).into_iter().flatten())
            .env([("GRIDBID_ARTIFACTS_BUCKET", Some(OsString::from(BUCKET))), ("GRIDBID_SMOKE_TOKEN", None)])
    }
}

/// The name of a release that belongs to no commit: 40 hexadecimal digits computed from its content.
///
/// # Errors
/// When the folder has no manifest.
pub fn release_name(functions: &Path) -> Result<String, Failure> {
    let file = functions.join(Manifest::FILE_NAME);
    let digest = sha256_hex(&fs::read(&file).on_file("read", &file)?);
    Ok(digest.chars().take(40).collect())
}
