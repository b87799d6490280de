//! The repository: the checked-out commit, which names a release unless the command line does, and the order of commits.

use std::path::Path;
use std::process::{Command, Output};

use gridbid_release_format::{ReleaseId, Timestamp};

use crate::failure::Failure;

const NAME_THE_RELEASE: &str = "run gridbid in the repository, or name the release with --release and --committed-at";

/// Reads the id and the time of the checked-out commit.
///
/// # Errors
/// When this is not a git repository, or it has uncommitted changes: what they build belongs to no commit.
pub(crate) fn read_head() -> Result<(ReleaseId, Timestamp), Failure> {
    let read = |arguments: &[&str]| {
        let output = run_git(Path::new("."), arguments).map_err(|failure| failure.with_hint(NAME_THE_RELEASE))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(refused("cannot read the commit", &output).with_hint(NAME_THE_RELEASE)),
        }
    };
    if !read(&["status", "--porcelain"])?.is_empty() {
        return Err(Failure::new("the repository has uncommitted changes, so a build of it cannot be released")
            .with_hint("commit them, or name the release with --release and --committed-at"));
    }
    let output = read(&["show", "--no-patch", "--format=%H %cI", "HEAD"])?;
    let commit = output.split_once(' ').and_then(|(id, time)| Some((id.parse().ok()?, time.parse().ok()?)));
    commit.ok_or_else(|| Failure::new(format!("expected a commit and its time from `git show`, found `{output}`")))
}

/// Whether the history of a release has the commit of another one.
///
/// # Errors
/// When this is not a git repository with both commits.
pub(crate) fn contains(release: &ReleaseId, other: &ReleaseId) -> Result<bool, Failure> {
    contains_in(Path::new("."), release, other)
}

fn contains_in(folder: &Path, release: &ReleaseId, other: &ReleaseId) -> Result<bool, Failure> {
    let hint = "run gridbid in a clone with the whole history (`git fetch --unshallow`), or add --allow-older";
    let arguments = ["merge-base", "--is-ancestor", other.as_str(), release.as_str()];
    let output = run_git(folder, &arguments).map_err(|failure| failure.with_hint(hint))?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(refused(&format!("cannot tell whether {release} contains {other}"), &output).with_hint(hint)),
    }
}

fn run_git(folder: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    let output = Command::new("git").current_dir(folder).args(arguments).output();
    output.map_err(|error| Failure::from_error("cannot run git", &error))
}

fn refused(message: &str, output: &Output) -> Failure {
    Failure::new(format!("{message}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Folder, release_id};

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let settings = ["-c", "user.name=a test", "-c", "user.email=test@example.com", "-c", "commit.gpgSign=false"];
        let output = run_git(folder, &[&settings[..], arguments].concat()).unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn commit(folder: &Path, time: &str) -> ReleaseId {
        let date = format!("--date={time}");
        git(folder, &["commit", "--quiet", "--allow-empty", "--no-verify", "--message", "a test", &date]);
        git(folder, &["rev-parse", "HEAD"]).parse().unwrap()
    }

    #[test]
    fn ancestry_decides_and_not_the_time_of_a_commit() {
        let folder = Folder::new("ancestry");
        let folder = folder.0.as_path();
        git(folder, &["init", "--quiet", "--initial-branch=main"]);
        let first = commit(folder, "2026-11-22T07:05:00Z");
        let second = commit(folder, "2020-01-01T00:00:00Z");
        assert!(contains_in(folder, &second, &first).unwrap());
        assert!(!contains_in(folder, &first, &second).unwrap());
        let unknown = contains_in(folder, &second, &release_id(7)).unwrap_err().report();
        assert!(unknown.contains("cannot tell whether") && unknown.contains("--unshallow"), "{unknown}");
    }
}
