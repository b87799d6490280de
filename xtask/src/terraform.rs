//! Terraform on the local cloud: where its files lie, what it is called with, and its initialisation.
//!
//! Nothing of the user's own (AWS profiles, Terraform variables) reaches it. Planning and applying are `gridbid`'s.

mod environment;
mod initialise;
mod provider;
mod warm_provider;

use std::fs;
use std::path::PathBuf;

use crate::failure::{Failure, OnFile};
use crate::layout::Layout;

pub use environment::{offline, on_local_cloud};
pub use initialise::{Root, initialise};
pub use provider::Source;
pub use warm_provider::WarmProvider;

/// Makes the folder that holds Terraform's data and state.
fn make_folder(layout: &Layout) -> Result<PathBuf, Failure> {
    let folder = layout.terraform_data();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    Ok(folder)
}
