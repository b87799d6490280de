//! `cargo xtask`: reads the command line, runs one command, and turns its failure into a report and an exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use xtask::commands::test::Part;
use xtask::commands::{down, logs, post, run, status, test, up};
use xtask::failure::Failure;
use xtask::layout::Layout;
use xtask::progress::Progress;
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
        /// A folder of zips with a functions.json, to be started as they are; nothing is built
        #[arg(long)]
        functions: Option<PathBuf>,
    },
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
    /// Build the functions' zips and functions.json
    Package,
    /// Measure, beside what people use instead
    Bench {
        /// What
        #[command(subcommand)]
        what: BenchWhat,
    },
    /// Play Slack, the auction platform and a faulty S3 (started by `up` and `test`)
    #[command(hide = true)]
    Neighbours {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        port: u16,
        #[arg(long)]
        s3_port: u16,
        #[arg(long)]
        cloud_port: u16,
    },
}

#[derive(Subcommand)]
enum BenchWhat {
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

#[derive(Subcommand)]
enum TestPart {
    /// Only the TypeScript and Python packages and functions, with core as WASM
    Languages,
    /// Only the tests of core
    Core,
    /// Only what needs a local cloud
    System {
        /// Only the scenarios whose names contain this text
        filter: Option<String>,
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
    if let Command::Neighbours { folder, port, s3_port, cloud_port } = command {
        // No handler for signals here: this process ends at the first one.
        return neighbours::serve(&neighbours::Settings { port, s3_port, cloud_port, folder });
    }
    interrupt::listen()?;
    match command {
        Command::Up { functions: None } => up::up(&layout, &progress),
        Command::Up { functions: Some(folder) } => up::up(&layout.with_functions(prebuilt(&folder)?), &progress),
        Command::Down { wipe } => down::down(&layout, &progress, wipe),
        Command::Post { file } => post::post(&layout, &file),
        Command::Run { slot } => run::run(&layout, slot),
        Command::Status => status::status(&layout),
        Command::Logs { function, minutes } => logs::logs(&layout, &function, minutes),
        Command::Test { part } => {
            let part = match part {
                None => Part::Everything,
                Some(TestPart::Languages) => Part::Languages,
                Some(TestPart::Core) => Part::Core,
                Some(TestPart::System { filter }) => Part::System(filter),
            };
            test::test(&layout, &progress, &part)
        }
        Command::Package => system::package(&layout, &progress),
        Command::Bench { what: BenchWhat::Functions { functions, latency_ms, starts, requests } } => {
            let layout = match functions {
                Some(folder) => layout.with_functions(prebuilt(&folder)?),
                None => layout,
            };
            bench::functions::functions(&layout, &progress, Duration::from_millis(latency_ms), starts, requests)
        }
        Command::Neighbours { .. } => Ok(()),
    }
}

/// The folder, which must hold a manifest.
fn prebuilt(folder: &Path) -> Result<PathBuf, Failure> {
    let missing = |_| {
        Failure::new(format!("`{}` holds no functions.json", folder.display()))
            .with_todo("name a folder of zips as `cargo xtask package` makes one")
    };
    folder.join("functions.json").canonicalize().map_err(missing).map(|file| file.with_file_name(""))
}
