//! `terraform init`, only when something that it reads has changed.
//!
//! Promises to try the machine's own way first, then a mirror, and to say in one sentence when neither has the
//! provider. Called by `up` and by the checks of `test`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::provider::{self, Source};
use super::{environment, make_folder};
use crate::digest::sha256_hex;
use crate::failure::{Failure, last_lines};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use crate::stamp::Stamp;
use crate::subprocess::Subprocess;

/// A provider of 150 MB may come over a slow line.
const LIMIT: Duration = Duration::from_secs(600);

/// A Terraform root that is to be initialised.
#[derive(Clone, Debug)]
pub struct Root {
    /// The folder of its files.
    pub folder: PathBuf,
    /// Where Terraform keeps what it downloads.
    pub data: PathBuf,
    /// Where its state lies; none for a root that is only checked.
    pub state: Option<PathBuf>,
}

impl Root {
    /// The root of a local cloud, with a state.
    #[must_use]
    pub fn of_local_cloud(layout: &Layout) -> Self {
        let data = layout.terraform_data();
        Self { folder: layout.terraform_local(), state: Some(data.join("terraform.tfstate")), data: data.join("data") }
    }
}

/// Initialises a root; tells whether and from where.
///
/// # Errors
/// When the provider is not to be had or the files are wrong.
pub fn initialise(layout: &Layout, tool: &Tool, root: &Root, step: &Step) -> Result<String, Failure> {
    make_folder(layout)?;
    let stamp = || Stamp::new(root.data.with_extension("stamp"), digest(layout, tool, root));
    if root.data.join("providers").exists() && stamp().is_current() {
        return Ok("unchanged".to_owned());
    }
    let told = match attempt(layout, tool, root, &Source::AsConfigured, step) {
        Ok(()) => "done".to_owned(),
        Err(failure) if is_about_the_provider(layout) => from_mirror(layout, tool, root, failure, step)?,
        Err(failure) => return Err(failure),
    };
    // Only now: init itself may have written the lock file.
    stamp().write()?;
    Ok(told)
}

fn from_mirror(layout: &Layout, tool: &Tool, root: &Root, failure: Failure, step: &Step) -> Result<String, Failure> {
    let not_to_be_had = |found: &str| {
        Failure::new(format!("Terraform's AWS provider is not to be had: the registry cannot be reached and {found}"))
            .with_todo(
                "give this machine a way to Terraform's registry, or copy a mirror of hashicorp/aws (made elsewhere with \
                 `terraform providers mirror`) to ~/.terraform.d/plugins",
            )
            .with_log(layout.log(LOG))
    };
    let Some(mirror) = provider::find_mirror() else {
        drop(failure);
        return Err(not_to_be_had("no folder of this machine holds it"));
    };
    let source = Source::Mirror(mirror.clone());
    attempt(layout, tool, root, &source, step).map_err(|failure| {
        if is_about_the_provider(layout) {
            not_to_be_had(&format!("the mirror in {} holds no version that fits", mirror.display()))
        } else {
            failure
        }
    })?;
    Ok(format!("provider from the mirror in {} (the registry is out of reach)", mirror.display()))
}

const LOG: &str = "terraform-init";

fn attempt(layout: &Layout, tool: &Tool, root: &Root, source: &Source, step: &Step) -> Result<(), Failure> {
    let mut variables = environment::offline(layout, &root.data);
    let mut set = |name: &str, value: OsString| variables.push((name.into(), Some(value)));
    match source {
        Source::AsConfigured => {
            // Where there is no way to the registry, it must not take minutes to find out.
            set("TF_REGISTRY_CLIENT_TIMEOUT", "10".into());
            set("TF_REGISTRY_DISCOVERY_RETRY", "0".into());
        }
        Source::Mirror(mirror) => {
            let file = make_folder(layout)?.join("terraformrc");
            provider::write_configuration(&file, mirror)?;
            set("TF_CLI_CONFIG_FILE", file.into());
        }
    }
    let backend = match &root.state {
        Some(state) => vec!["-reconfigure".into(), format!("-backend-config=path={}", state.display())],
        None => vec!["-backend=false".to_owned()],
    };
    Subprocess::new(&tool.path, layout.log(LOG), LIMIT)
        .inside(&root.folder)
        .args(["init", "-input=false", "-no-color"])
        .args(backend)
        .env(variables)
        .run(step)
}

/// Whether the last attempt failed because the provider could not be had.
fn is_about_the_provider(layout: &Layout) -> bool {
    let told = last_lines(&layout.log(LOG), 40).join("\n");
    ["Failed to query available provider packages", "Failed to install provider", "Failed to resolve provider packages"]
        .iter()
        .any(|sentence| told.contains(sentence))
}

/// Stands for all that init reads.
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
