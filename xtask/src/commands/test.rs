//! `cargo xtask test`: everything, as CI runs it. Called by `main`.

use std::time::{Duration, Instant};

use crate::checks::{languages, rust, state_machine, system, terraform, workflows};
use crate::clock::words;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::{Progress, print};
use crate::requirements::{CARGO, PYTHON};
use crate::system::Tools;

/// Which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Everything,
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
        Part::Languages => languages::tests(layout, &Tools::find(progress)?, progress)?,
        Part::Core => rust::tests(layout, &CARGO.find()?, progress, Some("gridbid-core"))?,
        Part::Workflows => workflows::validate(layout, &PYTHON.find()?, progress)?,
        Part::Terraform => infrastructure(layout, &Tools::find(progress)?, progress)?,
        Part::System(filter) => system::tests(layout, progress, &Tools::find(progress)?, filter.as_deref())?,
        Part::Everything => everything(layout, progress)?,
    }
    summary(progress, started.elapsed());
    Ok(())
}

fn everything(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    let tools = Tools::find(progress)?;
    let cargo = tools.cargo();
    rust::format(layout, cargo, progress)?;
    infrastructure(layout, &tools, progress)?;
    workflows::validate(layout, tools.python(), progress)?;
    rust::lint(layout, cargo, progress)?;
    rust::dependencies(layout, cargo, progress)?;
    rust::tests(layout, cargo, progress, None)?;
    rust::examples(layout, cargo, progress)?;
    rust::documentation(layout, cargo, progress)?;
    languages::tests(layout, &tools, progress)?;
    system::tests(layout, progress, &tools, None)
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
