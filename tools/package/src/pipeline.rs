//! From sources to everything that a deployment needs: fetch packages, compile, assemble.
//!
//! Independent steps run at the same time; unchanged results are kept.

use std::fs;
use std::path::{Path, PathBuf};

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::CARGO;
use gridbid_devkit::{lock, npm, venv};

use crate::programs::{self, HostPrograms, Programs};
use crate::wasm::{self, Prebuilt};
use crate::{bindings, console, scripted, zips};

/// The compiled parts of a system.
#[derive(Debug)]
pub struct Compiled {
    /// The programs of a local system besides its functions.
    pub host: HostPrograms,
    /// The programs and the module of core, unless the functions were built elsewhere.
    own: Option<(Programs, wasm::Compiled)>,
}

impl Compiled {
    /// The command `gridbid-bindgen`; none when the functions were built elsewhere.
    #[must_use]
    pub fn bindgen(&self) -> Option<&Path> {
        self.own.as_ref().map(|(programs, _)| programs.bindgen.as_path())
    }
}

/// Fetches packages and builds everything that a deployment needs.
///
/// # Errors
/// The failure of the first step that failed.
pub fn build(context: &Context) -> Result<HostPrograms, Failure> {
    let ((), compiled) = context.progress.both(|| fetch(context), || compile(context))?;
    assemble(context, compiled)
}

/// Fetches the Python and npm packages for building and running the system.
///
/// # Errors
/// The failure of the first step that failed.
pub fn fetch(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    let python = &context.tools()?.python;
    context.step("fetch Python packages", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), venv::prepare(layout, python, step)?))
    })?;
    if layout.is_prebuilt() {
        return Ok(());
    }
    context.step("fetch npm packages", |step| {
        let _held = lock::shared(layout, step)?;
        let mut summaries = vec![npm::prepare(layout, step)?];
        let own = vec![bindings::typescript(layout), console::folder(layout)];
        for folder in [own, scripted::npm_folders(layout)].concat() {
            summaries.push(npm::install(layout, &folder, step)?);
        }
        summaries.dedup();
        Ok(((), summaries.join(", ")))
    })
}

/// Compiles functions, programs and the module of core, except those built elsewhere.
///
/// # Errors
/// The failure of the first step that failed.
pub fn compile(context: &Context) -> Result<Compiled, Failure> {
    let layout = &context.layout;
    if layout.is_prebuilt() {
        let gridbid = host_program(context, "gridbid", layout.gridbid())?;
        let simulators = host_program(context, "gridbid-simulators", layout.simulators())?;
        return Ok(Compiled { host: HostPrograms { gridbid, simulators }, own: None });
    }
    let cargo = &context.tools()?.cargo;
    let module = || {
        context.step("compile core for WASM", |step| {
            let _held = lock::shared(layout, step)?;
            Ok((wasm::compile(layout, cargo, &Prebuilt::default(), step)?, String::new()))
        })
    };
    let programs = || {
        context.step("compile functions and gridbid", |step| {
            let _held = lock::shared(layout, step)?;
            Ok((programs::build_all(layout, cargo, step)?, String::new()))
        })
    };
    let (module, programs) = context.progress.both(module, programs)?;
    let given = |given: Option<&Path>, built: &PathBuf| given.map_or_else(|| built.clone(), Path::to_path_buf);
    let host = HostPrograms {
        gridbid: given(layout.gridbid(), &programs.host.gridbid),
        simulators: given(layout.simulators(), &programs.host.simulators),
    };
    Ok(Compiled { host, own: Some((programs, module)) })
}

/// Assembles packages and zips from what was compiled and fetched.
///
/// # Errors
/// The failure of the first step that failed.
pub fn assemble(context: &Context, compiled: Compiled) -> Result<HostPrograms, Failure> {
    let (layout, Compiled { host, own }) = (&context.layout, compiled);
    let Some((programs, module)) = own else { return Ok(host) };
    context.step("build packages", |step| {
        let _held = lock::shared(layout, step)?;
        let summary = wasm::finish(layout, &module, &programs.bindgen, &Prebuilt::default(), step)?;
        bindings::build(layout, step)?;
        Ok(((), summary))
    })?;
    context.step("build console", |step| {
        let _held = lock::shared(layout, step)?;
        Ok(((), console::build(layout, step)?))
    })?;
    context.step("build functions", |step| {
        let _held = lock::shared(layout, step)?;
        let scripted = scripted::build_all(layout, step)?;
        Ok(((), zips::write_all(layout, &programs.functions, scripted, step)?))
    })?;
    Ok(host)
}

/// Builds core as a WASM module, and copies it to a file.
///
/// # Errors
/// The failure of the first step that failed.
pub fn wasm(context: &Context, prebuilt: &Prebuilt, to: Option<&Path>) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("build core for WASM", |step| {
        let _held = lock::shared(layout, step)?;
        let (_, summary) = module(context, prebuilt, step)?;
        if let Some(to) = to {
            fs::copy(wasm::module(layout), to).on_file("write", to)?;
        }
        Ok(((), summary))
    })
}

/// Builds core as a WASM module and the packages that ship it; returns the command `gridbid-bindgen`.
///
/// # Errors
/// The failure of the first step that failed.
pub fn packages(context: &Context) -> Result<PathBuf, Failure> {
    let layout = &context.layout;
    let bindgen = context.step("build core for WASM", |step| {
        let _held = lock::shared(layout, step)?;
        module(context, &Prebuilt::default(), step)
    })?;
    context.step("build packages", |step| {
        let _held = lock::shared(layout, step)?;
        Ok((bindgen, bindings::build(layout, step)?))
    })
}

fn module(context: &Context, prebuilt: &Prebuilt, step: &Step) -> Result<(PathBuf, String), Failure> {
    let (layout, cargo) = (&context.layout, &CARGO.find()?);
    let compiled = wasm::compile(layout, cargo, prebuilt, step)?;
    let bindgen = match &prebuilt.bindgen {
        Some(bindgen) => bindgen.clone(),
        None => programs::build_program(layout, cargo, "gridbid-bindgen", step)?,
    };
    let summary = wasm::finish(layout, &compiled, &bindgen, prebuilt, step)?;
    Ok((bindgen, summary))
}

/// A program of this machine, compiled unless it was built elsewhere.
fn host_program(context: &Context, name: &str, given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(file) = given {
        return Ok(file.to_path_buf());
    }
    context.step(&format!("compile {name}"), |step| {
        let _held = lock::shared(&context.layout, step)?;
        Ok((programs::build_program(&context.layout, &context.tools()?.cargo, name, step)?, String::new()))
    })
}
