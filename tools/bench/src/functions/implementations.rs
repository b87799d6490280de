//! The measured functions: the content of Gridbid's zips, and the peers, prepared in `.gridbid/bench`.
//!
//! The peers in `tools/bench/peers` are POST /orders in Python with boto3 and in TypeScript with the AWS SDK, and a minimal
//! function in Rust. Their packages are pinned by hash. Python functions are driven by AWS's runtime client, Node functions
//! by a minimal one, because the installation of AWS's needs a C++ compiler.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::{CARGO, NODE, PYTHON, Tool};
use gridbid_devkit::{lock, npm, venv};
use gridbid_package::programs::build_release;
use gridbid_package::{archive, manifest, pipeline};
use gridbid_release_format::{Function, FunctionName, Profile};

use super::events;
use super::execution::Launch;

/// The function that is compared with the peers.
pub const OURS: &str = "orders-api";
/// The function that calls an auction platform.
pub const SUBMITTER: &str = "submit-orders";
const HELLO: &str = "rust-hello";
const PYTHON_PEER: &str = "python-boto3";
const TYPESCRIPT_PEER: &str = "typescript-aws-sdk-v3";
/// Part of the response to a stored batch.
pub const CREATED: &str = r#""statusCode":201"#;

/// A function that is ready to start.
#[derive(Clone, Debug)]
pub struct Implementation {
    /// How to start it.
    pub launch: Launch,
    /// Its name in the report.
    pub title: String,
    /// Size of its zip.
    pub zip_bytes: usize,
    /// Size of the zip's content.
    pub unpacked_bytes: u64,
    /// Its first event, and a part of the expected response.
    pub first: (Vec<u8>, &'static str),
    /// Part of the expected response to a batch of orders; none if it accepts no batches.
    pub batch_response: Option<&'static str>,
}

/// Prepares orders-api with its peers, and Gridbid's other functions.
///
/// # Errors
/// When a build or a download fails.
pub fn prepare(context: &Context) -> Result<(Vec<Implementation>, Vec<Implementation>), Failure> {
    let layout = &context.layout;
    let (python, node) = (PYTHON.find()?, NODE.find()?);
    let zips = ours(context)?;
    let hello =
        context.step("build the Rust hello world", |step| Ok((compile(layout, HELLO, step)?, String::new())))?;
    let python = context.step("prepare the Python peer", |step| python_peer(layout, &python, step))?;
    let typescript = context.step("prepare the TypeScript peer", |step| typescript_peer(layout, &node, step))?;
    let (mut compared, mut others) = (Vec::new(), Vec::new());
    for (name, (function, zip)) in &zips {
        let implementation = native(layout, name, zip)?;
        match function.runtime.as_str() {
            _ if name == OURS => compared.push(implementation),
            runtime if runtime.starts_with("nodejs") => {
                others.push(driven_as(implementation, &typescript.launch, function))
            }
            runtime if runtime.starts_with("python") => {
                others.push(driven_as(implementation, &python.launch, function))
            }
            _ => others.push(implementation),
        }
    }
    compared.extend([hello, typescript, python]);
    Ok((compared, others))
}

/// A function started by the interpreter and the runtime client of the peer in its language.
fn driven_as(implementation: Implementation, peer: &Launch, function: &Function) -> Implementation {
    let mut launch =
        Launch { program: peer.program.clone(), arguments: peer.arguments.clone(), ..implementation.launch };
    // The last argument names the handler: by its file for Node.
    let module = function.handler.split('.').next().unwrap_or_default();
    if let Some(last) = launch.arguments.last_mut() {
        let bundle = launch.folder.join(module).with_extension("mjs");
        *last = if bundle.is_file() { bundle.into() } else { function.handler.clone().into() };
    }
    launch.handler.clone_from(&function.handler);
    Implementation { launch, ..implementation }
}

/// Gridbid's zips by function, built unless the layout has a folder of existing ones.
fn ours(context: &Context) -> Result<BTreeMap<String, (Function, Vec<u8>)>, Failure> {
    let layout = &context.layout;
    if !layout.is_prebuilt() {
        pipeline::build(context)?;
    }
    let folder = layout.functions();
    let zip = |(name, function): (FunctionName, Function)| {
        let file = folder.join(&function.zip);
        fs::read(&file).on_file("read", &file).map(|zip| (name.to_string(), (function, zip)))
    };
    manifest::read(&folder)?.functions.into_iter().map(zip).collect()
}

/// Compiles a function in Rust as for production, and unpacks its zip.
///
/// # Errors
/// When it cannot be compiled.
pub fn compile(layout: &Layout, name: &str, step: &Step) -> Result<Implementation, Failure> {
    let _held = lock::shared(layout, step)?;
    let binary = build_release(layout, &CARGO.find()?, name.to_owned(), step)?;
    let program = fs::read(&binary.executable).on_file("read", &binary.executable)?;
    native(layout, name, &archive::bootstrap(&program, Profile::Release)?)
}

/// Unpacks a zip with a `bootstrap`.
fn native(layout: &Layout, name: &str, zip: &[u8]) -> Result<Implementation, Failure> {
    let folder = folder(layout, name);
    archive::unpack(zip, &folder)?;
    let mut variables = vec![
        ("GRIDBID_ENVIRONMENT", "bench".to_owned()),
        ("ORDERS_TABLE", "orders".to_owned()),
        ("RESULTS_BUCKET", "order-results".to_owned()),
        ("RUNS_TABLE", "runs".to_owned()),
        ("NOTIFICATIONS_TOPIC_ARN", "arn:aws:sns:eu-west-1:000000000000:notifications".to_owned()),
        ("SLACK_WEBHOOK_SECRET", "gridbid/bench/slack-webhook".to_owned()),
    ];
    if name == SUBMITTER {
        variables.extend([
            ("SUBMISSION_QUEUE_URL", "http://127.0.0.1:1/submission".to_owned()),
            ("SUBMISSION_DEAD_LETTER_QUEUE_URL", "http://127.0.0.1:1/submission-dead-letters".to_owned()),
        ]);
    }
    let launch = Launch {
        name: name.to_owned(),
        program: folder.join("bootstrap"),
        arguments: Vec::new(),
        handler: "bootstrap".to_owned(),
        variables,
        log: log(layout, name)?,
        folder,
    };
    let (title, first, batch_response) = match name {
        HELLO => ("Rust hello world".to_owned(), (b"{}".to_vec(), "hello"), None),
        OURS => ("orders-api".to_owned(), events::first_event(name), Some(CREATED)),
        _ => (name.to_owned(), events::first_event(name), None),
    };
    Ok(Implementation {
        unpacked_bytes: size(&launch.folder)?,
        zip_bytes: zip.len(),
        launch,
        title,
        first,
        batch_response,
    })
}

fn python_peer(layout: &Layout, python: &Tool, step: &Step) -> Result<(Implementation, String), Failure> {
    let (source, home) = (source(layout, PYTHON_PEER), layout.home().join("bench").join(PYTHON_PEER));
    let venv = home.join("venv");
    fs::create_dir_all(&home).on_file("make", &home)?;
    let summary = venv::prepare_in(layout, python, &venv, &source.join("requirements.txt"), step)?;
    let name = "orders_handler.py".to_owned();
    let file = source.join(&name);
    let zip = archive::files(&[(name, fs::read(&file).on_file("read", &file)?)], Profile::Release)?;
    let folder = folder(layout, PYTHON_PEER);
    archive::unpack(&zip, &folder)?;
    let launch = Launch {
        name: PYTHON_PEER.to_owned(),
        program: venv::interpreter_of(&venv),
        arguments: ["-m", "awslambdaric", "orders_handler.handler"].map(Into::into).into(),
        handler: "orders_handler.handler".to_owned(),
        variables: vec![("ORDERS_TABLE", "orders".to_owned())],
        log: log(layout, PYTHON_PEER)?,
        folder,
    };
    Ok((scripted(launch, format!("Python {} and boto3", python.version), zip.len())?, summary))
}

fn typescript_peer(layout: &Layout, node: &Tool, step: &Step) -> Result<(Implementation, String), Failure> {
    let (source, home) = (source(layout, TYPESCRIPT_PEER), layout.home().join("bench").join(TYPESCRIPT_PEER));
    copy(&source, &home)?;
    let summary = npm::install(layout, &home, step)?;
    npm::run(layout, &home, "build", step)?;
    let bundle = home.join("dist").join("index.mjs");
    let zip =
        archive::files(&[("index.mjs".to_owned(), fs::read(&bundle).on_file("read", &bundle)?)], Profile::Release)?;
    let folder = folder(layout, TYPESCRIPT_PEER);
    archive::unpack(&zip, &folder)?;
    let launch = Launch {
        name: TYPESCRIPT_PEER.to_owned(),
        program: node.path.clone(),
        arguments: vec![home.join("runtime.mjs").into(), folder.join("index.mjs").into()],
        handler: "index.handler".to_owned(),
        variables: vec![
            ("ORDERS_TABLE", "orders".to_owned()),
            // The warning that the SDK will drop Node 20 would slow down each start.
            ("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true".to_owned()),
        ],
        log: log(layout, TYPESCRIPT_PEER)?,
        folder,
    };
    Ok((scripted(launch, format!("TypeScript, AWS SDK v3 (Node {})", node.version), zip.len())?, summary))
}

fn scripted(launch: Launch, title: String, zip_bytes: usize) -> Result<Implementation, Failure> {
    let unpacked_bytes = size(&launch.folder)?;
    let first = (events::post_orders(1), CREATED);
    Ok(Implementation { unpacked_bytes, zip_bytes, launch, title, first, batch_response: Some(CREATED) })
}

fn source(layout: &Layout, name: &str) -> PathBuf {
    layout.file("tools/bench/peers").join(name)
}

fn folder(layout: &Layout, name: &str) -> PathBuf {
    layout.home().join("bench").join("functions").join(name)
}

/// Creates the function's empty log.
fn log(layout: &Layout, name: &str) -> Result<PathBuf, Failure> {
    let log = layout.log(&format!("bench-{name}"));
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).on_file("make", folder)?;
    }
    fs::write(&log, "").on_file("write", &log)?;
    Ok(log)
}

/// Copies a folder's files, replacing existing ones.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).on_file("make", to)?;
    for entry in fs::read_dir(from).on_file("read", from)?.filter_map(Result::ok) {
        let (there, name) = (entry.path(), entry.file_name());
        if !there.is_dir() {
            fs::copy(&there, to.join(name)).on_file("read", &there)?;
        } else if name != "node_modules" && name != "dist" {
            copy(&there, &to.join(name))?;
        }
    }
    Ok(())
}

fn size(folder: &Path) -> Result<u64, Failure> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).on_file("read", folder)?.filter_map(Result::ok) {
        let path = entry.path();
        bytes += if path.is_dir() { size(&path)? } else { entry.metadata().on_file("read", &path)?.len() };
    }
    Ok(bytes)
}
