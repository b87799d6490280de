//! `cargo xtask test`: everything, as CI runs it.

use std::path::Path;
use std::time::{Duration, Instant};

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
        Part::System(filter) => checks::system::tests(layout, progress, &Tools::find(progress)?, filter.as_deref())?,
        Part::Everything => everything(layout, progress)?,
        Part::All => {
            everything(layout, progress)?;
            let tools = Tools::find(progress)?;
            checks::system::tests(&layout.clone().with_profile(Profile::Release), progress, &tools, None)?;
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
    // What cargo compiles keeps the processors busy; what is fetched and checked beside it mostly waits.
    let beside = || {
        browser(layout, progress)?;
        system::fetch(layout, progress, &tools)?;
        infrastructure(layout, &tools, progress)?;
        workflows::validate(layout, tools.python(), progress)
    };
    let ((), compiled) = progress.both(beside, || system::compile(layout, progress, cargo))?;
    let bindgen = compiled.bindgen().map(Path::to_path_buf);
    system::assemble(layout, progress, compiled)?;
    let languages = || match &bindgen {
        Some(bindgen) => languages::tests(layout, &tools, progress, bindgen),
        None => Ok(()),
    };
    let others = || {
        languages()?;
        checks::local_cloud::tests(layout, progress)
    };
    let rust = || {
        rust::tests(layout, progress, None)?;
        rust::lint(layout, cargo, progress)?;
        rust::examples(layout, cargo, progress)?;
        rust::documentation(layout, cargo, progress)?;
        rust::dependencies(layout, progress)
    };
    progress.both(others, rust)?;
    checks::system::tests(layout, progress, &tools, None)
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
