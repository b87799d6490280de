//! The scripts that change an environment, with a `gridbid` that records how it is called.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{self, Command};

use gridbid_devkit::layout::Layout;

/// Records its process id and its arguments.
const GRIDBID: &str = "#!/bin/sh\necho \"$$ $*\" > called\n";

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-scripts-{}-{name}", process::id()));
        fs::create_dir_all(folder.join("terraform/envs/dev")).unwrap();
        fs::write(folder.join("gridbid"), GRIDBID).unwrap();
        fs::set_permissions(folder.join("gridbid"), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// Runs a script, which must become gridbid, and returns gridbid's arguments.
    fn run(&self, script: &str, variables: &[(&str, &str)]) -> String {
        let script = Layout::of_repository().github().join("scripts").join(script);
        let mut command = Command::new("bash");
        let mut child = command.arg(script).current_dir(&self.0).envs(variables.iter().copied()).spawn().unwrap();
        assert!(child.wait().unwrap().success());
        let called = fs::read_to_string(self.0.join("called")).unwrap();
        let (id, arguments) = called.trim().split_once(' ').unwrap();
        assert_eq!(id, child.id().to_string(), "gridbid is not the process that the runner signals");
        arguments.to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn deployment_replaces_the_shell_by_gridbid() {
    let folder = Folder::new("deploy");
    let variables =
        [("ENVIRONMENT", "dev"), ("RELEASE", "r"), ("STATE_BUCKET", "states"), ("TERRAFORM_VARIABLES", "a = 1")];
    let run = |older| folder.run("deploy.sh", &[&variables[..], &[("OLDER", older)]].concat());
    assert_eq!(run("false"), "deploy --env dev --release r --init -backend-config=bucket=states");
    assert_eq!(run("true"), "deploy --env dev --release r --init -backend-config=bucket=states --allow-older");
    let settings = fs::read_to_string(folder.0.join("terraform/envs/dev/ci.auto.tfvars")).unwrap();
    assert_eq!(settings, "a = 1\n");
}

#[test]
fn rollback_replaces_the_shell_by_gridbid() {
    let folder = Folder::new("roll-back");
    let run = |release| folder.run("roll-back.sh", &[("ENVIRONMENT", "dev"), ("RELEASE", release)]);
    assert_eq!(run("previous"), "rollback --env dev --wait 30");
    assert_eq!(run("r"), "rollback --env dev --wait 30 --to r");
}
