//! The tests of `gridbid_cloud`, on their own processes: kills, a full disk, web pages, lost responses.

use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::{lock, venv};

const LIMIT: Duration = Duration::from_secs(600);

/// Runs the tests.
pub fn tests(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("local cloud", |step| {
        let _held = lock::shared(layout, step)?;
        let log = layout.log("local-cloud");
        venv::python(&layout.venv(), &log, LIMIT)
            .inside(&layout.file("tools/local-cloud"))
            .args(["-B", "-m", "unittest", "discover", "-s", "tests", "-t", "."])
            .run(step)?;
        Ok(((), summary(&std::fs::read_to_string(&log).unwrap_or_default())?))
    })
}

/// The summary of unittest: `Ran 41 tests`. unittest also succeeds when it has found none.
fn summary(log: &str) -> Result<String, Failure> {
    let line = log.lines().rev().find_map(|line| line.strip_prefix("Ran "));
    let count = line.and_then(|line| line.split(' ').next()?.parse::<usize>().ok()).unwrap_or(0);
    if count == 0 {
        return Err(Failure::new("no test of the local cloud was found"));
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
