//! The checks of Rust: format, lints, dependencies, tests, documentation.

use std::ffi::OsString;
use std::time::Duration;

use gridbid_devkit::cargo::{self, PROFILE, WORKSPACE, cargo};
use gridbid_devkit::cargo_tools::{CargoTool, DENY, NEXTEST};
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::requirements::Tool;
use gridbid_devkit::subprocess::Subprocess;

/// Time limit: the first run compiles the AWS SDK.
const LIMIT: Duration = Duration::from_secs(3600);
/// The last lines of the log are shown when a test fails: they should have the assertion, not a backtrace.
pub const NO_BACKTRACE: (&str, Option<OsString>) = ("RUST_BACKTRACE", None);

/// Checks the format.
pub fn format(context: &Context) -> Result<(), Failure> {
    let (layout, tool) = (&context.layout, &context.tools()?.cargo);
    context.step("rustfmt", |step| {
        cargo(layout, tool, "rustfmt", ["fmt", "--all", "--check"])
            .run(step)
            .map_err(|failure| failure.with_hint("run `cargo fmt`"))?;
        Ok(((), "formatted".to_owned()))
    })
}

/// Runs clippy on code and tests.
pub fn lint(context: &Context) -> Result<(), Failure> {
    let (layout, tool) = (&context.layout, &context.tools()?.cargo);
    context.step("clippy", |step| {
        cargo(layout, tool, "clippy", ["clippy"])
            .args(["--workspace", "--all-targets", "--all-features", "--locked", "--profile", PROFILE])
            .args(["--", "-D", "warnings"])
            .run(step)?;
        Ok(((), "no warning".to_owned()))
    })
}

/// Checks the licences and sources of dependencies, and that none is banned.
///
/// # Errors
/// When one violates `deny.toml`.
pub fn dependencies(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    let deny = prepare(DENY, context)?;
    context.step("cargo deny", |step| {
        Subprocess::new(&deny.path, layout.log("deny"), LIMIT)
            .inside(layout.root())
            .args(["--all-features", "--locked", "check", "bans", "licenses", "sources"])
            .run(step)
            .map_err(|failure| failure.with_hint("`deny.toml` lists what is allowed and why"))?;
        Ok(((), "bans, licenses, sources".to_owned()))
    })
}

/// Runs the unit and integration tests of all crates, or of one.
pub fn tests(context: &Context, package: Option<&str>) -> Result<(), Failure> {
    let layout = &context.layout;
    let nextest = nextest(context)?;
    context.step("tests", |step| {
        let selection = match package {
            Some(package) => vec!["--package", package],
            None => [&WORKSPACE[..], &["-E", "not package(gridbid-system-tests)"]].concat(),
        };
        run(&nextest, layout, "tests").args(selection).env([NO_BACKTRACE]).run(step)?;
        Ok(((), summary(&layout.log("tests"))))
    })
}

/// Runs the tests of the benchmarks, which nothing else compiles.
pub fn bench_tests(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    let nextest = nextest(context)?;
    context.step("tests of the benchmarks", |step| {
        run(&nextest, layout, "tests-bench").args(["--package", "gridbid-bench"]).env([NO_BACKTRACE]).run(step)?;
        Ok(((), summary(&layout.log("tests-bench"))))
    })
}

/// Runs the examples in the documentation.
pub fn examples(context: &Context) -> Result<(), Failure> {
    let (layout, tool) = (&context.layout, &context.tools()?.cargo);
    context.step("doc tests", |step| {
        cargo(layout, tool, "doc-tests", ["test", "--doc", "--locked", "--profile", PROFILE])
            .args(WORKSPACE)
            .run(step)?;
        Ok(((), "passed".to_owned()))
    })
}

/// Builds the documentation.
///
/// # Errors
/// When there is a warning, for instance about a broken link.
pub fn documentation(context: &Context) -> Result<(), Failure> {
    let (layout, tool) = (&context.layout, &context.tools()?.cargo);
    context.step("cargo doc", |step| {
        cargo(layout, tool, "doc", ["doc", "--workspace", "--all-features", "--locked", "--profile", PROFILE])
            .args(["--no-deps", "--document-private-items"])
            .env([("RUSTDOCFLAGS", Some(OsString::from("-D warnings")))])
            .run(step)?;
        Ok(((), "no warning".to_owned()))
    })
}

/// A run of tests whose log has this name.
#[must_use]
pub fn run(nextest: &Tool, layout: &Layout, log: &str) -> Subprocess {
    cargo::tool(layout, nextest, log).args(["nextest", "run", "--locked", "--cargo-profile", PROFILE])
}

/// Finds or installs the test runner.
///
/// # Errors
/// When it cannot be installed.
pub fn nextest(context: &Context) -> Result<Tool, Failure> {
    prepare(NEXTEST, context)
}

fn prepare(tool: CargoTool, context: &Context) -> Result<Tool, Failure> {
    context.step(&format!("prepare {}", tool.name()), |step| {
        let found = tool.prepare(&context.layout, step)?;
        let version = found.version.clone();
        Ok((found, version))
    })
}

/// The summary of the test runner: `212 passed, 0 skipped`.
#[must_use]
pub fn summary(log: &std::path::Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = text.lines().rev().find(|line| line.contains("tests run:") || line.contains("test run:"));
    let summary = line.and_then(|line| line.split_once("run:")).map(|(_, summary)| summary.trim().to_owned());
    summary.unwrap_or_else(|| "passed".to_owned())
}
