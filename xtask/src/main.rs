//! `cargo xtask`: reads the command line, runs one command, and turns its failure into a report and an exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use xtask::commands::test::Part;
use xtask::commands::{down, logs, post, run, status, test, up, watch};
use xtask::failure::{Failure, OnFile as _};
use xtask::layout::Layout;
use xtask::package::made;
use xtask::package::manifest::{Architecture, Profile};
use xtask::progress::Progress;
use xtask::wasm::Given;
use xtask::{bench, interrupt, neighbours, system};

/// Builds, starts, shows and tests Gridbid on a local cloud.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything, start the local cloud, and show Gridbid's main job
    Up {
        #[command(flatten)]
        built: Built,
    },
    /// Bring the system up and deploy whatever changes in the repository, until Ctrl-C
    Watch,
    /// Stop the local cloud; its data stays
    Down {
        /// Remove its data too
        #[arg(long)]
        wipe: bool,
    },
    /// Store the orders of a JSON file
    Post {
        /// The file, posted as it is
        file: PathBuf,
    },
    /// Start a results run and follow it
    Run {
        /// The auction's slot, such as 2026-11-22T07:05:00Z; now when it is left out
        #[arg(long)]
        slot: Option<String>,
    },
    /// Show what runs and what is stored
    Status,
    /// Show what a function wrote
    Logs {
        /// The function, such as orders-api
        function: String,
        /// How far back
        #[arg(long, default_value_t = 60)]
        minutes: u64,
    },
    /// Run every check and test, as CI does
    Test {
        /// Only this part
        #[command(subcommand)]
        part: Option<TestPart>,
    },
    /// Measure, and print a comparison with what people use instead (it goes into docs/benchmarks.md too)
    Bench {
        /// What
        #[command(subcommand)]
        subject: BenchSubject,
    },
    /// Build the functions' zips and functions.json
    Package {
        /// Compile as for production
        #[arg(long)]
        release: bool,
        /// Build nothing: pack what has been built elsewhere
        #[command(subcommand)]
        made: Option<Made>,
    },
    /// Build core as the WASM module that the packages of other languages ship
    Wasm {
        /// The module is put here too
        #[arg(long)]
        to: Option<PathBuf>,
        #[command(flatten)]
        given: Given,
    },
    /// Play Slack, the auction platform and a faulty S3 (started by `up` and `test`)
    #[command(hide = true)]
    Neighbours {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        instance: String,
        #[arg(long)]
        port: u16,
        #[arg(long)]
        s3_port: u16,
        #[arg(long)]
        cloud_port: u16,
    },
}

/// What was built before and is not to be built again.
#[derive(Args)]
struct Built {
    /// A folder of zips with a functions.json, to be started as they are; none is built
    #[arg(long)]
    functions: Option<PathBuf>,
    /// The delivery binary
    #[arg(long)]
    gridbid: Option<PathBuf>,
    /// Compile the functions as for production, which takes minutes more
    #[arg(long, conflicts_with = "functions")]
    release: bool,
}

#[derive(Subcommand)]
enum Made {
    /// One function: its zip, with a functions.json of its own
    Zip {
        /// The function's folder below lambdas
        function: PathBuf,
        /// The binary, or the folder of files, that it was built into
        built: PathBuf,
        /// What it was built for
        #[arg(long)]
        architecture: Architecture,
        /// The folder to make
        #[arg(long)]
        to: PathBuf,
    },
    /// Several functions: the zips of all, with one functions.json
    Join {
        /// Folders with a functions.json
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// The folder to make
        #[arg(long)]
        to: PathBuf,
    },
}

#[derive(Subcommand)]
enum TestPart {
    /// Everything, and what takes long: the system compiled as for production, first deployments in a row
    All,
    /// Only first deployments in a row, each to an empty cloud
    FirstDeploys {
        /// How many
        #[arg(default_value_t = 60)]
        count: usize,
    },
    /// Only the TypeScript and Python packages and functions, with core as WASM
    Languages,
    /// Only the tests of core
    Core,
    /// Only Terraform's files: format, every root, tests, contract, checkov, state machine
    Terraform,
    /// Only GitHub's workflows
    Workflows,
    /// Only what needs a local cloud
    System {
        /// Only the scenarios whose names contain this text
        filter: Option<String>,
        #[command(flatten)]
        built: Built,
    },
}

#[derive(Subcommand)]
enum BenchSubject {
    /// Checking and reading orders, natively, in Node and in Python; takes ten minutes
    Core,
    /// The functions: cold starts, warm requests, processor time, memory, sizes, price (5 minutes once all is built)
    Functions {
        /// A folder of zips with a functions.json, to be measured as they are; nothing of ours is built
        #[arg(long)]
        functions: Option<PathBuf>,
        /// After how many milliseconds AWS answers
        #[arg(long, default_value_t = 5)]
        latency_ms: u64,
        /// How many cold starts of each function
        #[arg(long, default_value_t = 50)]
        starts: usize,
        /// How many warm requests of each size
        #[arg(long, default_value_t = 600)]
        requests: usize,
    },
}

fn main() -> ExitCode {
    let CommandLine { command } = CommandLine::parse();
    match perform(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Progress::new().say(&failure.report().to_string());
            ExitCode::FAILURE
        }
    }
}

fn perform(command: Command) -> Result<(), Failure> {
    let (layout, progress) = (Layout::of_repository(), Progress::new());
    if let Command::Neighbours { folder, instance, port, s3_port, cloud_port } = command {
        // No handler for signals here: this process ends at the first one.
        return neighbours::serve(&neighbours::Settings { port, s3_port, cloud_port, folder, instance });
    }
    // Packing what has been built needs no repository.
    if !layout.is_there() && !matches!(command, Command::Package { made: Some(_), .. }) {
        return Err(Failure::new("no clone of Gridbid's repository is around the current folder")
            .with_todo("change into one and run the command again"));
    }
    interrupt::listen()?;
    match command {
        Command::Up { built } => up::up(&with(layout, built)?, &progress),
        Command::Watch => watch::watch(&layout, &progress),
        Command::Down { wipe } => down::down(&layout, &progress, wipe),
        Command::Post { file } => post::post(&layout, &file),
        Command::Run { slot } => run::run(&layout, slot),
        Command::Status => status::status(&layout),
        Command::Logs { function, minutes } => logs::logs(&layout, &function, minutes),
        Command::Test { part } => {
            let (part, layout) = match part {
                None => (Part::Everything, layout),
                Some(TestPart::All) => (Part::All, layout),
                Some(TestPart::FirstDeploys { count }) => (Part::FirstDeploys(count), layout),
                Some(TestPart::Languages) => (Part::Languages, layout),
                Some(TestPart::Core) => (Part::Core, layout),
                Some(TestPart::Terraform) => (Part::Terraform, layout),
                Some(TestPart::Workflows) => (Part::Workflows, layout),
                Some(TestPart::System { filter, built }) => (Part::System(filter), with(layout, built)?),
            };
            test::test(&layout, &progress, &part)
        }
        Command::Bench { subject: BenchSubject::Core } => bench::core::bench(&layout, &progress),
        Command::Package { made: None, release } => {
            let layout = if release { layout.with_profile(Profile::Release) } else { layout };
            system::package(&layout, &progress)
        }
        Command::Package { made: Some(Made::Zip { function, built, architecture, to }), .. } => {
            made::zip(&function, &built, architecture, &to)
        }
        Command::Package { made: Some(Made::Join { folders, to }), .. } => made::join(&folders, &to),
        Command::Wasm { to, given } => system::wasm(&layout, &progress, &given, to.as_deref()),
        Command::Bench { subject: BenchSubject::Functions { functions, latency_ms, starts, requests } } => {
            let layout = match functions {
                Some(folder) => layout.with_functions(prebuilt(&folder)?),
                None => layout.with_profile(Profile::Release),
            };
            bench::functions::functions(&layout, &progress, Duration::from_millis(latency_ms), starts, requests)
        }
        Command::Neighbours { .. } => Ok(()),
    }
}

/// The layout with what was built before.
fn with(mut layout: Layout, Built { functions, gridbid, release }: Built) -> Result<Layout, Failure> {
    if release {
        layout = layout.with_profile(Profile::Release);
    }
    if let Some(folder) = functions {
        layout = layout.with_functions(prebuilt(&folder)?);
    }
    if let Some(file) = gridbid {
        layout = layout.with_gridbid(file.canonicalize().on_file("find", &file)?);
    }
    Ok(layout)
}

/// The folder, which must hold a manifest.
fn prebuilt(folder: &Path) -> Result<PathBuf, Failure> {
    let missing = |_| {
        Failure::new(format!("`{}` holds no functions.json", folder.display()))
            .with_todo("name a folder of zips as `cargo xtask package` makes one")
    };
    folder.join("functions.json").canonicalize().map_err(missing).map(|file| file.with_file_name(""))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_call_of_xtask_in_a_workflow_is_a_command_line() {
        let folder = Layout::of_repository().github().join("workflows");
        let mut calls = 0;
        for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            for line in fs::read_to_string(&file).unwrap().lines() {
                // `nix run .#test -- …` is `xtask test …`.
                let call =
                    ["cargo xtask ", "nix run .#"].into_iter().find_map(|before| Some(line.split_once(before)?.1));
                let Some(call) = call else { continue };
                let words = call.split_ascii_whitespace().filter(|word| *word != "--");
                if let Err(error) = CommandLine::try_parse_from(["cargo xtask"].into_iter().chain(words)) {
                    panic!("{}: `{call}`: {error}", file.display());
                }
                calls += 1;
            }
        }
        assert!(calls > 0, "no workflow calls xtask");
        assert!(CommandLine::try_parse_from(["cargo xtask", "test", "systems"]).is_err());
    }
}
