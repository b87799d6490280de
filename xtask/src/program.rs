//! The program that is running.

use std::env;
use std::path::{Path, PathBuf};
use std::process;

use gridbid_devkit::failure::Failure;

/// A path of this program. cargo may have replaced its file, but Linux still has the running one.
///
/// # Errors
/// When the system does not know the path.
pub fn own_program() -> Result<PathBuf, Failure> {
    let running = format!("/proc/{}/exe", process::id());
    if Path::new(&running).exists() {
        return Ok(running.into());
    }
    env::current_exe().map_err(|error| Failure::new(format!("cannot find xtask itself: {error}")))
}
