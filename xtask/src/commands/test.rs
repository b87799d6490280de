//! `cargo xtask test`: every check and test, as CI runs them.

use std::path::Path;
use std::time::{Duration, Instant};

use gridbid_devkit::clock::format_duration;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::{Progress, print};
use gridbid_package::pipeline;
use gridbid_release_format::Profile;

use crate::checks::passed::unless_passed;
use crate::checks::{self, languages, rust, state_machine, terraform, workflows};
use crate::system;

/// Number of consecutive first deployments of `test all`.
const FIRST_DEPLOYS: usize = 60;

/// The inputs of the checks of workflows.
const WORKFLOWS: [&str; 3] = [".github", "tools/devkit/npm", "xtask/zizmor"];
/// The inputs of the local cloud's own tests.
const LOCAL_CLOUD: [&str; 1] = ["tools/local-cloud"];
/// The inputs of the checks of Terraform's files.
const INFRASTRUCTURE: [&str; 5] =
    ["docs/operations.md", state_machine::ERRORS, "terraform", "tools/devkit/npm", "xtask/checkov"];

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything that CI runs on each change.
    Everything,
    /// The same, and what takes long.
    All,
    /// This number of consecutive first deployments.
    FirstDeploys(usize),
    /// The packages and functions in other languages.
    Languages,
    /// The tests of core.
    Core,
    /// GitHub's workflows.
    Workflows,
    /// Terraform's files.
    Terraform,
    /// The scenarios whose names contain a text; without a text, everything that needs a local cloud.
    System(Option<String>),
}

/// Runs the checks and prints what passed.
///
/// # Errors
/// The first check that fails.
pub fn test(context: &Context, part: &Part) -> Result<(), Failure> {
    let started = Instant::now();
    match part {
        Part::Languages => {
            context.tools()?;
            prepare_browser(context)?;
            languages::tests(context, &pipeline::packages(context)?)?;
        }
        Part::Core => rust::tests(context, Some("gridbid-core"))?,
        Part::Workflows => workflows::validate(context)?,
        Part::Terraform => infrastructure(context)?,
        Part::System(None) => whole_system(context)?,
        Part::System(Some(text)) => checks::system::some(context, text)?,
        Part::Everything => everything(context)?,
        Part::All => {
            everything(context)?;
            whole_system(&context.with_profile(Profile::Release))?;
            checks::first_deploys::check(context, FIRST_DEPLOYS)?;
        }
        Part::FirstDeploys(count) => checks::first_deploys::check(context, *count)?,
    }
    print_summary(&context.progress, started.elapsed());
    Ok(())
}

fn everything(context: &Context) -> Result<(), Failure> {
    let progress = &context.progress;
    context.tools()?;
    rust::format(context)?;
    let fetch = || {
        prepare_browser(context)?;
        system::fetch(context)
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
        if let Some(bindgen) = &bindgen {
            languages::tests(context, bindgen)?;
        }
        unless_passed(context, "workflows", &WORKFLOWS, || workflows::validate(context))?;
        unless_passed(context, "infrastructure", &INFRASTRUCTURE, || infrastructure(context))
    };
    let system = || checks::system::tests(context, &programs);
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
