//! The checks of Terraform: format, validation of every root module, tests with a mocked provider, contract and IAM policies of
//! complete plans of each environment, and checkov. None of them needs an account.

use std::path::PathBuf;
use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::Tool;
use gridbid_devkit::subprocess::Subprocess;
use gridbid_devkit::terraform::{self, Root};
use gridbid_devkit::{unittest, venv};
use serde_json::Value;

use crate::environments::{Plans, TEST_FILE};

const LIMIT: Duration = Duration::from_secs(600);
/// The names of Terraform's roots and their folders below `terraform`.
const ROOTS: [(&str, &str); 4] =
    [("bootstrap", "bootstrap"), ("dev", "envs/dev"), ("prod", "envs/prod"), ("local", "envs/local")];

/// Checks the format.
pub fn format(context: &Context) -> Result<(), Failure> {
    let (layout, tool) = (&context.layout, &context.tools()?.terraform);
    context.step("terraform fmt", |step| {
        Subprocess::new(&tool.path, layout.log("terraform-fmt"), LIMIT)
            .inside(&layout.terraform())
            .args(["fmt", "-check", "-recursive", "-diff"])
            .env(terraform::offline(layout, &layout.terraform_data()))
            .run(step)
            .map_err(|failure| failure.with_hint("run `terraform fmt -recursive terraform`"))?;
        Ok(((), "formatted".to_owned()))
    })
}

/// Validates every root and its modules.
///
/// # Errors
/// When one is invalid.
pub fn validate(context: &Context) -> Result<(), Failure> {
    let (layout, tool) = (&context.layout, &context.tools()?.terraform);
    for (name, folder) in ROOTS {
        let root = root(layout, layout.terraform().join(folder), name);
        context.step(&format!("terraform validate {name}"), |step| {
            terraform::initialise(layout, tool, &root, step)?;
            offline(layout, tool, &root, "validate").args(["-no-color"]).run(step)?;
            Ok(((), "valid".to_owned()))
        })?;
    }
    Ok(())
}

/// Runs the tests, which plan with a mocked provider, and checks the contract on their plans.
pub fn tests(context: &Context) -> Result<(), Failure> {
    let (layout, tool) = (&context.layout, &context.tools()?.terraform);
    let root = root(layout, layout.terraform().join("tests"), "tests");
    context.step("terraform init", |step| Ok(((), terraform::initialise(layout, tool, &root, step)?)))?;
    context.step("terraform test", |step| {
        offline(layout, tool, &root, "test").args(["-no-color"]).run(step)?;
        let text = std::fs::read_to_string(layout.log("terraform-test")).unwrap_or_default();
        let summary = text.lines().rev().find_map(|line| line.strip_prefix("Success! ")).unwrap_or("passed");
        Ok(((), summary.trim_end_matches('.').to_owned()))
    })?;
    context.step("whole environments", |step| {
        let mut plans = Plans::default();
        let plan = Subprocess::new(&tool.path, layout.log("terraform-environments"), LIMIT)
            .inside(&root.folder)
            .args(["test", "-json", "-verbose", &format!("-filter={TEST_FILE}")])
            .env(terraform::offline(layout, &root.data));
        let status = plan.each_line(step, |line| plans.take(line))?;
        if !status.success() {
            return Err(Failure::new(format!("`terraform test -json -verbose` failed ({status})")));
        }
        let runbook = layout.file("docs/operations.md");
        let summary = plans.check(&std::fs::read_to_string(&runbook).on_file("read", &runbook)?)?;
        let resources = resources_file(layout);
        std::fs::write(&resources, plans.resources()).on_file("write", &resources)?;
        Ok(((), summary))
    })
}

/// Compares the policies of the plans with AWS's reference and with what the resources need, and evaluates what each role can do.
///
/// # Errors
/// Every finding.
pub fn policies(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("IAM policies", |step| {
        let reference = prepare_iam(context, step)?;
        let (folder, log) = (layout.file("tools/infrastructure/iam"), layout.log("iam"));
        let venv = [("GRIDBID_IAM_VENV", Some(reference.clone().into_os_string()))];
        unittest::run(layout, &folder, "iam-tests", venv, step)?;
        venv::python(&layout.venv(), &log, LIMIT)
            .inside(&folder)
            .args(["-B".as_ref(), "check.py".as_ref(), resources_file(layout).as_os_str(), reference.as_os_str()])
            .run(step)?;
        let text = std::fs::read_to_string(&log).on_file("read", &log)?;
        Ok(((), text.lines().last().unwrap_or_default().to_owned()))
    })
}

/// Installs the evaluator (MiniStack's) and the references of `tools/infrastructure/iam`; returns the environment of the references.
///
/// # Errors
/// When one is out of reach.
pub fn prepare_iam(context: &Context, step: &Step) -> Result<PathBuf, Failure> {
    let (layout, python) = (&context.layout, &context.tools()?.python);
    venv::prepare(layout, python, step)?;
    let reference = layout.home().join("python").join("iam");
    venv::prepare_in(layout, python, &reference, &layout.file("tools/infrastructure/iam/requirements.txt"), step)?;
    Ok(reference)
}

fn resources_file(layout: &Layout) -> PathBuf {
    layout.home().join("terraform-checks").join("resources.json")
}

/// Runs checkov, whose exceptions are written with their reasons at their resources.
///
/// # Errors
/// When it has a finding or is out of reach.
pub fn checkov(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("checkov", |step| {
        let venv = prepare_checkov(context, step)?;
        let json = venv::python(&venv, layout.log("checkov"), LIMIT)
            .inside(layout.root())
            .args(["-m", "checkov.main", "--config-file"])
            .args([layout.file("tools/infrastructure/checkov/checkov.yaml")])
            .output(step)?;
        Ok(((), summary(&json)?))
    })
}

/// Installs checkov unless it is installed; returns its environment.
///
/// # Errors
/// When it is out of reach.
pub fn prepare_checkov(context: &Context, step: &Step) -> Result<PathBuf, Failure> {
    let (layout, python) = (&context.layout, &context.tools()?.python);
    let venv = layout.home().join("python").join("checkov");
    venv::prepare_in(layout, python, &venv, &layout.file("tools/infrastructure/checkov/requirements.txt"), step)?;
    Ok(venv)
}

/// The summary of checkov's report: `412 passed, 30 with a reason`.
fn summary(json: &str) -> Result<String, Failure> {
    let report: Value =
        serde_json::from_str(json).map_err(|error| Failure::new(format!("cannot parse checkov's report: {error}")))?;
    let count = |name: &str| report.pointer(&format!("/summary/{name}")).and_then(Value::as_u64).unwrap_or_default();
    // checkov also succeeds when it has found no file.
    if count("passed") == 0 || count("parsing_errors") > 0 {
        return Err(Failure::new("checkov did not read Terraform's files")
            .with_hint("look at `terraform`'s folder and the report"));
    }
    Ok(format!("{} passed, {} with a reason", count("passed"), count("skipped")))
}

fn root(layout: &Layout, folder: PathBuf, name: &str) -> Root {
    Root { folder, data: layout.home().join("terraform-checks").join(name), state: None }
}

fn offline(layout: &Layout, tool: &Tool, root: &Root, command: &str) -> Subprocess {
    Subprocess::new(&tool.path, layout.log(&format!("terraform-{command}")), LIMIT)
        .inside(&root.folder)
        .args([command])
        .env(terraform::offline(layout, &root.data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_without_checks_is_a_failure() {
        assert_eq!(summary(r#"{"summary": {"passed": 4, "skipped": 1}}"#).unwrap(), "4 passed, 1 with a reason");
        assert!(summary(r#"{"passed": 0}"#).is_err());
        assert!(summary(r#"{"summary": {"passed": 4, "parsing_errors": 1}}"#).is_err());
        assert!(summary("").is_err());
    }

    #[test]
    fn every_root_is_validated() {
        let terraform = Layout::of_repository().terraform();
        let environments = std::fs::read_dir(terraform.join("envs")).unwrap().count();
        assert_eq!(environments + 1, ROOTS.len());
        assert!(ROOTS.iter().all(|(_, folder)| terraform.join(folder).join("versions.tf").is_file()));
    }
}
