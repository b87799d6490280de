//! `cargo xtask test`: everything, as CI runs it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::checks::passed::unless_passed;
use crate::checks::{self, languages, rust, state_machine, terraform, workflows};
use crate::clock::words;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::package::manifest::Profile;
use crate::progress::{Progress, print};
use crate::requirements::PYTHON;
use crate::system::{self, Tools};

/// First deployments that `test all` makes in a row.
const FIRST_DEPLOYS: usize = 60;

/// What the checks of workflows follow from.
const WORKFLOWS: [&str; 3] = [".github", "xtask/npm", "xtask/zizmor"];
/// What the local cloud's own tests depend on.
const LOCAL_CLOUD: [&str; 1] = ["xtask/local-cloud"];
/// What the checks of Terraform's files follow from.
const INFRASTRUCTURE: [&str; 5] =
    ["docs/operations.md", state_machine::ERRORS, "terraform", "xtask/checkov", "xtask/npm"];

/// Which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What CI runs.
    Everything,
    /// That, and what takes long.
    All,
    /// Only so many first deployments in a row.
    FirstDeploys(usize),
    /// Only the packages and functions in other languages.
    Languages,
    /// Only core's own tests.
    Core,
    /// Only GitHub's workflows.
    Workflows,
    /// Only what looks at Terraform's files.
    Terraform,
    /// Only the system tests whose names contain a text; without one, all that needs a local cloud.
    System(Option<String>),
}

/// Runs the checks and prints what passed.
///
/// # Errors
/// The first check that fails.
pub fn test(layout: &Layout, progress: &Progress, part: &Part) -> Result<(), Failure> {
    let started = Instant::now();
    match part {
        Part::Languages => {
            let tools = Tools::find(progress)?;
            browser(layout, progress)?;
            let bindgen = system::packages(layout, progress, tools.cargo())?;
            languages::tests(layout, &tools, progress, &bindgen)?;
        }
        Part::Core => rust::tests(layout, progress, Some("gridbid-core"))?,
        Part::Workflows => workflows::validate(layout, &PYTHON.find()?, progress)?,
        Part::Terraform => infrastructure(layout, &Tools::find(progress)?, progress)?,
        Part::System(None) => whole_system(layout, progress, &Tools::find(progress)?)?,
        Part::System(Some(text)) => checks::system::some(layout, progress, &Tools::find(progress)?, text)?,
        Part::Everything => everything(layout, progress)?,
        Part::All => {
            everything(layout, progress)?;
            let tools = Tools::find(progress)?;
            whole_system(&layout.clone().with_profile(Profile::Release), progress, &tools)?;
            checks::first_deploys::check(layout, progress, &tools, FIRST_DEPLOYS)?;
        }
        Part::FirstDeploys(count) => {
            checks::first_deploys::check(layout, progress, &Tools::find(progress)?, *count)?;
        }
    }
    summary(progress, started.elapsed());
    Ok(())
}

fn everything(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    let tools = Tools::find(progress)?;
    let cargo = tools.cargo();
    rust::format(layout, cargo, progress)?;
    let fetch = || {
        browser(layout, progress)?;
        system::fetch(layout, progress, &tools)
    };
    let ((), compiled) = progress.both(fetch, || system::compile(layout, progress, cargo))?;
    let bindgen = compiled.bindgen().map(Path::to_path_buf);
    let gridbid = system::assemble(layout, progress, compiled)?;

    // The clouds mostly wait, and their scenarios have limits: what keeps the processors busy gives way to them.
    let rust = || {
        lower_priority()?;
        rust::tests(layout, progress, None)?;
        rust::lint(layout, cargo, progress)?;
        rust::examples(layout, cargo, progress)?;
        rust::documentation(layout, cargo, progress)?;
        rust::dependencies(layout, progress)
    };
    let others = || {
        lower_priority()?;
        unless_passed(layout, progress, &tools, "local cloud", &LOCAL_CLOUD, || {
            checks::local_cloud::tests(layout, progress)
        })?;
        if let Some(bindgen) = &bindgen {
            languages::tests(layout, &tools, progress, bindgen)?;
        }
        unless_passed(layout, progress, &tools, "workflows", &WORKFLOWS, || {
            workflows::validate(layout, tools.python(), progress)
        })?;
        unless_passed(layout, progress, &tools, "infrastructure", &INFRASTRUCTURE, || {
            infrastructure(layout, &tools, progress)
        })
    };
    let system = || checks::system::tests(layout, progress, &tools, &gridbid);
    progress.both(rust, || progress.both(others, system)).map(drop)
}

/// Lets this thread's tools give way to others.
fn lower_priority() -> Result<(), Failure> {
    const BY: i32 = 10;
    let lowered = rustix::process::nice(BY);
    lowered.map(drop).map_err(|error| Failure::new(format!("cannot lower the priority of tools: {error}")))
}

fn whole_system(layout: &Layout, progress: &Progress, tools: &Tools) -> Result<(), Failure> {
    let gridbid = system::build(layout, progress, tools)?;
    checks::system::tests(layout, progress, tools, &gridbid)
}

/// Finds out early whether there is a browser for the tests in one.
fn browser(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    progress.step("prepare browser", |step| {
        let browser = languages::prepare_browser(layout, step)?;
        Ok(((), format!("Chromium {}", browser.version)))
    })
}

fn infrastructure(layout: &Layout, tools: &Tools, progress: &Progress) -> Result<(), Failure> {
    let terraform = tools.terraform();
    terraform::format(layout, terraform, progress)?;
    terraform::validate(layout, terraform, progress)?;
    terraform::tests(layout, terraform, progress)?;
    terraform::checkov(layout, tools.python(), progress)?;
    state_machine::names(layout, progress)?;
    state_machine::validate(layout, progress)
}

fn summary(progress: &Progress, took: Duration) {
    print("\nPassed");
    let passed = progress.passed();
    let width = passed.iter().map(|step| step.name.len()).max().unwrap_or_default();
    for step in &passed {
        print(&format!("  {:<width$}  {:>12}  {}", step.name, words(step.took), step.told));
    }
    print(&format!("\nall passed in {}", words(took)));
}
