//! The command line, and the calls of it in the workflows.

use clap::CommandFactory as _;
use gridbid_release_format::{Architecture, Function, FunctionName, Manifest};

use super::*;
use crate::testing::{Folder, account, zip_of};

#[test]
fn command_line_is_consistent() {
    CommandLine::command().debug_assert();
}

fn parse(line: &str) -> Result<CommandLine, clap::Error> {
    CommandLine::try_parse_from(line.split_ascii_whitespace())
}

#[test]
fn release_must_be_a_commit() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert!(parse(&format!("gridbid deploy --env dev --release {commit}")).is_ok());
    for wrong in ["latest", "main", "0123456"] {
        assert!(parse(&format!("gridbid deploy --env dev --release {wrong}")).is_err(), "{wrong}");
    }
    assert!(parse(&format!("gridbid release --release {commit}")).is_err(), "without its time");
}

fn release_arguments(line: &str) -> ReleaseArguments {
    let Command::Release(arguments) = parse(line).unwrap().command else { panic!("it is a release") };
    arguments
}

#[test]
fn host_binaries_need_an_endpoint_on_this_machine() {
    let refused = release_request(&account(None), release_arguments("gridbid release --host-binaries")).unwrap_err();
    assert!(refused.to_string().starts_with("--host-binaries is only for a local cloud"), "{refused}");
}

#[tokio::test]
async fn options_of_the_local_cloud_need_an_endpoint_on_this_machine() {
    for option in ["--adopt-existing", "--in-one-run"] {
        let line = format!("gridbid deploy --env dev --release 0123456789abcdef0123456789abcdef01234567 {option}");
        for endpoint in [None, Some("https://iam.example.com")] {
            let Command::Deploy(arguments) = parse(&line).unwrap().command else { panic!("it is a deployment") };
            let account = account(endpoint);
            let aws = Aws::new(&account, "b");
            let refused = deploy(&account, &aws, "b", arguments, Mode::Apply).await.unwrap_err().to_string();
            assert!(refused.starts_with(&format!("{option} is only for a local cloud")), "{refused}");
        }
    }
}

#[test]
fn build_for_the_laptop_needs_an_endpoint_on_this_machine() {
    let folder = Folder::new("profiles");
    let zip = zip_of("index.mjs", b"export {}");
    fs::write(folder.0.join("preview-orders.zip"), &zip).unwrap();
    let release = |endpoint, profile| {
        let name: FunctionName = "preview-orders".parse().unwrap();
        let function = Function::new(&name, "nodejs22.x", "index.handler", Architecture::host(), &zip);
        let manifest = Manifest { profile, functions: [(name, function)].into() };
        fs::write(folder.0.join(Manifest::FILE_NAME), manifest.to_json().unwrap()).unwrap();
        let commit = "--release 0123456789abcdef0123456789abcdef01234567 --committed-at 2026-11-22T07:05:00Z";
        let line = format!("gridbid release {commit} --functions {}", folder.0.display());
        release_request(&account(endpoint), release_arguments(&line))
    };
    for endpoint in [None, Some("https://lambda.example.com")] {
        let refused = release(endpoint, Profile::Local).unwrap_err().report();
        assert!(refused.contains("a build with the profile `local` is only for a local cloud"), "{refused}");
        assert!(refused.contains("nix build .#functions"), "{refused}");
        release(endpoint, Profile::Release).unwrap();
    }
    let released = release(Some("http://127.0.0.1:4566"), Profile::Local).unwrap();
    assert_eq!(released.build.manifest.profile, Profile::Local);
}

#[test]
fn report_to_slack_is_noted_for_the_workflow() {
    let folder = Folder::new("output");
    let file = folder.0.join("output");
    fs::write(&file, "other=1\n").unwrap();
    note_report(&file).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "other=1\nreported=true\n");
}

/// The workflows and the actions and scripts that they call, by path.
fn workflows() -> Vec<(String, String)> {
    fn below(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
    }
    let files = below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(".github")).into_iter();
    files.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

/// The calls of `gridbid` in a workflow, with valid values for what the shell expands.
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
fn every_call_of_gridbid_in_a_workflow_parses() {
    let mut called = Vec::new();
    for (file, text) in workflows() {
        for call in calls(&text) {
            if let Err(error) = parse(&call) {
                panic!("{file}: `{call}`: {error}");
            }
            called.extend(call.split_ascii_whitespace().nth(1).map(str::to_owned));
        }
    }
    for command in ["release", "deploy", "smoke", "rollback", "status"] {
        assert!(called.iter().any(|name| name == command), "no workflow calls gridbid {command}: {called:?}");
    }
}

#[test]
fn wrong_call_in_a_workflow_does_not_parse() {
    let wrong = "run: |\n  ./gridbid deploy --env \"$ENVIRONMENT\" \\\n    --releese \"$RELEASE\"\n";
    let calls = calls(wrong);
    assert_eq!(
        calls,
        ["gridbid deploy --env dev --releese 0123456789abcdef0123456789abcdef01234567"]
            .map(|line| line.replace("0123456789abcdef0123456789abcdef01234567", "dev"))
    );
    assert!(parse(&calls[0]).is_err());
}
