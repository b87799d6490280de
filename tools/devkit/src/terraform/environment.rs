//! The environment variables of Terraform.
//!
//! Variables of the user for another account, root or call (`AWS_*`, `TF_VAR_*`, `TF_CLI_ARGS*`, ...) are removed; those that
//! select the source of providers are kept.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use crate::layout::Layout;
use crate::subprocess::Variable;

/// The region of every resource.
pub const REGION: &str = "eu-west-1";

/// The kept variables: the source of providers, and Terraform's log.
const KEPT: [&str; 6] = [
    "TF_CLI_CONFIG_FILE",
    "TF_PLUGIN_CACHE_DIR",
    "TF_REGISTRY_CLIENT_TIMEOUT",
    "TF_REGISTRY_DISCOVERY_RETRY",
    "TF_LOG",
    "TF_LOG_PATH",
];

/// The variables of calls that need no cloud: init, validate, test.
#[must_use]
pub fn offline(layout: &Layout, data_folder: &Path) -> Vec<Variable> {
    let removed = env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("AWS_") || (name.starts_with("TF_") && !KEPT.contains(&name.as_ref()))
    });
    let mut variables: Vec<Variable> = removed.map(|name| (name, None)).collect();
    // The user's profiles may name another endpoint.
    let no_file = || layout.terraform_data().join("no-such-file").into_os_string();
    variables.extend([
        set("TF_DATA_DIR", data_folder),
        set("TF_IN_AUTOMATION", "1"),
        set("TF_INPUT", "0"),
        set("CHECKPOINT_DISABLE", "1"),
        set("AWS_EC2_METADATA_DISABLED", "true"),
        set("AWS_REGION", REGION),
        set("AWS_CONFIG_FILE", no_file()),
        set("AWS_SHARED_CREDENTIALS_FILE", no_file()),
    ]);
    // Terraform complains at each call about a file that does not exist.
    if env::var_os("TF_CLI_CONFIG_FILE").is_some_and(|file| !Path::new(&file).is_file()) {
        variables.push(("TF_CLI_CONFIG_FILE".into(), None));
    }
    variables
}

/// The variables of calls that reach the local cloud at this port.
#[must_use]
pub fn on_local_cloud(layout: &Layout, port: u16) -> Vec<Variable> {
    let mut variables = offline(layout, &layout.terraform_data().join("data"));
    variables.extend([
        // An IP address: with `localhost` the provider would put buckets into host names.
        set("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        set("NO_PROXY", "127.0.0.1"),
        ("no_proxy".into(), None),
        set("AWS_ACCESS_KEY_ID", "test"),
        set("AWS_SECRET_ACCESS_KEY", "test"),
        // The local cloud answers unknown calls with 500, which the provider would otherwise repeat 25 times.
        set("AWS_MAX_ATTEMPTS", "2"),
    ]);
    variables
}

fn set(name: &str, value: impl Into<OsString>) -> Variable {
    (name.into(), Some(value.into()))
}
