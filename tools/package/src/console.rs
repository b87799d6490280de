//! The console: a static page on the TypeScript package, built by its npm script into `console/dist`.

use std::fs;
use std::path::PathBuf;

use gridbid_devkit::digest::sha256_hex;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::source_digest;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::npm;
use gridbid_devkit::progress::Step;
use gridbid_devkit::stamp::Stamp;

use crate::{bindings, wasm};

/// The folder of the page's sources.
#[must_use]
pub fn folder(layout: &Layout) -> PathBuf {
    layout.file("console")
}

/// The folder of the built page.
#[must_use]
pub fn dist(layout: &Layout) -> PathBuf {
    folder(layout).join("dist")
}

/// Builds the page unless it was built from the same sources; returns a summary. The TypeScript package must be built.
///
/// # Errors
/// When npm or the build fails, for instance because the page exceeds its size limit.
pub fn build(layout: &Layout, step: &Step) -> Result<String, Failure> {
    let (folder, package) = (folder(layout), bindings::typescript(layout));
    let module = wasm::module(layout);
    let module = sha256_hex(&fs::read(&module).on_file("read", &module)?);
    let sources = source_digest(layout, [folder.as_path(), package.as_path()])?;
    let stamp = Stamp::new(layout.home().join("stamps").join("console"), format!("{sources} {module}"));
    if dist(layout).is_dir() && stamp.is_current() {
        return Ok("unchanged".to_owned());
    }
    npm::run(layout, &folder, "build", step)?;
    stamp.write()?;
    Ok("built".to_owned())
}
