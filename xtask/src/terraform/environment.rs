//! The environment variables that Terraform runs with.
//!
//! Settings of the user for another account, root or call (`AWS_*`, `TF_VAR_*`, `TF_CLI_ARGS*`, ...) are removed; where
//! providers come from stays theirs.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use crate::cloud::REGION;
use crate::cloud::record::Ports;
use crate::layout::Layout;

/// A variable and its value; without a value it is removed.
pub type Variable = (OsString, Option<OsString>);

/// The variables that stay: where providers come from, and Terraform's own log.
const KEPT: [&str; 6] = [
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_REGISTRY_CLIENT_TIMEOUT",
    "TF_REGISTRY_DISCOVERY_RETRY",
    "TF_LOG",
    "TF_LOG_PATH",
];

/// For calls that need no cloud: init, validate, test.
#[must_use]
pub fn offline(layout: &Layout, data_folder: &Path) -> Vec<Variable> {
    let mut variables: Vec<Variable> = env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("AWS_") || (name.starts_with("TF_") && !KEPT.contains(&name.as_ref()))
        })
        .map(|name| (name, None))
        .collect();
    let mut set = |name: &str, value: OsString| variables.push((name.into(), Some(value)));
    set("TF_DATA_DIR", data_folder.into());
    set("TF_IN_AUTOMATION", "1".into());
    set("TF_INPUT", "0".into());
    set("CHECKPOINT_DISABLE", "1".into());
    set("AWS_EC2_METADATA_DISABLED", "true".into());
    set("AWS_REGION", REGION.into());
    // The user's own profiles may name another endpoint.
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        set(name, layout.terraform_data().join("no-such-file").into());
    }
    // A file that is named and not there makes Terraform complain at each call.
    let names_no_file = env::var_os("TF_CLI_CONFIG_FILE").is_some_and(|file| !Path::new(&file).is_file());
    if names_no_file {
        variables.push(("TF_CLI_CONFIG_FILE".into(), None));
    }
    variables
}

/// For calls that reach the local cloud.
#[must_use]
pub fn on_local_cloud(layout: &Layout, ports: &Ports) -> Vec<Variable> {
    let mut variables = offline(layout, &layout.terraform_data().join("data"));
    let mut set = |name: &str, value: OsString| variables.push((name.into(), Some(value)));
    // By its number: with `localhost` the provider would put buckets into host names.
    set("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", ports.cloud).into());
    set("AWS_ACCESS_KEY_ID", "test".into());
    set("AWS_SECRET_ACCESS_KEY", "test".into());
    // A call that the local cloud does not know is answered with 500, which the provider repeats 25 times by itself.
    set("AWS_MAX_ATTEMPTS", "2".into());
    variables
}
