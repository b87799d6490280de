//! Terraform on the local cloud: initialise, and read the outputs.
//!
//! Promises that nothing of the user's own (AWS profiles, Terraform variables) reaches it. Leaves out planning and applying,
//! which are a part of every deployment and so `gridbid`'s, and where the provider comes from: that is `provider`'s. Called
//! by `up` and `test`.

mod environment;
mod initialise;
mod provider;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::cloud::names::Names;
use crate::cloud::record::Ports;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;

pub use environment::{offline, on_local_cloud};
pub use initialise::{Root, initialise};
pub use provider::Source;

const LIMIT: Duration = Duration::from_secs(120);

/// Reads the outputs of the local cloud's Terraform and keeps them for other commands.
///
/// # Errors
/// When Terraform fails or an output is missing.
pub fn names(layout: &Layout, tool: &Tool, ports: &Ports, step: &Step) -> Result<Names, Failure> {
    let json = Subprocess::new(&tool.path, layout.log("terraform-output"), LIMIT)
        .inside(&layout.terraform_local())
        .env(on_local_cloud(layout, ports))
        .args(["output", "-json"])
        .output(step)?;
    let names = Names::from_outputs(&json)?;
    names.write(&layout.cloud())?;
    Ok(names)
}

/// Makes the folder that holds Terraform's data and state.
fn make_folder(layout: &Layout) -> Result<PathBuf, Failure> {
    let folder = layout.terraform_data();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    Ok(folder)
}
