//! Two checkouts on one machine: copied, moved, or with one target folder. Neither acts on the other's cloud.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use gridbid_devkit::process::Process;
use gridbid_local_cloud::record::{Ports, Record, canonical};

use crate::machine::{Machine, WAITING_GRIDBID};

/// A folder with the files of a checkout that these tests need.
fn checkout(machine: &Machine, name: &str) -> PathBuf {
    let root = machine.file(name);
    for file in [
        "lambdas/rust/orders-api/src/main.rs",
        "terraform/envs/local/main.tf",
        "tools/local-cloud/gridbid_cloud/__init__.py",
        "tools/local-cloud/requirements.txt",
        "tools/local-cloud/start.py",
        "xtask/Cargo.toml",
    ] {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    root
}

/// A call of xtask in that checkout, as `cargo xtask` or without cargo.
fn call(machine: &Machine, checkout: &Path, by_cargo: bool, arguments: &[&str]) -> Output {
    let mut command = machine.command_in(checkout, arguments);
    if !by_cargo {
        command.env_remove("CARGO_MANIFEST_DIR");
    }
    command.stdout(Stdio::piped()).output().unwrap()
}

fn text_of(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

/// A local cloud of that checkout with one running process.
fn running_cloud(checkout: &Path) -> (Record, std::process::Child) {
    let folder = checkout.join(".gridbid/local");
    fs::create_dir_all(&folder).unwrap();
    let (process, child) = Process::start(Command::new("sleep").arg("60"), &folder.join("log")).unwrap();
    let record = Record {
        folder: canonical(&folder),
        instance: "one".to_owned(),
        ports: Ports::free().unwrap(),
        cloud: Some(process),
        simulators: None,
        started_with: String::new(),
    };
    record.write().unwrap();
    (record, child)
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

#[test]
fn copied_checkout_leaves_the_cloud_of_the_original_alone() {
    let machine = Machine::complete("copied");
    let original = checkout(&machine, "p");
    let (record, mut child) = running_cloud(&original);
    let copied = machine.file("q");
    copy(&original, &copied);
    for by_cargo in [true, false] {
        for command in [&["status"][..], &["up"], &["down"]] {
            let output = call(&machine, &copied, by_cargo, command);
            assert_eq!(output.status.code(), Some(1), "{}", text_of(&output));
            assert!(text_of(&output).contains("is a copy of the local cloud in"), "{}", text_of(&output));
            assert!(text_of(&output).contains("`cargo xtask down --wipe` removes the copy"), "{}", text_of(&output));
        }
    }
    let wiped = call(&machine, &copied, true, &["down", "--wipe"]);
    assert!(wiped.status.success(), "{}", text_of(&wiped));
    assert!(!copied.join(".gridbid/local").exists());
    assert!(text_of(&call(&machine, &copied, true, &["status"])).contains("no local cloud was started here"));
    let pid = record.cloud.as_ref().unwrap().pid;
    assert!(record.cloud.as_ref().unwrap().is_running());
    assert!(text_of(&call(&machine, &original, true, &["status"])).contains(&format!("running (process {pid})")));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn checkout_of_cargo_takes_precedence_over_the_current_folder() {
    let machine = Machine::complete("called");
    let (one, two) = (checkout(&machine, "one"), checkout(&machine, "two"));
    let (_, mut child) = running_cloud(&one);
    let mut command = machine.command_in(&two, &["status"]);
    let output = command.current_dir(&one).stdout(Stdio::piped()).output().unwrap();
    assert!(text_of(&output).contains("no local cloud was started here"), "{}", text_of(&output));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn checkouts_with_one_target_folder_compile_into_separate_folders() {
    let machine = Machine::complete("target");
    let script =
        "case \"$2\" in --version) echo 0.9.143 ;; *) echo \"$CARGO_TARGET_DIR\" > \"$FAKES/target-dir\" ;; esac";
    machine.script("cargo-nextest", script);
    let target_folder = |name: &str| {
        let root = checkout(&machine, name);
        let mut command = machine.command_in(&root, &["test", "core"]);
        let output = command.env("CARGO_TARGET_DIR", machine.file("shared")).stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        fs::read_to_string(machine.file("target-dir")).unwrap()
    };
    let (one, two) = (target_folder("one"), target_folder("two"));
    assert!(one.starts_with(&machine.file("shared/gridbid-").display().to_string()), "{one}");
    assert_ne!(one, two);
}

#[test]
fn damaged_record_has_a_hint_and_is_wiped() {
    let machine = Machine::complete("damaged");
    let root = checkout(&machine, "p");
    let (record, mut child) = running_cloud(&root);
    fs::write(record.folder.join("state.json"), "{\"folder\": \"/").unwrap();
    // The record is written twice.
    assert!(text_of(&call(&machine, &root, true, &["status"])).contains("running (process "));
    fs::write(record.folder.join("state.backup.json"), "").unwrap();
    for command in [&["status"][..], &["up"], &["down"]] {
        let output = call(&machine, &root, true, command);
        assert_eq!(output.status.code(), Some(1), "{}", text_of(&output));
        assert!(text_of(&output).contains("begin again with `cargo xtask down --wipe`"), "{}", text_of(&output));
    }
    let wiped = call(&machine, &root, true, &["down", "--wipe"]);
    assert!(wiped.status.success(), "{}", text_of(&wiped));
    assert!(!record.folder.exists());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn two_checkouts_come_up_at_once_with_separate_ports_and_folders() {
    let machine = Machine::complete("two");
    machine.script("gridbid", WAITING_GRIDBID);
    let functions = machine.file("").display().to_string();
    let checkouts = ["one", "two"].map(|name| checkout(&machine, name));
    let start = |root: &PathBuf| machine.command_in(root, &["up", "--functions", &functions]).spawn().unwrap();
    let children = checkouts.each_ref().map(start);
    machine.wait_for_deployments(2);
    let records = checkouts.each_ref().map(|root| Record::read(&root.join(".gridbid/local")).unwrap().unwrap());
    assert!(records.iter().all(Record::is_running));
    let ports = |record: &Record| [record.ports.cloud, record.ports.simulators, record.ports.s3];
    assert!(ports(&records[0]).iter().all(|port| !ports(&records[1]).contains(port)), "{records:?}");
    machine.let_deployments_fail();
    for child in children {
        let output = text_of(&child.wait_with_output().unwrap());
        assert!(output.contains("Error: the fake plan fails"), "{output}");
        assert!(output.contains("the local cloud was stopped again"), "{output}");
    }
    assert!(!records.iter().any(Record::is_partly_running));
}
