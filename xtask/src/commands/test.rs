//! `cargo xtask test`: the tests and lints that CI runs, without Nix and AWS.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Subcommand;
use gridbid_devkit::clock::format_duration;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::{Progress, print};
use gridbid_infrastructure::{state_machine, terraform, workflows};
use gridbid_package::pipeline;
use gridbid_release_format::Profile;

use super::bench::bench;
use super::built::Built;
use super::simulate::simulate;
use crate::checks::passed::unless_passed;
use crate::checks::{self, languages, rust};
use crate::system;

/// Number of consecutive first deployments of `test all`.
const FIRST_DEPLOYS: usize = 60;

/// Seconds for which each target is fuzzed.
const FUZZ_SECONDS: u64 = 60;

/// The inputs of the checks of workflows.
const WORKFLOWS: [&str; 3] = [".github", "tools/devkit/npm", "tools/infrastructure/zizmor"];
/// The inputs of the local cloud's own tests.
const LOCAL_CLOUD: [&str; 1] = ["tools/local-cloud"];
/// The inputs of the checks of Terraform's files.
const INFRASTRUCTURE: [&str; 7] = [
    "docs/operations.md",
    state_machine::ERRORS,
    "terraform",
    "tools/devkit/npm",
    "tools/local-cloud/requirements.txt",
    "tools/infrastructure/checkov",
    "tools/infrastructure/iam",
];

/// The parts of the checks and tests.
#[derive(Subcommand)]
pub enum Part {
    /// Everything, including the slow checks: the system in the release profile, many slots at once, simulation, fuzzing, consecutive first deployments, the packages in other environments, load
    All,
    /// Only consecutive first deployments, each to an empty cloud
    FirstDeploys {
        /// Their number
        #[arg(default_value_t = FIRST_DEPLOYS)]
        count: usize,
    },
    /// Only the scenarios with many slots at once, which take minutes
    ManySlots,
    /// Only the TypeScript and Python packages and functions, with core as WASM
    Languages,
    /// Only the packages in the bundlers, runtimes, test runners and platforms of docs/environments.md, which are downloaded
    Environments,
    /// Only the tests of core
    Core,
    /// Only Terraform's files: format, every root, tests, contract, IAM policies, checkov, state machine
    Terraform,
    /// Only GitHub's workflows
    Workflows,
    /// Only random requests for core's parsers, from the corpus that earlier runs left
    Fuzz {
        /// Seconds per target
        #[arg(long, default_value_t = FUZZ_SECONDS)]
        seconds: u64,
    },
    /// Only the tests that need a local cloud
    System {
        /// Only scenarios whose names contain this text
        filter: Option<String>,
        #[command(flatten)]
        built: Built,
    },
}

/// Runs the checks and prints what passed.
pub fn test(context: &Context, part: Option<Part>) -> Result<(), Failure> {
    let started = Instant::now();
    match part {
        None => everything(context)?,
        Some(Part::All) => {
            everything(context)?;
            whole_system(&context.with_profile(Profile::Release))?;
            checks::system::many_slots(context)?;
            simulate(context, None, None, None)?;
            checks::fuzz::run(context, FUZZ_SECONDS)?;
            checks::first_deploys::check(context, FIRST_DEPLOYS)?;
            rust::bench_tests(context)?;
            checks::environments::tests(context)?;
            // A leak of 260 bytes per request exceeds the limit.
            bench(context, &["load", "--requests", "2000"].map(OsString::from))?;
        }
        Some(Part::ManySlots) => checks::system::many_slots(context)?,
        Some(Part::FirstDeploys { count }) => checks::first_deploys::check(context, count)?,
        Some(Part::Languages) => {
            context.tools()?;
            prepare_browser(context)?;
            languages::tests(context, &pipeline::packages(context)?)?;
        }
        Some(Part::Environments) => {
            context.tools()?;
            prepare_browser(context)?;
            pipeline::packages(context)?;
            checks::environments::tests(context)?;
        }
        Some(Part::Core) => rust::tests(context, Some("gridbid-core"))?,
        Some(Part::Terraform) => infrastructure(context)?,
        Some(Part::Workflows) => workflows::validate(context)?,
        Some(Part::Fuzz { seconds }) => checks::fuzz::run(context, seconds)?,
        Some(Part::System { filter: None, built }) => whole_system(&built.apply(context)?)?,
        Some(Part::System { filter: Some(text), built }) => checks::system::some(&built.apply(context)?, &text)?,
    }
    print_summary(&context.progress, started.elapsed());
    Ok(())
}

fn everything(context: &Context) -> Result<(), Failure> {
    let progress = &context.progress;
    context.tools()?;
    rust::format(context)?;
    checks::prose::validate(context)?;
    let fetch = || {
        prepare_browser(context)?;
        system::fetch(context)?;
        // Downloads, while the processors compile.
        context.step("prepare linters", |step| {
            terraform::prepare_checkov(context, step)?;
            terraform::prepare_iam(context, step)?;
            workflows::prepare_zizmor(context, step)?;
            Ok(((), String::new()))
        })
    };
    let ((), compiled) = progress.both(fetch, || pipeline::compile(context))?;
    let bindgen = compiled.bindgen().map(Path::to_path_buf);
    let programs = pipeline::assemble(context, compiled)?;

    // The clouds mostly wait, and their scenarios have time limits: work that keeps the processors busy yields to them.
    let rust = || {
        lower_priority()?;
        rust::tests(context, None)?;
        rust::lint(context)?;
        rust::examples(context)?;
        rust::documentation(context)?;
        rust::dependencies(context)
    };
    let others = || {
        lower_priority()?;
        unless_passed(context, "local cloud", &LOCAL_CLOUD, || checks::local_cloud::tests(context))?;
        let bindgen = bindgen.as_deref().ok_or_else(|| Failure::new("core for WASM was not compiled here"))?;
        languages::tests(context, bindgen)
    };
    let system = || {
        checks::system::tests(context, &programs)?;
        unless_passed(context, "workflows", &WORKFLOWS, || workflows::validate(context))?;
        unless_passed(context, "infrastructure", &INFRASTRUCTURE, || infrastructure(context))
    };
    progress.both(rust, || progress.both(others, system)).map(drop)
}

/// Lowers the priority of the tools of this thread.
fn lower_priority() -> Result<(), Failure> {
    const BY: i32 = 10;
    let lowered = rustix::process::nice(BY);
    lowered.map(drop).map_err(|error| Failure::new(format!("cannot lower the priority of tools: {error}")))
}

fn whole_system(context: &Context) -> Result<(), Failure> {
    checks::system::tests(context, &system::build(context)?)
}

/// Fails early when there is no browser for the browser tests.
fn prepare_browser(context: &Context) -> Result<(), Failure> {
    context.step("prepare browser", |step| {
        let browser = languages::prepare_browser(&context.layout, step)?;
        Ok(((), format!("Chromium {}", browser.version)))
    })
}

fn infrastructure(context: &Context) -> Result<(), Failure> {
    terraform::format(context)?;
    terraform::validate(context)?;
    terraform::tests(context)?;
    terraform::policies(context)?;
    terraform::checkov(context)?;
    state_machine::check_error_names(context)?;
    state_machine::validate(context)
}

fn print_summary(progress: &Progress, took: Duration) {
    print("\nPassed");
    let passed = progress.passed();
    let width = passed.iter().map(|step| step.name.len()).max().unwrap_or_default();
    for step in &passed {
        print(&format!("  {:<width$}  {:>12}  {}", step.name, format_duration(step.took), step.summary));
    }
    print(&format!("\nall passed in {}", format_duration(took)));
}
