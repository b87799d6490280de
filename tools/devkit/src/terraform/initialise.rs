//! `terraform init`, run again only when one of its inputs has changed.
//!
//! A mirror on this machine is tried first, because without a network the registry costs a timeout.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::offline;
use super::installation::{mirrors, write_configuration};
use super::root::Root;
use crate::digest::sha256_hex;
use crate::failure::{Failure, OnFile, last_lines};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use crate::stamp::Stamp;
use crate::subprocess::{Subprocess, Variable};

/// Time limit: the provider has 150 MB and may come over a slow line.
const LIMIT: Duration = Duration::from_secs(600);
const LOG: &str = "terraform-init";
/// What Terraform prints when it cannot install a provider.
const PROVIDER_ERRORS: [&str; 3] = [
    "Failed to query available provider packages",
    "Failed to install provider",
    "Failed to resolve provider packages",
];

/// Initialises a root unless its inputs are unchanged; returns a summary.
///
/// # Errors
/// When the provider is not available or the files are invalid.
pub fn initialise(layout: &Layout, tool: &Tool, root: &Root, step: &Step) -> Result<String, Failure> {
    let data = layout.terraform_data();
    fs::create_dir_all(&data).on_file("make", &data)?;
    let stamp = || Stamp::new(root.data.with_extension("stamp"), digest(layout, tool, root));
    if root.data.join("providers").exists() && stamp().is_current() {
        return Ok("unchanged".to_owned());
    }
    let summary = install(layout, tool, root, step)?;
    // Computed again, because init may have written the lock file.
    stamp().write()?;
    Ok(summary)
}

fn install(layout: &Layout, tool: &Tool, root: &Root, step: &Step) -> Result<String, Failure> {
    let mirrors = mirrors();
    if !mirrors.is_empty() {
        let configuration = layout.terraform_data().join("terraformrc");
        write_configuration(&configuration, &mirrors)?;
        let variable = ("TF_CLI_CONFIG_FILE".into(), Some(configuration.into()));
        match init(layout, tool, root, vec![variable], step) {
            Err(_) if lacks_provider(layout) => {}
            result => return result.map(|()| "done, with the provider of a mirror on this machine".to_owned()),
        }
    }
    // Without a way to the registry init must fail within seconds, not minutes.
    let variables = [("TF_REGISTRY_CLIENT_TIMEOUT", "10"), ("TF_REGISTRY_DISCOVERY_RETRY", "0")];
    let variables = variables.map(|(name, value)| (name.into(), Some(value.into()))).into();
    match init(layout, tool, root, variables, step) {
        Ok(()) => Ok("done".to_owned()),
        Err(failure) if lacks_provider(layout) && !failure.is_interruption() => {
            let mirrors: Vec<_> = mirrors.iter().map(|mirror| mirror.display().to_string()).collect();
            let found = match mirrors.as_slice() {
                [] => "no folder of this machine contains it".to_owned(),
                mirrors => format!("no mirror contains a fitting version ({})", mirrors.join(", ")),
            };
            let message =
                format!("Terraform's AWS provider is not available: the registry is out of reach and {found}");
            Err(Failure::new(message).with_log(layout.log(LOG)).with_hint(
                "give this machine a way to Terraform's registry, or copy a mirror of hashicorp/aws (made elsewhere with \
                 `terraform providers mirror`) to ~/.terraform.d/plugins",
            ))
        }
        Err(failure) => Err(failure),
    }
}

fn init(layout: &Layout, tool: &Tool, root: &Root, variables: Vec<Variable>, step: &Step) -> Result<(), Failure> {
    let backend = match &root.state {
        Some(state) => vec!["-reconfigure".into(), format!("-backend-config=path={}", state.display())],
        None => vec!["-backend=false".to_owned()],
    };
    Subprocess::new(&tool.path, layout.log(LOG), LIMIT)
        .inside(&root.folder)
        .args(["init", "-input=false", "-no-color"])
        .args(backend)
        .env(offline(layout, &root.data))
        .env(variables)
        .run(step)
}

/// Whether the last init failed because of the provider.
fn lacks_provider(layout: &Layout) -> bool {
    let output = last_lines(&layout.log(LOG), 40).join("\n");
    PROVIDER_ERRORS.iter().any(|error| output.contains(error))
}

/// A digest of everything that init reads.
fn digest(layout: &Layout, tool: &Tool, root: &Root) -> String {
    let mut all = format!("{} {root:?}\n", tool.version).into_bytes();
    let mut files = vec![root.folder.join(".terraform.lock.hcl")];
    collect_sources(&layout.terraform(), &mut files);
    files.sort();
    for file in files {
        all.extend(file.as_os_str().as_encoded_bytes());
        all.extend(fs::read(&file).unwrap_or_default());
    }
    sha256_hex(&all)
}

fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') {
            collect_sources(&path, files);
        } else if name.ends_with(".tf") || name.ends_with(".tftest.hcl") {
            files.push(path);
        }
    }
}
