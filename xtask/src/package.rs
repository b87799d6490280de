//! Builds the functions' zips and the manifest `functions.json` that Terraform reads.
//!
//! Promises that there is no list of functions: a folder with a binary, or with a `function.json`, is one. The same
//! sources give the same bytes, and files that did not change are not written. What is built here is for this machine
//! and never ships: releases are built by Nix, whose zips and manifests `made` writes. Called by `up`, `test`,
//! `bench` and `cargo xtask package`.

pub mod archive;
pub mod build;
pub mod made;
pub mod manifest;
mod scripted;

use std::fs;

use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use manifest::{Architecture, Function};

/// Builds all functions, zips them and writes the manifest; tells how many there are and how many changed.
///
/// # Errors
/// When a function does not build or a file cannot be written.
pub fn package(layout: &Layout, cargo: &Tool, step: &Step) -> Result<String, Failure> {
    let folder = layout.functions();
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let mut zips = Vec::new();
    for binary in build::build_all(layout, cargo, step)? {
        let zip = archive::bootstrap(&fs::read(&binary.executable).on_file("read", &binary.executable)?)?;
        zips.push((Function::native(&binary.name, Architecture::of_this_machine(), &zip), binary.name, zip));
    }
    for built in scripted::build_all(layout, step)? {
        let (zip, said) = (archive::files(&built.files)?, &built.description);
        let machine = Architecture::of_this_machine();
        zips.push((Function::new(&built.name, &said.runtime, &said.handler, machine, &zip), built.name, zip));
    }
    step.note("zips");
    let (all, mut changed) = (zips.len(), 0);
    let mut functions = Vec::new();
    for (function, name, zip) in zips {
        let file = folder.join(&function.zip);
        if fs::read(&file).ok().as_deref() != Some(zip.as_slice()) {
            manifest::write_whole(&file, &zip)?;
            changed += 1;
        }
        functions.push((name, function));
    }
    manifest::write(&folder, functions)?;
    Ok(if changed == 0 { format!("{all} unchanged") } else { format!("{changed} of {all} new") })
}
