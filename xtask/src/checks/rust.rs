//! Rust's own checks: format, lints, dependencies, tests, documentation. Called by `commands::test`.

use std::ffi::OsString;
use std::time::Duration;

use crate::cargo_tools::{CargoTool, DENY, NEXTEST};
use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::Progress;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;

/// A first run compiles the AWS SDK.
const LIMIT: Duration = Duration::from_secs(3600);
/// The end of a log is shown when a test fails: it should hold what failed, not the way there.
pub const NO_BACKTRACE: (&str, Option<OsString>) = ("RUST_BACKTRACE", None);

/// `rustfmt` changes nothing.
///
/// # Errors
/// When a file is not formatted.
pub fn format(layout: &Layout, cargo: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("rustfmt", |step| {
        cargo_in(layout, cargo, "rustfmt", &["fmt", "--all", "--check"])
            .run(step)
            .map_err(|failure| failure.with_todo("run `cargo fmt`"))?;
        Ok(((), "formatted".to_owned()))
    })
}

/// Clippy has nothing to say, of code and of tests.
///
/// # Errors
/// When it has.
pub fn lint(layout: &Layout, cargo: &Tool, progress: &Progress) -> Result<(), Failure> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"];
    progress.step("clippy", |step| {
        cargo_in(layout, cargo, "clippy", &arguments).run(step)?;
        Ok(((), "no warning".to_owned()))
    })
}

/// Dependencies have licences that are allowed, come from where they may, and none is banned.
///
/// # Errors
/// When one is not as `deny.toml` says.
pub fn dependencies(layout: &Layout, cargo: &Tool, progress: &Progress) -> Result<(), Failure> {
    let deny = prepare(DENY, layout, cargo, progress)?;
    progress.step("cargo deny", |step| {
        Subprocess::new(&deny.path, layout.log("deny"), LIMIT)
            .inside(layout.root())
            .args(["--all-features", "--locked", "check", "bans", "licenses", "sources"])
            .run(step)
            .map_err(|failure| failure.with_todo("`deny.toml` says what is allowed and why"))?;
        Ok(((), "bans, licenses, sources".to_owned()))
    })
}

/// The unit and integration tests of all crates, or of one.
///
/// # Errors
/// When one fails.
pub fn tests(layout: &Layout, cargo: &Tool, progress: &Progress, package: Option<&str>) -> Result<(), Failure> {
    let nextest = nextest(layout, cargo, progress)?;
    progress.step("tests", |step| {
        let selection = match package {
            Some(package) => vec!["--package", package],
            None => vec!["--workspace"],
        };
        let log = layout.log("tests");
        Subprocess::new(&nextest.path, &log, LIMIT)
            .inside(layout.root())
            .args(["nextest", "run", "--locked"])
            .args(selection)
            .env([NO_BACKTRACE])
            .run(step)?;
        Ok(((), summary(&log)))
    })
}

/// The examples in the documentation.
///
/// # Errors
/// When one fails.
pub fn examples(layout: &Layout, cargo: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("doc tests", |step| {
        cargo_in(layout, cargo, "doc-tests", &["test", "--workspace", "--doc", "--locked"]).run(step)?;
        Ok(((), "passed".to_owned()))
    })
}

/// The documentation builds without a warning.
///
/// # Errors
/// When it does not, for instance because a link leads nowhere.
pub fn documentation(layout: &Layout, cargo: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("cargo doc", |step| {
        cargo_in(layout, cargo, "doc", &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"])
            .env([("RUSTDOCFLAGS", Some(OsString::from("-D warnings")))])
            .run(step)?;
        Ok(((), "no warning".to_owned()))
    })
}

/// The test runner.
///
/// # Errors
/// When it cannot be had.
pub fn nextest(layout: &Layout, cargo: &Tool, progress: &Progress) -> Result<Tool, Failure> {
    prepare(NEXTEST, layout, cargo, progress)
}

fn prepare(tool: CargoTool, layout: &Layout, cargo: &Tool, progress: &Progress) -> Result<Tool, Failure> {
    progress.step(&format!("prepare {}", tool.name()), |step| {
        let found = tool.prepare(layout, cargo, step)?;
        let version = found.version.clone();
        Ok((found, version))
    })
}

/// The runner's own summary: `212 passed, 0 skipped`.
#[must_use]
pub fn summary(log: &std::path::Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = text.lines().rev().find(|line| line.contains("tests run:") || line.contains("test run:"));
    let told = line.and_then(|line| line.split_once("run:")).map(|(_, told)| told.trim().to_owned());
    told.unwrap_or_else(|| "passed".to_owned())
}

fn cargo_in(layout: &Layout, cargo: &Tool, log: &str, arguments: &[&str]) -> Subprocess {
    Subprocess::new(&cargo.path, layout.log(log), LIMIT).inside(layout.root()).args(arguments)
}
