//! Rust's own checks: format, lints, dependencies, tests, documentation.

use std::ffi::OsString;
use std::time::Duration;

use gridbid_devkit::cargo::{self, PROFILE, WORKSPACE, cargo};
use gridbid_devkit::cargo_tools::{CargoTool, DENY, NEXTEST};
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Progress;
use gridbid_devkit::requirements::Tool;
use gridbid_devkit::subprocess::Subprocess;

/// A first run compiles the AWS SDK.
const LIMIT: Duration = Duration::from_secs(3600);
/// The end of a log is shown when a test fails: it should hold what failed, not the way there.
pub const NO_BACKTRACE: (&str, Option<OsString>) = ("RUST_BACKTRACE", None);

/// `rustfmt` changes nothing.
///
/// # Errors
/// When a file is not formatted.
pub fn format(layout: &Layout, tool: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("rustfmt", |step| {
        cargo(layout, tool, "rustfmt", ["fmt", "--all", "--check"])
            .run(step)
            .map_err(|failure| failure.with_hint("run `cargo fmt`"))?;
        Ok(((), "formatted".to_owned()))
    })
}

/// Clippy has nothing to say, of code and of tests.
///
/// # Errors
/// When it has.
pub fn lint(layout: &Layout, tool: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("clippy", |step| {
        cargo(layout, tool, "clippy", ["clippy"])
            .args(["--workspace", "--all-targets", "--all-features", "--locked", "--profile", PROFILE])
            .args(["--", "-D", "warnings"])
            .run(step)?;
        Ok(((), "no warning".to_owned()))
    })
}

/// Dependencies have licences that are allowed, come from where they may, and none is banned.
///
/// # Errors
/// When one is not as `deny.toml` says.
pub fn dependencies(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    let deny = prepare(DENY, layout, progress)?;
    progress.step("cargo deny", |step| {
        Subprocess::new(&deny.path, layout.log("deny"), LIMIT)
            .inside(layout.root())
            .args(["--all-features", "--locked", "check", "bans", "licenses", "sources"])
            .run(step)
            .map_err(|failure| failure.with_hint("`deny.toml` says what is allowed and why"))?;
        Ok(((), "bans, licenses, sources".to_owned()))
    })
}

/// The unit and integration tests of all crates, or of one.
///
/// # Errors
/// When one fails.
pub fn tests(layout: &Layout, progress: &Progress, package: Option<&str>) -> Result<(), Failure> {
    let nextest = nextest(layout, progress)?;
    progress.step("tests", |step| {
        let selection = match package {
            Some(package) => vec!["--package", package],
            None => [&WORKSPACE[..], &["-E", "not (package(xtask) and binary(system))"]].concat(),
        };
        run(&nextest, layout, "tests").args(selection).env([NO_BACKTRACE]).run(step)?;
        Ok(((), summary(&layout.log("tests"))))
    })
}

/// The examples in the documentation.
///
/// # Errors
/// When one fails.
pub fn examples(layout: &Layout, tool: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("doc tests", |step| {
        cargo(layout, tool, "doc-tests", ["test", "--doc", "--locked", "--profile", PROFILE])
            .args(WORKSPACE)
            .run(step)?;
        Ok(((), "passed".to_owned()))
    })
}

/// The documentation builds without a warning.
///
/// # Errors
/// When it does not, for instance because a link leads nowhere.
pub fn documentation(layout: &Layout, tool: &Tool, progress: &Progress) -> Result<(), Failure> {
    progress.step("cargo doc", |step| {
        cargo(layout, tool, "doc", ["doc", "--workspace", "--all-features", "--locked", "--profile", PROFILE])
            .args(["--no-deps", "--document-private-items"])
            .env([("RUSTDOCFLAGS", Some(OsString::from("-D warnings")))])
            .run(step)?;
        Ok(((), "no warning".to_owned()))
    })
}

/// A run of tests, with a log of this name.
#[must_use]
pub fn run(nextest: &Tool, layout: &Layout, log: &str) -> Subprocess {
    cargo::tool(layout, nextest, log).args(["nextest", "run", "--locked", "--cargo-profile", PROFILE])
}

/// The test runner.
///
/// # Errors
/// When it cannot be installed.
pub fn nextest(layout: &Layout, progress: &Progress) -> Result<Tool, Failure> {
    prepare(NEXTEST, layout, progress)
}

fn prepare(wanted: CargoTool, layout: &Layout, progress: &Progress) -> Result<Tool, Failure> {
    progress.step(&format!("prepare {}", wanted.name()), |step| {
        let found = wanted.prepare(layout, step)?;
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
