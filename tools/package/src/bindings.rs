//! The packages of other languages: core's module is copied into each, and the TypeScript package is built.
//!
//! Both packages ship the same `gridbid.wasm`, and the TypeScript package the glue that wasm-bindgen generates for it. An
//! unchanged file is not written again, so that nothing that depends on it is rebuilt.

use std::fs;
use std::path::PathBuf;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::{source_digest, write_atomically};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::npm;
use gridbid_devkit::progress::Step;
use gridbid_devkit::stamp::Stamp;

/// The files of core for WASM in each package.
const COPIES: [(&str, &str); 4] = [
    ("gridbid.wasm", "bindings/python/src/gridbid"),
    ("gridbid.wasm", "bindings/typescript/wasm"),
    ("gridbid_wasm.d.ts", "bindings/typescript/wasm"),
    ("gridbid_wasm.js", "bindings/typescript/wasm"),
];

/// The folder of the TypeScript package.
#[must_use]
pub fn typescript(layout: &Layout) -> PathBuf {
    layout.file("bindings/typescript")
}

/// Copies the module and its glue into the packages and builds the TypeScript one; returns a summary.
///
/// # Errors
/// When a file cannot be written or the build fails.
pub fn build(layout: &Layout, step: &Step) -> Result<String, Failure> {
    for (name, folder) in COPIES {
        let (source, folder) = (layout.wasm().join(name), layout.file(folder));
        let bytes = fs::read(&source).on_file("read", &source)?;
        let file = folder.join(name);
        if fs::read(&file).ok().as_deref() != Some(bytes.as_slice()) {
            fs::create_dir_all(&folder).on_file("make", &folder)?;
            write_atomically(&file, &bytes)?;
        }
    }
    let folder = typescript(layout);
    let stamp = Stamp::new(layout.home().join("stamps").join("typescript"), source_digest(layout, [folder.as_path()])?);
    if folder.join("dist").is_dir() && stamp.is_current() {
        return Ok("unchanged".to_owned());
    }
    npm::run(layout, &folder, "build", step)?;
    stamp.write()?;
    Ok("built".to_owned())
}
