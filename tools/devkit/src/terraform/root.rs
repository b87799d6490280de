//! A Terraform root and the folders that Terraform uses for it.

use std::path::PathBuf;

use crate::layout::Layout;

/// A Terraform root.
#[derive(Clone, Debug)]
pub struct Root {
    /// The folder of its files.
    pub folder: PathBuf,
    /// The folder of Terraform's downloads.
    pub data: PathBuf,
    /// The state file; none for a root that is only checked.
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
