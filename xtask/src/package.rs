//! Builds the functions' zips and the manifest `functions.json` that Terraform reads.
//!
//! There is no list of functions: a folder with a binary, or with a `function.json`, is one. The same sources give the same
//! bytes; what did not change is neither zipped nor written again. What is built here is for this machine and never ships:
//! releases are built by Nix, whose zips and manifests `made` writes.

pub mod archive;
pub mod build;
pub mod made;
pub mod manifest;
pub mod scripted;

use std::collections::BTreeMap;
use std::fs;

use crate::digest::{sha256_hex, sha256_of_files};
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::stamp::Stamp;
use build::Binary;
use manifest::{Architecture, Function};
use scripted::Built;

/// Zips compiled and scripted functions and writes the manifest; says how many there are and how many changed.
///
/// # Errors
/// When a file cannot be read or written.
pub fn package(layout: &Layout, native: &[Binary], scripted: Vec<Built>, step: &Step) -> Result<String, Failure> {
    let folder = layout.functions();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let profile = layout.profile();
    let there = manifest::read(&folder).map(|manifest| manifest.functions).unwrap_or_default();
    let mut zipper = Zipper { layout, there, changed: 0 };
    let mut functions = Vec::new();
    for Binary { name, executable } in native {
        step.note(format!("zip {name}"));
        let binary = fs::read(executable).on_file("read", executable)?;
        let describe = |zip: &[u8]| Function::native(name, Architecture::of_this_machine(), zip);
        let function = zipper.zip(name, &sha256_hex(&binary), || archive::bootstrap(&binary, profile), describe)?;
        functions.push((name.clone(), function));
    }
    for Built { name, description, files } in scripted {
        step.note(format!("zip {name}"));
        let (runtime, handler) = (&description.runtime, &description.handler);
        let content = format!("{runtime} {handler} {}", sha256_of_files(&files));
        let describe = |zip: &[u8]| Function::new(&name, runtime, handler, Architecture::of_this_machine(), zip);
        let function = zipper.zip(&name, &content, || archive::files(&files, profile), describe)?;
        functions.push((name, function));
    }
    let (all, changed) = (functions.len(), zipper.changed);
    manifest::write(&folder, profile, functions)?;
    Ok(if changed == 0 { format!("{all} unchanged") } else { format!("{changed} of {all} new") })
}

/// Makes the zips that are not there yet.
struct Zipper<'a> {
    layout: &'a Layout,
    /// What the manifest of the last build says.
    there: BTreeMap<String, Function>,
    changed: usize,
}

impl Zipper<'_> {
    /// A function's entry in the manifest, after its zip was written when `content` differs from the last time.
    fn zip(
        &mut self,
        name: &str,
        content: &str,
        make: impl FnOnce() -> Result<Vec<u8>, Failure>,
        describe: impl FnOnce(&[u8]) -> Function,
    ) -> Result<Function, Failure> {
        let made_from = format!("{} {:?}\n{content}", env!("CARGO_PKG_VERSION"), self.layout.profile());
        let stamp = Stamp::new(self.layout.functions().join(format!("{name}.stamp")), sha256_hex(made_from.as_bytes()));
        if stamp.is_current()
            && let Some(function) = self.there.get(name)
            && fs::read(self.layout.functions().join(&function.zip))
                .is_ok_and(|zip| sha256_hex(&zip) == function.sha256)
        {
            return Ok(function.clone());
        }
        let zip = make()?;
        let function = describe(&zip);
        let file = self.layout.functions().join(&function.zip);
        if fs::read(&file).ok().as_deref() != Some(zip.as_slice()) {
            manifest::write_whole(&file, &zip)?;
            self.changed += 1;
        }
        stamp.write()?;
        Ok(function)
    }
}
