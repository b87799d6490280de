//! `gridbid-package`: the artifact formats for builds outside of this workspace, which Nix makes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::interrupt;
use gridbid_devkit::layout::Layout;
use gridbid_package::wasm::Prebuilt;
use gridbid_package::{bundle, pipeline};
use gridbid_release_format::Architecture;

/// Packs artifacts that were compiled elsewhere.
#[derive(Parser)]
#[command(name = "gridbid-package")]
enum Command {
    /// One function: its zip and a functions.json
    Zip {
        /// The function's folder below lambdas
        function: PathBuf,
        /// The binary, or the folder of files, that it was built into
        built: PathBuf,
        /// The architecture that it was built for
        #[arg(long)]
        architecture: Architecture,
        /// The folder to make
        #[arg(long)]
        to: PathBuf,
    },
    /// Several functions: all zips with one functions.json
    Join {
        /// Folders with a functions.json
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// The folder to make
        #[arg(long)]
        to: PathBuf,
    },
    /// Core as the WASM module that the packages of other languages ship
    Wasm {
        /// The file to copy the module to
        #[arg(long)]
        to: PathBuf,
        #[command(flatten)]
        prebuilt: Prebuilt,
    },
}

fn main() -> ExitCode {
    let context = Context::new(Layout::of_repository());
    match run(&context, Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            context.progress.say(&failure.report().to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(context: &Context, command: Command) -> Result<(), Failure> {
    interrupt::listen()?;
    match command {
        Command::Zip { function, built, architecture, to } => bundle::zip(&function, &built, architecture, &to),
        Command::Join { folders, to } => bundle::join(&folders, &to),
        Command::Wasm { to, prebuilt } => pipeline::wasm(context, &prebuilt, Some(&to)),
    }
}
