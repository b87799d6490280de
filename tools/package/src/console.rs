//! The console: its page, built from its sources and the TypeScript package of core.

use std::path::PathBuf;

use gridbid_devkit::failure::Failure;
use gridbid_devkit::files::source_digest;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::npm;
use gridbid_devkit::progress::Step;
use gridbid_devkit::stamp::Stamp;

use crate::bindings;

/// The folder of the console.
#[must_use]
pub fn folder(layout: &Layout) -> PathBuf {
    layout.file("console")
}

/// Builds the page into `console/dist`, for which the TypeScript package must be built; returns a summary.
///
/// # Errors
/// When npm fails, or the page exceeds its size limits.
pub fn build(layout: &Layout, step: &Step) -> Result<String, Failure> {
    let folder = folder(layout);
    let digest = source_digest(layout, [folder.as_path(), &bindings::typescript(layout)])?;
    let stamp = Stamp::new(layout.home().join("stamps").join("console"), digest);
    if folder.join("dist").is_dir() && stamp.is_current() {
        return Ok("unchanged".to_owned());
    }
    stamp.remove()?;
    npm::run(layout, &folder, "build", step)?;
    stamp.write()?;
    Ok("built".to_owned())
}
