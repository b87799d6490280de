//! The packages of other languages: core's module put into each, and the TypeScript one built.
//!
//! Both ship the very same `gridbid.wasm`; a file that is there already is not written again, so that nothing behind it is
//! built again. Called by `up` and `test`, before the functions that use the packages.

use std::fs;
use std::path::PathBuf;

use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::npm;
use crate::package::manifest::write_whole;
use crate::package::scripted::digest_of_sources;
use crate::progress::Step;
use crate::stamp::Stamp;
use crate::wasm;

/// Where the module lies in each package.
const PLACES: [&str; 2] = ["bindings/typescript/wasm/gridbid.wasm", "bindings/python/src/gridbid/gridbid.wasm"];

/// The TypeScript package's folder.
#[must_use]
pub fn typescript(layout: &Layout) -> PathBuf {
    layout.root().join("bindings").join("typescript")
}

/// Puts the module into the packages and builds the TypeScript one; tells what was done.
///
/// # Errors
/// When a file cannot be written or the build fails.
pub fn build(layout: &Layout, step: &Step) -> Result<String, Failure> {
    let module = wasm::module(layout);
    let bytes = fs::read(&module).on_file("read", &module)?;
    for place in PLACES {
        let file = layout.root().join(place);
        if fs::read(&file).ok().as_deref() != Some(bytes.as_slice()) {
            let folder = file.parent().unwrap_or(layout.root());
            fs::create_dir_all(folder).on_file("make", folder)?;
            write_whole(&file, &bytes)?;
        }
    }
    let folder = typescript(layout);
    let stamp =
        Stamp::new(layout.home().join("stamps").join("typescript"), digest_of_sources(layout, [folder.as_path()])?);
    if folder.join("dist").is_dir() && stamp.is_current() {
        return Ok("unchanged".to_owned());
    }
    npm::run(layout, &folder, "build", step)?;
    stamp.write()?;
    Ok("built".to_owned())
}
