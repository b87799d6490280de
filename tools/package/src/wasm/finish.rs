//! From the compiler's output to the shipped module: wasm-bindgen, wasm-opt, and the size limit.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridbid_devkit::digest::sha256_hex;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::npm;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::NODE;
use gridbid_devkit::stamp::Stamp;
use gridbid_devkit::subprocess::Subprocess;

use super::compile::Compiled;
use super::prebuilt::Prebuilt;

const LIMIT: Duration = Duration::from_secs(600);
/// The module must be smaller than this: a browser downloads every byte of it.
const LIMIT_BYTES: u64 = 112 * 1024;
/// The features of Rust's wasm32 target, and SIMD: wasm-opt must know these and use no others.
const FEATURES: &str = "--enable-bulk-memory --enable-bulk-memory-opt --enable-call-indirect-overlong --enable-multivalue \
    --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types --enable-sign-ext \
    --enable-simd";

/// The shipped module.
#[must_use]
pub fn module(layout: &Layout) -> PathBuf {
    layout.wasm().join("gridbid.wasm")
}

/// Makes the shipped module from a compiled one, with the command `gridbid-bindgen`; returns its size as a summary.
///
/// # Errors
/// When a step fails, or the module is too large.
pub fn finish(
    layout: &Layout,
    compiled: &Compiled,
    bindgen: &Path,
    prebuilt: &Prebuilt,
    step: &Step,
) -> Result<String, Failure> {
    let Compiled { module: compiled, is_pinned } = compiled;
    let folder = layout.wasm();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let digest = |file: &Path| fs::read(file).on_file("read", file).map(|bytes| sha256_hex(&bytes));
    let stamp = Stamp::new(folder.join("stamp"), format!("{} {}", digest(compiled)?, digest(bindgen)?));
    let module = module(layout);
    let is_current = stamp.is_current() && module.is_file();
    if !is_current {
        bind_and_optimise(layout, compiled, bindgen, prebuilt, &module, step)?;
        stamp.write()?;
    }
    let length = fs::metadata(&module).on_file("read", &module)?.len();
    // A module with a standard library compiled here is larger, and never ships.
    if *is_pinned {
        check_size(length)?;
    }
    let compiler = if *is_pinned { "" } else { " by Debian's compiler" };
    Ok(format!("{length} bytes{compiler}{}", if is_current { ", unchanged" } else { "" }))
}

fn check_size(length: u64) -> Result<(), Failure> {
    if length < LIMIT_BYTES {
        return Ok(());
    }
    Err(Failure::new(format!("the WASM module has {length} bytes: it must have less than {LIMIT_BYTES}")).with_hint(
        "look for `format!` and `to_string` in what it calls; .gridbid/wasm/gridbid_wasm_bg.wasm still has the function names",
    ))
}

/// Runs wasm-bindgen, whose output goes into the folder of `module`, and wasm-opt.
pub(super) fn bind_and_optimise(
    layout: &Layout,
    compiled: &Path,
    bindgen: &Path,
    prebuilt: &Prebuilt,
    module: &Path,
    step: &Step,
) -> Result<(), Failure> {
    let folder = module.with_file_name("");
    Subprocess::new(bindgen, layout.log("wasm-bindgen"), LIMIT).args([compiled, &folder]).run(step)?;
    let node = NODE.find()?;
    let wasm_opt = if let Some(wasm_opt) = &prebuilt.wasm_opt {
        wasm_opt.clone()
    } else {
        npm::prepare(layout, step)?;
        layout.npm().join("node_modules").join("binaryen").join("bin").join("wasm-opt")
    };
    let (bound, unfinished) = (folder.join("gridbid_wasm_bg.wasm"), module.with_extension("wasm-part"));
    npm::node(&node, layout.log("wasm-opt"), LIMIT)
        .args([wasm_opt.as_os_str(), "-O3".as_ref()])
        .args(FEATURES.split(' '))
        .args(["--strip-debug", "--strip-producers", "--strip-target-features"])
        .args([bound.as_os_str(), "-o".as_ref(), unfinished.as_os_str()])
        .run(step)?;
    fs::rename(&unfinished, module).on_file("write", module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_of_112_kilobytes_is_refused() {
        assert!(check_size(114_687).is_ok());
        let refused = check_size(114_688).unwrap_err().to_string();
        assert_eq!(refused, "the WASM module has 114688 bytes: it must have less than 114688");
    }
}
