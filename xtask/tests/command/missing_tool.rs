//! A tool, a port or the provider that is not to be had.

use std::net::TcpListener;

use crate::machine::{Ended, Machine};
use xtask::cloud::record::{Ports, Record, canonical};

/// The failure is told in one sentence, with what to do, and nothing was started.
fn assert_told(machine: &Machine, ended: &Ended, sentence: &str, todo: &str) {
    assert_eq!(ended.code, Some(1), "{}", ended.told);
    let errors: Vec<&str> = ended.told.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", ended.told);
    assert!(errors[0].contains(sentence), "{}", ended.told);
    let todos: Vec<&str> = ended.told.lines().filter(|line| line.starts_with("  what to do: ")).collect();
    assert_eq!(todos.len(), 1, "{}", ended.told);
    assert!(todos[0].contains(todo), "{}", ended.told);
    let record = Record::read(&machine.home().join("local")).unwrap();
    assert!(record.is_none_or(|record| !record.is_partly_running()), "something runs");
}

#[test]
fn terraform_is_missing() {
    for command in [&["up"][..], &["test"]] {
        let machine = Machine::complete("terraform").without("terraform");
        let ended = machine.run(command);
        assert_told(
            &machine,
            &ended,
            "Terraform (1.11 or newer) is not on the PATH",
            "install Terraform 1.11 or newer",
        );
        assert!(ended.told.contains("nix develop"), "{}", ended.told);
    }
}

#[test]
fn terraform_is_too_old_or_too_new() {
    for version in ["1.5.7", "2.0.0"] {
        let machine = Machine::complete("old-terraform");
        machine.script("terraform", &format!("echo 'Terraform v{version}'"));
        let ended = machine.run(&["up"]);
        let sentence = format!("Terraform {version} is on the PATH, but 1.11 or newer, below 2, is needed");
        assert_told(&machine, &ended, &sentence, "install Terraform");
    }
}

#[test]
fn python_is_missing() {
    let machine = Machine::complete("python").without("python3");
    let ended = machine.run(&["up"]);
    assert_told(&machine, &ended, "Python (3.11 or newer) is not on the PATH", "apt install python3 python3-venv");
}

#[test]
fn node_is_missing() {
    let machine = Machine::complete("node").without("node");
    let ended = machine.run(&["up"]);
    assert_told(&machine, &ended, "Node.js (20.0 or newer) is not on the PATH", "install Node.js 20 or newer");
}

#[test]
fn a_folder_without_a_manifest_is_no_folder_of_functions() {
    let machine = Machine::complete("prebuilt");
    let ended = machine.run(&["up", "--functions", "nowhere"]);
    assert_told(&machine, &ended, "`nowhere` holds no functions.json", "cargo xtask package");
}

#[test]
fn python_is_too_old() {
    let machine = Machine::complete("old-python");
    machine.script("python3", "echo 'Python 3.9.18'");
    let ended = machine.run(&["up"]);
    assert_told(&machine, &ended, "Python 3.9.18 is on the PATH, but 3.11 or newer", "install Python 3.11 or newer");
}

#[test]
fn another_python_on_the_path_is_new_enough() {
    let machine = Machine::complete("two-pythons");
    machine.script("python3", "echo 'Python 3.9.18'");
    machine.script("python3.12", crate::machine::PYTHON);
    let ended = machine.run(&["up"]);
    assert!(ended.told.contains("check tools … cargo 1.95.0, Terraform 1.11.4, Python 3.12.1"), "{}", ended.told);
}

#[test]
fn python_cannot_make_environments() {
    let machine = Machine::complete("venv");
    let script = r#"
        case "$1" in
          --version) echo "Python 3.12.1" ;;
          *) echo "The virtual environment was not created successfully because ensurepip is not available."; exit 1 ;;
        esac"#;
    machine.script("python3", script);
    let ended = machine.run(&["up"]);
    assert_told(&machine, &ended, "Python 3.12.1 cannot make environments", "apt install python3-venv");
}

#[test]
fn pip_reaches_no_index() {
    let machine = Machine::complete("pip");
    let broken = "-m) case \"$2\" in pip) echo 'no index'; exit 1 ;;";
    machine.script("python3", &crate::machine::PYTHON.replacen("-m)\n    case \"$2\" in", broken, 1));
    let ended = machine.run(&["up"]);
    assert!(ended.told.contains("    | no index"), "{}", ended.told);
    assert_told(&machine, &ended, "pip install", "pip must reach its package index once");
}

#[test]
fn the_provider_is_not_to_be_had() {
    let machine = Machine::complete("provider");
    let script = crate::machine::TERRAFORM
        .replace("init)", "init) echo 'Error: Failed to query available provider packages'; exit 1 ;;\n  never)");
    machine.script("terraform", &script);
    let ended = machine.run(&["up"]);
    let sentence =
        "Terraform's AWS provider is not to be had: the registry cannot be reached and no folder of this machine";
    assert_told(&machine, &ended, sentence, "terraform providers mirror");
}

#[test]
fn a_mirror_without_a_fitting_version_is_named() {
    let machine = Machine::complete("mirror");
    std::fs::create_dir_all(machine.file("no-mirror/registry.terraform.io/hashicorp/aws")).unwrap();
    let script = crate::machine::TERRAFORM
        .replace("init)", "init) echo 'Error: Failed to query available provider packages'; exit 1 ;;\n  never)");
    machine.script("terraform", &script);
    let ended = machine.run(&["up"]);
    assert_told(&machine, &ended, "holds no version that fits", "terraform providers mirror");
}

#[test]
fn a_port_is_taken() {
    let machine = Machine::complete("port");
    let ports = Ports::free().unwrap();
    let folder = machine.home().join("local");
    std::fs::create_dir_all(&folder).unwrap();
    let (folder, text) = (canonical(&folder), String::new);
    let record = Record { folder, instance: text(), ports, cloud: None, neighbours: None, started_with: text() };
    record.write().unwrap();
    let _other = TcpListener::bind(("127.0.0.1", ports.cloud)).unwrap();
    let ended = machine.run(&["up"]);
    let sentence = format!("port {} of this local cloud is taken by another program", ports.cloud);
    assert_told(&machine, &ended, &sentence, "cargo xtask down --wipe");
}

#[test]
fn commands_that_need_a_running_system_say_how_to_start_it() {
    let machine = Machine::bare("not-running");
    let orders = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders.json");
    for command in [&["post", orders][..], &["run"], &["logs", "orders-api"]] {
        let ended = machine.run(command);
        assert_told(&machine, &ended, "the local cloud does not run", "cargo xtask up");
    }
    assert_eq!(machine.run(&["status"]).code, Some(0));
    assert_eq!(machine.run(&["down", "--wipe"]).code, Some(0));
}
