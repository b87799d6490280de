//! What Terraform has published: each function's new version, which must hold the released bytes and answer a probe.
//!
//! Called by `deploy`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::cloud::{Cloud, Group, Place};
use crate::failure::Failure;
use crate::history::{Addresses, Placed};
use crate::names::FunctionName;
use crate::progress::say;
use crate::release::Release;

/// The event that every function answers without an effect.
const PROBE: &str = r#"{"probe":"gridbid"}"#;
/// A version that was published a moment ago may not be ready yet.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(3);

/// Terraform's outputs, as far as a deployment needs them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Stack {
    functions: BTreeMap<FunctionName, Output>,
    #[serde(flatten)]
    addresses: Addresses,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Output {
    #[serde(flatten)]
    place: Place,
    version: String,
    deployment: Option<Group>,
}

/// What there is after Terraform: where every alias has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployed {
    /// The functions.
    pub(crate) functions: BTreeMap<FunctionName, Placed>,
    /// What is called where.
    pub(crate) addresses: Addresses,
}

impl Stack {
    /// Reads the outputs.
    ///
    /// # Errors
    /// When one is missing.
    pub(crate) fn of_outputs(outputs: Value) -> Result<Self, Failure> {
        serde_json::from_value(outputs)
            .map_err(|error| Failure::new(format!("Terraform's outputs are not as expected: {error}")))
    }

    /// Where the aliases have to go: to versions that hold the very bytes of the release.
    ///
    /// # Errors
    /// When a function is not in the release, or a version holds something else.
    pub(crate) async fn deployed(self, cloud: &impl Cloud, release: &Release) -> Result<Deployed, Failure> {
        let mut functions = BTreeMap::new();
        for (name, Output { place, version, deployment }) in self.functions {
            let released = release.functions.get(&name).map(|function| function.sha256_base64.clone());
            let missing = || Failure::new(format!("Terraform knows a function {name} that the release does not hold"));
            let code_sha256 = released.ok_or_else(missing)?;
            let there = cloud.code(&place.function_name, &version).await?;
            if there.as_ref() != Some(&code_sha256) {
                let sentence = format!("version {version} of {name} does not hold the released bytes");
                return Err(Failure::new(sentence).with_todo("somebody else has written its code: deploy again"));
            }
            functions.insert(name, Placed { place, version, code_sha256, deployment });
        }
        Ok(Deployed { functions, addresses: self.addresses })
    }
}

/// Asks a new version whether it starts, without an effect.
///
/// # Errors
/// When it fails or answers something else.
pub(crate) async fn probe(cloud: &impl Cloud, name: &FunctionName, placed: &Placed) -> Result<(), Failure> {
    let (function, version) = (&placed.place.function_name, &placed.version);
    let mut attempt = 1;
    let answer = loop {
        match cloud.invoke(function, version, PROBE).await {
            Ok(answer) => break answer,
            Err(error) if attempt == ATTEMPTS => return Err(error.into()),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        attempt += 1;
    };
    let told: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let text = |member: &str| told.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    if answer.failed || text("probe") != "gridbid" || text("function") != name.as_str() {
        let sentence = format!("version {version} of {name} does not answer the probe: {}", answer.text.trim());
        return Err(Failure::new(sentence).with_todo("its log says why it does not start"));
    }
    say(&format!("  {name}: version {version} answers the probe"));
    Ok(())
}
