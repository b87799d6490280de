//! Writes the functions' zips and the manifest `functions.json` that Terraform reads. Unchanged zips are not written again.

use std::collections::BTreeMap;
use std::fs;

use gridbid_devkit::digest::{sha256_hex, sha256_of_files};
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::stamp::Stamp;
use gridbid_release_format::{Architecture, Function, FunctionName};

use crate::programs::Binary;
use crate::scripted::Built;
use crate::{archive, manifest};

/// Zips compiled and scripted functions and writes the manifest; returns how many functions there are and how many changed.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_all(layout: &Layout, native: &[Binary], scripted: Vec<Built>, step: &Step) -> Result<String, Failure> {
    let folder = layout.functions();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let profile = layout.profile();
    let previous = manifest::read(&folder).map(|manifest| manifest.functions).unwrap_or_default();
    let mut zipper = Zipper { layout, previous, changed: 0 };
    let mut functions = Vec::new();
    for Binary { name, executable } in native {
        step.note(format!("zip {name}"));
        let binary = fs::read(executable).on_file("read", executable)?;
        let name = manifest::function_name(name)?;
        let describe = |zip: &[u8]| Function::native(&name, Architecture::host(), zip);
        let function = zipper.zip(&name, &sha256_hex(&binary), || archive::bootstrap(&binary, profile), describe)?;
        functions.push((name, function));
    }
    for Built { name, description, files } in scripted {
        step.note(format!("zip {name}"));
        let (runtime, handler) = (&description.runtime, &description.handler);
        let content = format!("{runtime} {handler} {}", sha256_of_files(&files));
        let name = manifest::function_name(&name)?;
        let describe = |zip: &[u8]| Function::new(&name, runtime, handler, Architecture::host(), zip);
        let function = zipper.zip(&name, &content, || archive::files(&files, profile), describe)?;
        functions.push((name, function));
    }
    let (all, changed) = (functions.len(), zipper.changed);
    manifest::write(&folder, profile, functions)?;
    Ok(if changed == 0 { format!("{all} unchanged") } else { format!("{changed} of {all} new") })
}

/// Writes the zips that have changed.
struct Zipper<'a> {
    layout: &'a Layout,
    /// The functions of the last build.
    previous: BTreeMap<FunctionName, Function>,
    changed: usize,
}

impl Zipper<'_> {
    /// Writes the zip of a function unless `content` is unchanged, and returns the function's entry in the manifest.
    fn zip(
        &mut self,
        name: &FunctionName,
        content: &str,
        make: impl FnOnce() -> Result<Vec<u8>, Failure>,
        describe: impl FnOnce(&[u8]) -> Function,
    ) -> Result<Function, Failure> {
        let made_from = format!("{} {:?}\n{content}", env!("CARGO_PKG_VERSION"), self.layout.profile());
        let stamp = Stamp::new(self.layout.functions().join(format!("{name}.stamp")), sha256_hex(made_from.as_bytes()));
        if stamp.is_current()
            && let Some(function) = self.previous.get(name)
            && fs::read(self.layout.functions().join(&function.zip)).is_ok_and(|zip| function.verify(&zip).is_ok())
        {
            return Ok(function.clone());
        }
        let zip = make()?;
        let function = describe(&zip);
        let file = self.layout.functions().join(&function.zip);
        if fs::read(&file).ok().as_deref() != Some(zip.as_slice()) {
            write_atomically(&file, &zip)?;
            self.changed += 1;
        }
        stamp.write()?;
        Ok(function)
    }
}
