//! The checked-out commit, which names a release unless the command line does.

use std::process::Command;

use gridbid_release_format::{ReleaseId, Timestamp};

use crate::failure::Failure;

/// Reads the id and the time of the checked-out commit.
///
/// # Errors
/// When this is not a git repository, or it has uncommitted changes: what they build belongs to no commit.
pub(crate) fn read_head() -> Result<(ReleaseId, Timestamp), Failure> {
    if !run_git(&["status", "--porcelain"])?.is_empty() {
        return Err(Failure::new("the repository has uncommitted changes, so a build of it cannot be released")
            .with_hint("commit them, or name the release with --release and --committed-at"));
    }
    let output = run_git(&["show", "--no-patch", "--format=%H %cI", "HEAD"])?;
    let commit = output.split_once(' ').and_then(|(id, time)| Some((id.parse().ok()?, time.parse().ok()?)));
    commit.ok_or_else(|| Failure::new(format!("expected a commit and its time from `git show`, found `{output}`")))
}

fn run_git(arguments: &[&str]) -> Result<String, Failure> {
    let hint = "run gridbid in the repository, or name the release with --release and --committed-at";
    let output = Command::new("git")
        .args(arguments)
        .output()
        .map_err(|error| Failure::from_error("cannot run git", &error).with_hint(hint))?;
    if !output.status.success() {
        let cause = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("cannot read the commit: {}", cause.trim())).with_hint(hint));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
