//! Mirrors of Terraform's AWS provider on this machine, as `provider_installation` of a CLI configuration file.
//!
//! Terraform finds mirrors in its plugin folders by default. Other mirrors (`terraform providers mirror` makes them) are
//! expected below `/opt`, or below the folders that `GRIDBID_PROVIDER_MIRRORS` lists instead, separated as in PATH.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, OnFile};

/// The folder of the provider in a mirror.
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";
/// Number of folder levels searched for a mirror.
const DEPTH: usize = 3;

/// The mirrors on this machine that contain the provider.
#[must_use]
pub fn mirrors() -> Vec<PathBuf> {
    let named = env::var_os("GRIDBID_PROVIDER_MIRRORS").unwrap_or_else(|| "/opt".into());
    env::split_paths(&named).flat_map(|folder| mirrors_below(&folder, DEPTH)).collect()
}

fn mirrors_below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    if folder.join(PROVIDER).is_dir() {
        return vec![folder.to_path_buf()];
    }
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut mirrors: Vec<PathBuf> = folders.flat_map(|folder| mirrors_below(&folder.path(), depth)).collect();
    mirrors.sort();
    mirrors
}

/// Writes a CLI configuration that takes the provider from the mirrors and every other provider from its registry.
///
/// # Errors
/// When the file cannot be written.
pub fn write_configuration(file: &Path, mirrors: &[PathBuf]) -> Result<(), Failure> {
    const INCLUDE: &str = "include = [\"hashicorp/aws\"]";
    let mirror = |mirror: &PathBuf| format!("  filesystem_mirror {{\n    path = {mirror:?}\n    {INCLUDE}\n  }}\n");
    let mirrors: String = mirrors.iter().map(mirror).collect();
    let text = format!("provider_installation {{\n{mirrors}  direct {{\n    exclude = [\"hashicorp/aws\"]\n  }}\n}}\n");
    fs::write(file, text).on_file("write", file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_found_down_to_the_depth() {
        let top = env::temp_dir().join(format!("gridbid-mirror-{}", std::process::id()));
        let expected = [top.join("a").join("b"), top.join("c")];
        for mirror in &expected {
            fs::create_dir_all(mirror.join(PROVIDER)).unwrap();
        }
        assert_eq!(mirrors_below(&top, DEPTH), expected);
        assert_eq!(mirrors_below(&top, 1), expected[1..]);
        fs::remove_dir_all(top).unwrap();
    }
}
