//! Terraform's own checks: format, validation, and the tests with a mocked provider. Called by `commands::test`.

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::Progress;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;
use crate::terraform::{self, Root};

const LIMIT: Duration = Duration::from_secs(600);

/// Files are formatted.
///
/// # Errors
/// When one is not.
pub fn format(layout: &Layout, tool: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("terraform fmt", |step| {
        Subprocess::new(&tool.path, layout.log("terraform-fmt"), LIMIT)
            .inside(&layout.terraform())
            .args(["fmt", "-check", "-recursive", "-diff"])
            .run(step)
            .map_err(|failure| failure.with_todo("run `terraform fmt -recursive terraform`"))?;
        Ok(((), "formatted".to_owned()))
    })
}

/// The local environment is valid, and so is all that it uses.
///
/// # Errors
/// When it is not.
pub fn validate(layout: &Layout, tool: &Tool, progress: &Progress) -> Result<(), Failure> {
    let root = root(layout, layout.terraform_local(), "validate");
    initialise(layout, tool, progress, &root)?;
    progress.step("terraform validate", |step| {
        offline(layout, tool, &root, "validate").args(["-no-color"]).run(step)?;
        Ok(((), "valid".to_owned()))
    })
}

/// The tests, which plan with a mocked provider.
///
/// # Errors
/// When one fails.
pub fn tests(layout: &Layout, tool: &Tool, progress: &Progress) -> Result<(), Failure> {
    let root = root(layout, layout.terraform().join("tests"), "tests");
    initialise(layout, tool, progress, &root)?;
    progress.step("terraform test", |step| {
        offline(layout, tool, &root, "test").args(["-no-color"]).run(step)?;
        let text = std::fs::read_to_string(layout.log("terraform-test")).unwrap_or_default();
        let told = text.lines().rev().find_map(|line| line.strip_prefix("Success! ")).unwrap_or("passed");
        Ok(((), told.trim_end_matches('.').to_owned()))
    })
}

fn root(layout: &Layout, folder: PathBuf, name: &str) -> Root {
    Root { folder, data: layout.home().join("terraform-checks").join(name), state: None }
}

fn initialise(layout: &Layout, tool: &Tool, progress: &Progress, root: &Root) -> Result<(), Failure> {
    progress.step("terraform init", |step| Ok(((), terraform::initialise(layout, tool, root, step)?)))
}

fn offline(layout: &Layout, tool: &Tool, root: &Root, command: &str) -> Subprocess {
    Subprocess::new(&tool.path, layout.log(&format!("terraform-{command}")), LIMIT)
        .inside(&root.folder)
        .args([command])
        .env(terraform::offline(layout, &root.data))
}
