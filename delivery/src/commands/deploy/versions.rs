//! The versions that Terraform has published: each must hold the released bytes and answer a probe.

use std::collections::BTreeMap;
use std::time::Duration;

use gridbid_release_format::{FunctionName, Release};
use serde::Deserialize;
use serde_json::Value;

use crate::cloud::services::{AliasTarget, Cloud, DeploymentGroup};
use crate::failure::Failure;
use crate::history::{Addresses, PinnedAlias};
use crate::progress::log_detail;

/// An event that every function answers without side effects.
const PROBE: &str = r#"{"probe":"gridbid"}"#;
/// Attempts of a probe: a new version may not be ready for a few seconds.
const ATTEMPTS: u32 = 5;
const RETRY_DELAY: Duration = Duration::from_secs(3);

/// Terraform's outputs, as far as a deployment needs them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct StackOutputs {
    functions: BTreeMap<FunctionName, FunctionOutput>,
    #[serde(flatten)]
    addresses: Addresses,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct FunctionOutput {
    #[serde(flatten)]
    alias: AliasTarget,
    deployment: Option<DeploymentGroup>,
}

/// The aliases with the versions to shift to, and the environment's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The aliases by function.
    pub(crate) functions: BTreeMap<FunctionName, PinnedAlias>,
    /// The addresses.
    pub(crate) addresses: Addresses,
}

impl StackOutputs {
    /// Parses the outputs.
    ///
    /// # Errors
    /// When one is missing or has the wrong type.
    pub(crate) fn parse(outputs: Value) -> Result<Self, Failure> {
        serde_json::from_value(outputs)
            .map_err(|error| Failure::from_error("Terraform's outputs are not those of the stack", &error))
    }

    /// The versions to shift to, which hold the bytes of a release.
    ///
    /// Terraform changes a function's code and configuration first and publishes the version after that. A Terraform that
    /// was killed in between leaves the change unpublished, and its next plan finds nothing to do: so the version is
    /// published here.
    ///
    /// # Errors
    /// When the release lacks a function, or a version holds different bytes.
    pub(crate) async fn target(self, cloud: &impl Cloud, release: &Release) -> Result<Target, Failure> {
        let mut functions = BTreeMap::new();
        for (name, FunctionOutput { alias, deployment }) in self.functions {
            let missing = || Failure::new(format!("Terraform has a function {name} that the release does not contain"));
            let code_sha256 = release.functions.get(&name).ok_or_else(missing)?.sha256_base64.clone();
            let published = cloud.publish_version(&alias.function_name).await?;
            let version = published.version;
            if published.code_sha256 != code_sha256 {
                return Err(Failure::new(format!("version {version} of {name} does not hold the released bytes"))
                    .with_hint("another client has changed its code: deploy again"));
            }
            functions.insert(name, PinnedAlias { alias, version, code_sha256, deployment });
        }
        Ok(Target { functions, addresses: self.addresses })
    }
}

/// Checks that a new version starts, without side effects.
///
/// # Errors
/// When it fails or returns anything but the answer to a probe.
pub(crate) async fn probe(cloud: &impl Cloud, name: &FunctionName, pinned: &PinnedAlias) -> Result<(), Failure> {
    let (function, version) = (&pinned.alias.function_name, &pinned.version);
    let mut attempt = 1;
    let output = loop {
        match cloud.invoke(function, version, PROBE).await {
            Ok(output) => break output,
            Err(error) if attempt == ATTEMPTS => return Err(error.into()),
            Err(_) => tokio::time::sleep(RETRY_DELAY).await,
        }
        attempt += 1;
    };
    let result: Option<Value> = serde_json::from_str(&output.text).ok();
    let has = |member: &str, text: &str| result.as_ref().and_then(|it| it.get(member)).is_some_and(|it| it == text);
    if output.is_error || !has("probe", "gridbid") || !has("function", name.as_str()) {
        let message = format!("version {version} of {name} does not answer the probe: {}", output.text.trim());
        return Err(Failure::new(message).with_hint("the function's log shows why it does not start"));
    }
    log_detail(&format!("{name}: version {version} answers the probe"));
    Ok(())
}
