//! `cargo xtask bench core`: checking and reading orders, natively, in Node and in Python, beside what people use there.
//!
//! All read the same requests, which the TypeScript benchmark makes. Each language's benchmark takes its subjects in
//! turn and holds their results to each other; this puts the medians side by side.

mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::{Step, print};
use gridbid_devkit::requirements::{NODE, Tool};
use gridbid_devkit::subprocess::Subprocess;
use gridbid_devkit::{npm, venv};
use gridbid_package::{bindings, pipeline, wasm};

use crate::document::publish;

const LIMIT: Duration = Duration::from_secs(3600);
/// The section of the document.
const HEADING: &str = "Core: checking and reading orders";

/// What one benchmark measured.
#[derive(Clone, Debug, Deserialize)]
struct Measured {
    /// What it ran on, by name.
    machine: BTreeMap<String, serde_json::Value>,
    /// Of each package that it measured.
    versions: BTreeMap<String, String>,
    /// What each subject cannot check.
    cannot: BTreeMap<String, serde_json::Value>,
    results: Vec<Line>,
}

/// One median.
#[derive(Clone, Debug, Deserialize)]
struct Line {
    orders: u32,
    text: String,
    valid: bool,
    bytes: u64,
    task: String,
    subject: String,
    microseconds: f64,
}

/// Measures, prints the tables and writes them down.
///
/// # Errors
/// The first step that fails.
pub fn bench(context: &Context) -> Result<(), Failure> {
    let (layout, progress, tools) = (&context.layout, &context.progress, context.tools()?);
    pipeline::packages(context)?;
    let typescript = bindings::typescript(layout).join("bench");
    let python = layout.file("bindings/python");
    let venv = layout.home().join("python").join("bench");
    progress.step("prepare peers", |step| {
        npm::install(layout, &typescript, step)?;
        Ok(((), venv::prepare_in(layout, &tools.python, &venv, &python.join("bench/requirements.txt"), step)?))
    })?;
    let inputs = layout.home().join("bench").join("orders");
    let node = |arguments: &[&str], step: &Step| -> Result<String, Failure> {
        Subprocess::new(&NODE.find()?.path, layout.log("bench-node"), LIMIT)
            .inside(&typescript)
            .args(["bench.mjs"])
            .args(arguments)
            .output(step)
    };
    let folder = inputs.to_string_lossy().into_owned();
    progress.step("write requests", |step| Ok((node(&["--write-inputs", &folder], step)?, layout.shown(&inputs))))?;
    let native =
        progress.step("measure natively", |step| Ok((native(layout, &tools.cargo, &inputs, step)?, String::new())))?;
    let node = progress.step("measure in Node", |step| {
        let text = node(&["--inputs", &folder], step)?;
        Ok((read(&text, "Node")?, String::new()))
    })?;
    let python = progress.step("measure in Python", |step| {
        let text = Subprocess::new(venv::interpreter_of(&venv), layout.log("bench-python"), LIMIT)
            .inside(&python)
            .env([("PYTHONPATH", Some(python.join("src").into_os_string()))])
            .args(["bench/bench.py", "--inputs", &folder])
            .output(step)?;
        Ok((read(&text, "Python")?, String::new()))
    })?;
    let module = wasm::module(layout);
    let size = fs::metadata(&module).on_file("read", &module)?.len();
    let text = tables::document(&native, &node, &python, size);
    print(&format!("\n{text}"));
    progress.step("write down", |_| Ok(((), publish(layout, HEADING, &text)?)))
}

fn read(text: &str, who: &str) -> Result<Measured, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::new(format!("cannot read what {who}'s benchmark printed: {error}")))
}

/// The native benchmark prints a line for each median, and names requests as their files.
fn native(layout: &Layout, cargo: &Tool, inputs: &PathBuf, step: &Step) -> Result<Vec<Line>, Failure> {
    #[derive(Deserialize)]
    struct Told {
        request: String,
        bytes: u64,
        task: String,
        subject: String,
        microseconds: f64,
    }
    let text = Subprocess::new(&cargo.path, layout.log("bench-native"), LIMIT)
        .inside(layout.root())
        .args(["bench", "--locked", "--package", "gridbid-core", "--bench", "read", "--"])
        .args([inputs])
        .output(step)?;
    let line = |line: &str| {
        let told: Told = serde_json::from_str(line).ok()?;
        let mut words = told.request.split('-');
        let (orders, text, kind) = (words.next()?.parse().ok()?, words.next()?.to_owned(), words.next()?);
        let Told { bytes, task, subject, microseconds, .. } = told;
        Some(Line { orders, text, valid: kind == "valid", bytes, task, subject, microseconds })
    };
    Ok(text.lines().filter_map(line).collect())
}
