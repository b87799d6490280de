//! Tests of Python's unittest in the local cloud's environment.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::venv;

const LIMIT: Duration = Duration::from_secs(1200);

/// Runs the tests in the folder `tests` of a folder, with the log `name`; returns how many passed.
///
/// # Errors
/// When one fails, or none is found.
pub fn run<const N: usize>(
    layout: &Layout,
    folder: &Path,
    name: &str,
    variables: [(&str, Option<OsString>); N],
    step: &Step,
) -> Result<String, Failure> {
    let log = layout.log(name);
    venv::python(&layout.venv(), &log, LIMIT)
        .inside(folder)
        .args(["-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."])
        .env(variables)
        .run(step)?;
    summary(&std::fs::read_to_string(&log).on_file("read", &log)?)
}

/// The summary of unittest: `Ran 41 tests`. unittest also succeeds when it has found none.
fn summary(log: &str) -> Result<String, Failure> {
    let line = log.lines().rev().find_map(|line| line.strip_prefix("Ran "));
    let count = line.and_then(|line| line.split(' ').next()?.parse::<usize>().ok()).unwrap_or(0);
    if count == 0 {
        return Err(Failure::new("no test was found"));
    }
    Ok(format!("{count} passed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_without_tests_is_a_failure() {
        assert_eq!(summary("....\nRan 4 tests in 1.0s\n\nOK\n").unwrap(), "4 passed");
        assert!(summary("\nRan 0 tests in 0.0s\n\nOK\n").is_err());
        assert!(summary("").is_err());
    }
}
