//! The scripts that change an environment, with a `gridbid` that records how it is called; and the script that downloads `gridbid`,
//! with programs that record the order of their calls.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{self, Command};

use gridbid_devkit::layout::Layout;

/// Records its process id and its arguments.
const GRIDBID: &str = "#!/bin/sh\necho \"$$ $*\" > called\n";

const RELEASE: &str = "0123456789012345678901234567890123456789";

/// The name of this machine's binary in a release.
fn binary() -> &'static str {
    if cfg!(target_arch = "aarch64") { "gridbid-arm64" } else { "gridbid-x86_64" }
}

/// A folder that is removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-scripts-{}-{name}", process::id()));
        fs::create_dir_all(folder.join("terraform/envs/dev")).unwrap();
        let folder = Self(folder);
        folder.program("gridbid", GRIDBID);
        folder
    }

    fn program(&self, name: &str, script: &str) {
        fs::write(self.0.join(name), script).unwrap();
        fs::set_permissions(self.0.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Downloads `gridbid` with these attestations; returns whether that succeeds, and the calls.
    fn fetch(&self, attestations: &str, gh: &str, sha256sum: &str) -> (bool, Vec<String>) {
        let _ = fs::remove_file(self.0.join("gridbid"));
        let _ = fs::remove_file(self.0.join("calls"));
        self.program(
            "aws",
            "#!/bin/sh\nfor to in \"$@\"; do :; done\necho \"aws $4\" >> calls\necho content > \"$to\"\n",
        );
        self.program("jq", "#!/bin/sh\necho the-hash\n");
        self.program("gh", &format!("#!/bin/sh\necho \"gh $1 $2 $5 $7 $9\" >> calls\n{gh}\n"));
        self.program("sha256sum", &format!("#!/bin/sh\necho \"sha256sum $(cat)\" >> calls\n{sha256sum}\n"));
        let path = format!("{}:{}", self.0.display(), std::env::var("PATH").unwrap());
        let status = Command::new("bash")
            .arg(Layout::of_repository().github().join("scripts/fetch-gridbid.sh"))
            .current_dir(&self.0)
            .envs([("BUCKET", "b"), ("ENVIRONMENT", "dev"), ("RELEASE", RELEASE), ("ATTESTATIONS", attestations)])
            .envs([("GITHUB_REPOSITORY", "example/gridbid"), ("PATH", &path)])
            .status()
            .unwrap();
        let calls = fs::read_to_string(self.0.join("calls")).unwrap();
        (status.success(), calls.lines().map(|line| line.replace(binary(), "BINARY")).collect())
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

#[test]
fn release_is_verified_before_its_gridbid_is_downloaded() {
    let folder = Folder::new("fetch");
    let file = format!("aws s3://b/releases/{RELEASE}.json");
    let verified =
        format!("gh attestation verify example/gridbid {RELEASE} example/gridbid/.github/workflows/deliver.yml");
    let download = format!("aws s3://b/releases/{RELEASE}/BINARY");
    let hashed = "sha256sum the-hash  gridbid".to_owned();
    let all = [file.clone(), verified.clone(), download.clone(), hashed.clone()];

    assert_eq!(folder.fetch("on", "exit 0", "exit 0"), (true, all.to_vec()));
    assert!(folder.0.join("gridbid").metadata().unwrap().permissions().mode() & 0o111 != 0);
    assert_eq!(folder.fetch("on", "exit 1", "exit 0"), (false, vec![file.clone(), verified]));
    assert!(!folder.0.join("gridbid").exists());
    assert_eq!(folder.fetch("off", "exit 1", "exit 0"), (true, vec![file.clone(), download.clone(), hashed.clone()]));
    assert_eq!(folder.fetch("off", "exit 1", "exit 1"), (false, vec![file, download, hashed]));
    assert!(folder.0.join("gridbid").metadata().unwrap().permissions().mode() & 0o111 == 0);
}
