//! `cargo xtask`: reads the command line, runs one command, and turns its failure into a report and an exit code.

mod checks;
mod commands;
mod main_job;
mod system;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile as _};
use gridbid_devkit::interrupt;
use gridbid_devkit::layout::Layout;
use gridbid_package::pipeline;
use gridbid_package::wasm::Prebuilt;
use gridbid_release_format::Profile;

use commands::test::Part;
use commands::{bench, down, logs, post, run, status, test, up, watch};

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
        /// The file
        file: PathBuf,
    },
    /// Start a results run and follow it
    Run {
        /// The auction's slot, such as 2026-11-22T07:05:00Z [default: now]
        #[arg(long)]
        slot: Option<String>,
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
    /// Run every check and test, as CI does
    Test {
        /// Only this part
        #[command(subcommand)]
        part: Option<TestPart>,
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

/// What was built elsewhere.
#[derive(Args)]
struct Built {
    /// A folder of zips with a functions.json; no function is built
    #[arg(long)]
    functions: Option<PathBuf>,
    /// The delivery binary
    #[arg(long)]
    gridbid: Option<PathBuf>,
    /// The simulators binary
    #[arg(long)]
    simulators: Option<PathBuf>,
    /// Compile the functions as for production, which takes minutes longer
    #[arg(long, conflicts_with = "functions")]
    release: bool,
}

#[derive(Subcommand)]
enum TestPart {
    /// Everything, and what takes long: the system compiled as for production, consecutive first deployments
    All,
    /// Only consecutive first deployments, each to an empty cloud
    FirstDeploys {
        /// Their number
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
        /// Only scenarios whose names contain this text
        filter: Option<String>,
        #[command(flatten)]
        built: Built,
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
        Command::Up { built } => up::up(&with_built(context, built)?),
        Command::Watch => watch::watch(context),
        Command::Down { wipe } => down::down(context, wipe),
        Command::Post { file } => post::post(layout, &file),
        Command::Run { slot } => run::run(layout, slot),
        Command::Status => status::status(layout),
        Command::Logs { function, minutes } => logs::logs(layout, &function, minutes),
        Command::Test { part } => match part {
            None => test::test(context, &Part::Everything),
            Some(TestPart::All) => test::test(context, &Part::All),
            Some(TestPart::FirstDeploys { count }) => test::test(context, &Part::FirstDeploys(count)),
            Some(TestPart::Languages) => test::test(context, &Part::Languages),
            Some(TestPart::Core) => test::test(context, &Part::Core),
            Some(TestPart::Terraform) => test::test(context, &Part::Terraform),
            Some(TestPart::Workflows) => test::test(context, &Part::Workflows),
            Some(TestPart::System { filter, built }) => test::test(&with_built(context, built)?, &Part::System(filter)),
        },
        Command::Bench { arguments } => bench::bench(context, &arguments),
        Command::Package { release } => {
            let context = if release { context.with_profile(Profile::Release) } else { context.clone() };
            pipeline::build(&context).map(drop)
        }
        Command::Wasm { to } => pipeline::wasm(context, &Prebuilt::default(), to.as_deref()),
    }
}

/// The context with what was built elsewhere.
fn with_built(context: &Context, built: Built) -> Result<Context, Failure> {
    let Built { functions, gridbid, simulators, release } = built;
    let mut layout = context.layout.clone();
    if release {
        layout = layout.with_profile(Profile::Release);
    }
    if let Some(folder) = functions {
        layout = layout.with_functions(with_manifest(&folder)?);
    }
    let find = |file: PathBuf| file.canonicalize().on_file("find", &file);
    Ok(context.with_layout(layout.with_programs(gridbid.map(find).transpose()?, simulators.map(find).transpose()?)))
}

/// The absolute path of a folder with a manifest.
fn with_manifest(folder: &Path) -> Result<PathBuf, Failure> {
    let missing = |_| {
        Failure::new(format!("`{}` has no functions.json", folder.display()))
            .with_hint("name a folder of zips as `cargo xtask package` makes one")
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
