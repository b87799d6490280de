//! `gridbid-bench`: compares Gridbid with common alternatives in one run and prints the results as Markdown.
//!
//! No timing is asserted. `cargo xtask bench` builds and runs this program.

mod core;
mod document;
mod functions;
mod load;
mod machine;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::interrupt;
use gridbid_devkit::layout::Layout;
use gridbid_release_format::Profile;

/// Compare Gridbid with common alternatives
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
enum Subject {
    /// Checking and reading orders, natively, in Node and in Python (10 minutes); rewrites its section of docs/benchmarks-core.md
    Core,
    /// The functions: cold starts, warm requests, CPU time, memory, sizes, price (5 minutes after the first build)
    Functions {
        /// Measure the zips of this folder, which has a functions.json, instead of building them
        #[arg(long)]
        functions: Option<PathBuf>,
        /// Latency of AWS in milliseconds
        #[arg(long, default_value_t = 5)]
        latency_ms: u64,
        /// Number of cold starts of each function
        #[arg(long, default_value_t = 50)]
        starts: usize,
        /// Number of warm requests of each size
        #[arg(long, default_value_t = 600)]
        requests: usize,
    },
    /// Sustained requests, each read back; fails if memory or descriptors grow (10 minutes after the first build)
    Load {
        /// Number of requests of each size; the default is an hour of ten per second
        #[arg(long, default_value_t = load::REQUESTS)]
        requests: usize,
        /// Latency of AWS in milliseconds
        #[arg(long, default_value_t = 0, conflicts_with = "local_cloud")]
        latency_ms: u64,
        /// Measure the running local cloud, where the orders remain for a day
        #[arg(long)]
        local_cloud: bool,
    },
}

fn main() -> ExitCode {
    let context = Context::new(Layout::of_repository());
    match measure(&context, Subject::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            context.progress.say(&failure.report().to_string());
            ExitCode::FAILURE
        }
    }
}

fn measure(context: &Context, subject: Subject) -> Result<(), Failure> {
    interrupt::listen()?;
    match subject {
        Subject::Core => core::bench(context),
        Subject::Functions { functions, latency_ms, starts, requests } => {
            let context = match functions {
                Some(folder) => {
                    let folder = folder.canonicalize().on_file("find", &folder)?;
                    context.with_layout(context.layout.clone().with_functions(folder))
                }
                None => context.with_profile(Profile::Release),
            };
            functions::bench(&context, Duration::from_millis(latency_ms), starts, requests)
        }
        Subject::Load { requests, latency_ms, local_cloud } => {
            load::bench(context, requests, Duration::from_millis(latency_ms), local_cloud)
        }
    }
}
