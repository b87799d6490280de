//! `cargo xtask`: reads the command line, runs one command, and turns its failure into a report and an exit code.

mod checks;
mod commands;
mod example;
mod program;
mod system;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::interrupt;
use gridbid_devkit::layout::Layout;
use gridbid_package::pipeline;
use gridbid_package::wasm::Prebuilt;
use gridbid_release_format::Profile;

use commands::built::Built;
use commands::test::Part;
use commands::{bench, down, logs, post, run, simulate, status, test, up, watch};

/// Builds, starts, shows and tests Gridbid on a local cloud.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything, start the local cloud, and run the example
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
    /// Store the orders of a JSON file and wait until they are submitted
    Post {
        /// The file
        file: PathBuf,
    },
    /// Start a results run and follow it
    Run {
        /// The auction's slot, such as 2026-11-22T07:05:00Z [default: the next one]
        #[arg(long)]
        slot: Option<String>,
        /// Ask the auction platform again although the slot has results: its next attempt
        #[arg(long, requires = "slot")]
        ask_again: bool,
    },
    /// Show what is running and how much is stored
    Status,
    /// Show the log of a function
    Logs {
        /// The function, such as orders-api
        function: String,
        /// Since how many minutes ago
        #[arg(long, default_value_t = 60)]
        minutes: u64,
    },
    /// Run the tests and lints that CI runs, without Nix and AWS
    Test {
        /// Only this part
        #[command(subcommand)]
        part: Option<Part>,
    },
    /// Run schedules of requests and faults, drawn from seeds, against functions and state machine in memory
    Simulate {
        /// The number of seeds [default: 2000, or 1 with a first one]
        #[arg(long)]
        seeds: Option<u64>,
        /// The first seed [default: 0]
        #[arg(long)]
        seed: Option<u64>,
        /// Remove a protection, by its name in docs/development.md, and find the first seed that notices it
        #[arg(long)]
        mutation: Option<String>,
    },
    /// Run the benchmarks; `bench --help` lists them
    #[command(disable_help_flag = true)]
    Bench {
        /// The arguments of the benchmarks
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Build the functions' zips and functions.json
    Package {
        /// Compile as for production
        #[arg(long)]
        release: bool,
    },
    /// Build core as the WASM module that the packages of other languages ship
    Wasm {
        /// A file to copy the module to
        #[arg(long)]
        to: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let CommandLine { command } = CommandLine::parse();
    let context = Context::new(Layout::of_repository());
    match run_command(&context, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            context.progress.say(&failure.report().to_string());
            ExitCode::FAILURE
        }
    }
}

fn run_command(context: &Context, command: Command) -> Result<(), Failure> {
    let layout = &context.layout;
    if !layout.is_there() {
        return Err(Failure::new("the current folder is not in a clone of Gridbid's repository")
            .with_hint("change into one and run the command again"));
    }
    interrupt::listen()?;
    match command {
        Command::Up { built } => up::up(&built.apply(context)?),
        Command::Watch => watch::watch(context),
        Command::Down { wipe } => down::down(context, wipe),
        Command::Post { file } => post::post(layout, &file),
        Command::Run { slot, ask_again } => run::run(layout, slot, ask_again),
        Command::Status => status::status(layout),
        Command::Logs { function, minutes } => logs::logs(layout, &function, minutes),
        Command::Test { part } => test::test(context, part),
        Command::Simulate { seeds, seed, mutation } => simulate::simulate(context, seed, seeds, mutation),
        Command::Bench { arguments } => bench::bench(context, &arguments),
        Command::Package { release } => {
            let context = if release { context.with_profile(Profile::Release) } else { context.clone() };
            pipeline::build(&context).map(drop)
        }
        Command::Wasm { to } => pipeline::wasm(context, &Prebuilt::default(), to.as_deref()),
    }
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
