//! The command line, and that the workflows call nothing that is not there.

use aws_credential_types::Credentials;
use clap::CommandFactory as _;
use xtask::package::manifest;

use super::*;
use crate::manifest::tests::{Folder, zip_of};

#[test]
fn the_command_line_is_consistent() {
    CommandLine::command().debug_assert();
}

fn parsed(line: &str) -> Result<CommandLine, clap::Error> {
    CommandLine::try_parse_from(line.split_ascii_whitespace())
}

#[test]
fn a_release_is_a_commit_and_nothing_else() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert!(parsed(&format!("gridbid deploy --env dev --release {commit}")).is_ok());
    for wrong in ["latest", "main", "0123456"] {
        assert!(parsed(&format!("gridbid deploy --env dev --release {wrong}")).is_err(), "{wrong}");
    }
    assert!(parsed(&format!("gridbid release --release {commit}")).is_err(), "without its time");
}

fn account(endpoint: Option<&str>) -> Account {
    Account {
        region: "eu-west-1".to_owned(),
        credentials: Credentials::new("test", "test", None, None, "tests"),
        endpoint: endpoint.map(str::to_owned),
    }
}

fn release_arguments(line: &str) -> ReleaseArguments {
    let Command::Release(arguments) = parsed(line).unwrap().command else { panic!("it is a release") };
    arguments
}

#[test]
fn host_binaries_are_refused_where_the_endpoint_is_not_this_machine() {
    let refused = to_release(&account(None), release_arguments("gridbid release --host-binaries")).unwrap_err();
    assert!(refused.to_string().starts_with("--host-binaries is only for a local cloud"), "{refused}");
}

#[tokio::test]
async fn options_of_the_local_cloud_are_refused_where_the_endpoint_is_not_this_machine() {
    for option in ["--adopt-existing", "--in-one-run"] {
        let line = format!("gridbid deploy --env dev --release 0123456789abcdef0123456789abcdef01234567 {option}");
        for endpoint in [None, Some("https://iam.example.com")] {
            let Command::Deploy(arguments) = parsed(&line).unwrap().command else { panic!("it is a deployment") };
            let account = account(endpoint);
            let aws = Aws::new(&account, "b");
            let refused = deploy(&account, &aws, "b", arguments, Mode::ForReal).await.unwrap_err().to_string();
            assert!(refused.starts_with(&format!("{option} is only for a local cloud")), "{refused}");
        }
    }
}

#[test]
fn build_for_the_laptop_is_released_only_to_an_endpoint_on_this_machine() {
    let folder = Folder::new("profiles");
    let zip = zip_of("index.mjs", b"export {}");
    fs::write(folder.0.join("preview-orders.zip"), &zip).unwrap();
    let release = |endpoint, profile| {
        let architecture = manifest::Architecture::of_this_machine();
        let function = manifest::Function::new("preview-orders", "nodejs22.x", "index.handler", architecture, &zip);
        manifest::write(&folder.0, profile, [("preview-orders".to_owned(), function)]).unwrap();
        let commit = "--release 0123456789abcdef0123456789abcdef01234567 --committed-at 2026-11-22T07:05:00Z";
        let line = format!("gridbid release {commit} --functions {}", folder.0.display());
        to_release(&account(endpoint), release_arguments(&line))
    };
    for endpoint in [None, Some("https://lambda.example.com")] {
        let refused = release(endpoint, manifest::Profile::Local).unwrap_err().report().to_string();
        assert!(refused.contains("a build with the profile `local` is only for a local cloud"), "{refused}");
        assert!(refused.contains("nix build .#functions"), "{refused}");
        release(endpoint, manifest::Profile::Release).unwrap();
    }
    let released = release(Some("http://127.0.0.1:4566"), manifest::Profile::Local).unwrap();
    assert_eq!(released.build.manifest.profile, Profile::Local);
}

/// The workflows, and the actions and scripts that they call.
fn workflows() -> Vec<(String, String)> {
    fn below(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
    }
    let files = below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(".github")).into_iter();
    files.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

/// The calls of `gridbid` in a workflow, with what the shell fills in replaced by something that is valid.
fn calls(text: &str) -> Vec<String> {
    let whole = text.replace("\\\n", " ");
    let lines = whole.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let call = |line: &str| {
        let at = ["./gridbid ", "result-gridbid/bin/gridbid "].iter().find_map(|name| line.find(name))?;
        let words = line.get(at..)?.split_ascii_whitespace().skip(1);
        let mut words: Vec<String> = words.map(|word| word.trim_matches('"').to_owned()).collect();
        let mut before = String::new();
        for word in &mut words {
            if word.contains('$') {
                let valid = match (before.as_str(), word.as_str()) {
                    (_, "${older[@]}") => "--allow-older",
                    ("--release" | "--to", _) => "0123456789abcdef0123456789abcdef01234567",
                    ("--committed-at", _) => "2026-11-22T08:05:00+01:00",
                    _ => "dev",
                };
                valid.clone_into(word);
            }
            before.clone_from(word);
        }
        Some(format!("gridbid {}", words.join(" ")))
    };
    lines.filter_map(call).collect()
}

#[test]
fn every_call_of_gridbid_in_a_workflow_is_a_command_line() {
    let mut seen = Vec::new();
    for (file, text) in workflows() {
        for call in calls(&text) {
            if let Err(error) = parsed(&call) {
                panic!("{file}: `{call}`: {error}");
            }
            seen.extend(call.split_ascii_whitespace().nth(1).map(str::to_owned));
        }
    }
    for command in ["release", "deploy", "smoke", "rollback", "status"] {
        assert!(seen.iter().any(|there| there == command), "no workflow calls gridbid {command}: {seen:?}");
    }
}

#[test]
fn a_call_that_is_wrong_would_be_seen() {
    let wrong = "run: |\n  ./gridbid deploy --env \"$ENVIRONMENT\" \\\n    --releese \"$RELEASE\"\n";
    let calls = calls(wrong);
    assert_eq!(
        calls,
        ["gridbid deploy --env dev --releese 0123456789abcdef0123456789abcdef01234567"]
            .map(|line| line.replace("0123456789abcdef0123456789abcdef01234567", "dev"))
    );
    assert!(parsed(&calls[0]).is_err());
}
