//! `cargo xtask bench core`: compares checking and reading of orders with common libraries, natively, in Node and in Python.
//!
//! All benchmarks read the same requests, which the TypeScript benchmark generates. Each language's benchmark interleaves its
//! subjects and verifies that their results agree. Tables of the medians replace two sections of `docs/benchmarks-core.md`, and a
//! picture `docs/benchmarks-core.svg`.

mod shapes;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::{Step, print};
use gridbid_devkit::requirements::{NODE, Tool};
use gridbid_devkit::subprocess::Subprocess;
use gridbid_devkit::{npm, venv};
use gridbid_package::{bindings, pipeline, wasm};

use crate::document::publish;

const LIMIT: Duration = Duration::from_secs(3600);
/// Heading of the section in the document.
const HEADING: &str = "Core: checking and reading orders";
/// Heading of the section of shapes.
const SHAPES: &str = "Core: shapes of requests";

/// Output of one benchmark.
#[derive(Clone, Debug, Deserialize)]
struct Measured {
    /// Properties of the machine.
    machine: BTreeMap<String, serde_json::Value>,
    /// Versions of the measured packages.
    versions: BTreeMap<String, String>,
    /// By subject, what it cannot check.
    cannot: BTreeMap<String, serde_json::Value>,
    results: Vec<Line>,
}

/// The median of one subject for one task and request.
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

/// Measures, prints the tables and publishes them.
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
    let (shapes, picture) = shapes::document(&native, &node, &python);
    print(&format!("\n{shapes}"));
    progress.step("publish", |_| {
        write_atomically(&layout.file("docs/benchmarks-core.svg"), picture.as_bytes())?;
        publish(layout, SHAPES, &shapes)?;
        Ok(((), publish(layout, HEADING, &text)?))
    })
}

fn read(text: &str, who: &str) -> Result<Measured, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::new(format!("cannot read the output of the {who} benchmark: {error}")))
}

/// Runs the native benchmark, which prints a line for each median and names a request by its file.
fn native(layout: &Layout, cargo: &Tool, inputs: &PathBuf, step: &Step) -> Result<Vec<Line>, Failure> {
    #[derive(Deserialize)]
    struct Output {
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
    let line = |text: &str| {
        let Output { request, bytes, task, subject, microseconds } = serde_json::from_str(text).ok()?;
        let mut parts = request.split('-');
        let (orders, text, kind) = (parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?);
        Some(Line { orders, text, valid: kind == "valid", bytes, task, subject, microseconds })
    };
    let lines = text.lines().filter(|text| text.starts_with('{'));
    lines
        .map(|text| line(text).ok_or_else(|| Failure::new(format!("cannot read `{text}` of the native benchmark"))))
        .collect()
}
