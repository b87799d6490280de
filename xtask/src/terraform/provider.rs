//! Where Terraform gets its provider from: its registry, or a folder of the machine when the registry is out of reach.
//!
//! A machine without a way to the registry often holds a mirror of it (`terraform providers mirror` makes one). Its
//! usual places, or those that the environment variable `GRIDBID_PROVIDER_MIRRORS` lists instead (as PATH does), are
//! looked through only when the registry failed. Called by `terraform::initialise`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, OnFile};

/// The provider's folder in a mirror.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";
/// So many folders deep a mirror is looked for.
const DEPTH: usize = 3;

/// Where the provider comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// As Terraform is set up.
    AsConfigured,
    /// A folder on this machine.
    Mirror(PathBuf),
}

/// The first mirror on this machine that holds the provider.
#[must_use]
pub fn find_mirror() -> Option<PathBuf> {
    mirror_below(&usual_places())
}

fn usual_places() -> Vec<PathBuf> {
    if let Some(named) = env::var_os("GRIDBID_PROVIDER_MIRRORS") {
        return env::split_paths(&named).collect();
    }
    let home = env::var_os("HOME").map(PathBuf::from);
    let of_user = home.map(|home| [home.join(".terraform.d/plugins"), home.join(".local/share/terraform/plugins")]);
    let of_machine = ["/usr/share/terraform", "/usr/local/share/terraform", "/opt"].map(PathBuf::from);
    of_user.into_iter().flatten().chain(of_machine).collect()
}

fn mirror_below(places: &[PathBuf]) -> Option<PathBuf> {
    places.iter().find_map(|place| look_into(place, DEPTH))
}

fn look_into(folder: &Path, depth: usize) -> Option<PathBuf> {
    if folder.join(PROVIDER).is_dir() {
        return Some(folder.to_path_buf());
    }
    let deeper = depth.checked_sub(1)?;
    let mut folders: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders.iter().find_map(|folder| look_into(folder, deeper))
}

/// Writes a CLI configuration that takes the provider from a mirror and everything else from where it was.
///
/// # Errors
/// When the file cannot be written.
pub fn write_configuration(file: &Path, mirror: &Path) -> Result<(), Failure> {
    let path = mirror.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!(
        "# Written by xtask: Terraform's registry is out of reach, this folder holds the provider.\n\
         provider_installation {{\n  filesystem_mirror {{\n    path    = \"{path}\"\n    \
         include = [\"hashicorp/aws\"]\n  }}\n  direct {{\n    exclude = [\"hashicorp/aws\"]\n  }}\n}}\n"
    );
    fs::write(file, text).on_file("write", file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_found_a_few_folders_deep_and_no_deeper() {
        let top = env::temp_dir().join(format!("gridbid-mirror-{}", std::process::id()));
        let mirror = top.join("a").join("b");
        fs::create_dir_all(mirror.join(PROVIDER)).unwrap();
        assert_eq!(mirror_below(&[top.join("none"), top.clone()]), Some(mirror));
        assert_eq!(look_into(&top, 1), None);
        fs::remove_dir_all(top).unwrap();
    }
}
