//! The commit that a release is named after, when it is not given.
//!
//! A working tree with changes is none: what it builds belongs to no commit. Called by `cli`.

use std::process::Command;

use crate::failure::Failure;
use crate::moment::Moment;
use crate::names::ReleaseId;

/// The commit that is checked out, and when it was committed.
///
/// # Errors
/// When this is no git repository, or it holds changes that are not committed.
pub(crate) fn head() -> Result<(ReleaseId, Moment), Failure> {
    if !git(&["status", "--porcelain"])?.is_empty() {
        return Err(Failure::new(
            "the repository holds changes that are not committed, so what it builds is no release",
        )
        .with_todo("commit them, or name what is released with --release and --committed-at"));
    }
    let told = git(&["show", "--no-patch", "--format=%H %ct", "HEAD"])?;
    let (commit, seconds) = told.split_once(' ').unwrap_or((&told, ""));
    let strange = || Failure::new(format!("git tells something else than a commit: `{told}`"));
    Ok((commit.parse().map_err(|_| strange())?, Moment::from_unix_seconds(seconds.parse().map_err(|_| strange())?)))
}

fn git(arguments: &[&str]) -> Result<String, Failure> {
    let cannot = |why: String| {
        Failure::new(format!("cannot ask git for the commit: {why}"))
            .with_todo("call gridbid in the repository, or name the release with --release and --committed-at")
    };
    let told = Command::new("git").args(arguments).output().map_err(|error| cannot(error.to_string()))?;
    if !told.status.success() {
        return Err(cannot(String::from_utf8_lossy(&told.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
}
