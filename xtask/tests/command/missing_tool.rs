//! A missing tool, a taken port, a provider out of reach.

use std::net::TcpListener;

use crate::machine::{Finished, Machine};
use gridbid_local_cloud::record::{Ports, Record, canonical};

/// The failure has one message and one hint, and nothing was started.
fn assert_reported(machine: &Machine, ended: &Finished, message: &str, hint: &str) {
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", ended.stderr);
    assert!(errors[0].contains(message), "{}", ended.stderr);
    let hints: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("  what to do: ")).collect();
    assert_eq!(hints.len(), 1, "{}", ended.stderr);
    assert!(hints[0].contains(hint), "{}", ended.stderr);
    let record = Record::read(&machine.home().join("local")).unwrap();
    assert!(record.is_none_or(|record| !record.is_partly_running()), "something runs");
}

#[test]
fn terraform_is_missing() {
    for command in [&["up"][..], &["test"]] {
        let machine = Machine::complete("terraform").without("terraform");
        let ended = machine.run(command);
        assert_reported(
            &machine,
            &ended,
            "Terraform (1.11 or newer) is not on the PATH",
            "install Terraform 1.11 or newer",
        );
        assert!(ended.stderr.contains("nix develop"), "{}", ended.stderr);
    }
}

#[test]
fn terraform_is_too_old_or_too_new() {
    for version in ["1.5.7", "2.0.0"] {
        let machine = Machine::complete("old-terraform");
        machine.script("terraform", &format!("echo 'Terraform v{version}'"));
        let ended = machine.run(&["up"]);
        let message = format!("Terraform {version} is on the PATH, but 1.11 or newer, below 2, is needed");
        assert_reported(&machine, &ended, &message, "install Terraform");
    }
}

#[test]
fn python_is_missing() {
    let machine = Machine::complete("python").without("python3");
    let ended = machine.run(&["up"]);
    assert_reported(&machine, &ended, "Python (3.11 or newer) is not on the PATH", "apt install python3 python3-venv");
}

#[test]
fn node_is_missing() {
    let machine = Machine::complete("node").without("node");
    let ended = machine.run(&["up"]);
    assert_reported(&machine, &ended, "Node.js (20.0 or newer) is not on the PATH", "install Node.js 20 or newer");
}

#[test]
fn folder_without_a_manifest_is_no_folder_of_functions() {
    let machine = Machine::complete("prebuilt");
    let ended = machine.run(&["up", "--functions", "nowhere"]);
    assert_reported(&machine, &ended, "`nowhere` has no functions.json", "cargo xtask package");
}

#[test]
fn python_is_too_old() {
    let machine = Machine::complete("old-python");
    machine.script("python3", "echo 'Python 3.9.18'");
    let ended = machine.run(&["up"]);
    assert_reported(
        &machine,
        &ended,
        "Python 3.9.18 is on the PATH, but 3.11 or newer",
        "install Python 3.11 or newer",
    );
}

#[test]
fn another_python_on_the_path_is_new_enough() {
    let machine = Machine::complete("two-pythons");
    machine.script("python3", "echo 'Python 3.9.18'");
    machine.script("python3.12", crate::machine::PYTHON);
    let ended = machine.run(&["up"]);
    assert!(ended.stderr.contains("check tools … cargo 1.95.0, Terraform 1.11.4, Python 3.12.1"), "{}", ended.stderr);
}

#[test]
fn python_cannot_make_environments() {
    let machine = Machine::complete("venv");
    let script = r#"
        case "$1" in
          --version) echo "Python 3.12.1" ;;
          *) echo "ModuleNotFoundError: No module named 'ensurepip'" >&2; exit 1 ;;
        esac"#;
    machine.script("python3", script);
    let ended = machine.run(&["up"]);
    assert_reported(
        &machine,
        &ended,
        "Python 3.12.1 is on the PATH, but cannot make virtual environments",
        "python3-venv",
    );
}

#[test]
fn c_compiler_is_missing() {
    let machine = Machine::complete("compiler").without("cc");
    let ended = machine.run(&["up"]);
    let message = "a C compiler (cc, gcc or clang) is not on the PATH";
    assert_reported(&machine, &ended, message, "apt install build-essential");
    machine.script("clang", "echo 'Apple clang version 15.0.0 (fake)'");
    assert!(machine.run(&["up"]).stderr.contains("check tools … cargo 1.95.0"));
}

#[test]
fn all_problems_are_reported_at_once() {
    let machine = Machine::complete("everything").without("terraform").without("npm").without("cc");
    machine.script("python3", "echo 'Python 3.9.18'");
    machine.script("node", "echo v18.0.0");
    let ended = machine.run(&["up"]);
    assert_reported(&machine, &ended, "5 tools are missing or cannot be used:", "install each of them");
    for line in [
        "    Terraform (1.11 or newer) is not on the PATH: install Terraform 1.11 or newer from",
        "    Python 3.9.18 is on the PATH, but 3.11 or newer, below 4, is needed: install Python 3.11 or newer from",
        "    Node.js 18.0.0 is on the PATH, but 20.0 or newer is needed: install Node.js 20 or newer from",
        "    npm (9.0 or newer) is not on the PATH: install npm; it usually comes with Node.js",
        "    a C compiler (cc, gcc or clang) is not on the PATH: install gcc or clang from",
    ] {
        assert!(ended.stderr.lines().any(|line_there| line_there.starts_with(line)), "{line}\n{}", ended.stderr);
    }
}

#[test]
fn settings_of_the_user_do_not_hide_a_tool() {
    let machine = Machine::complete("settings");
    let settings = [
        ("terraform", "TF_CLI_ARGS", crate::machine::TERRAFORM),
        ("terraform", "TF_CLI_ARGS_version", crate::machine::TERRAFORM),
        ("node", "NODE_OPTIONS", "echo v22.0.0"),
        ("npm", "npm_config_usage", "echo 11.0.0"),
        ("python3", "PYTHONHOME", crate::machine::PYTHON),
    ];
    for (tool, variable, script) in settings {
        machine.script(tool, &format!("[ -z \"${variable}\" ] || exit 1\n{script}"));
        let ended = machine.run_with(&["up"], &[(variable, "-input=false")]);
        assert!(ended.stderr.contains("check tools … cargo 1.95.0, Terraform 1.11.4"), "{variable}: {}", ended.stderr);
    }
}

#[test]
fn arguments_of_the_user_do_not_reach_terraform() {
    let machine = Machine::complete("arguments");
    let script = format!("[ -z \"$TF_CLI_ARGS$TF_CLI_ARGS_fmt\" ] || exit 1\n{}", crate::machine::TERRAFORM);
    machine.script("terraform", &script);
    let ended =
        machine.run_with(&["test", "terraform"], &[("TF_CLI_ARGS", "-input=false"), ("TF_CLI_ARGS_fmt", "-no")]);
    assert!(ended.stderr.contains("terraform fmt … formatted in"), "{}", ended.stderr);
}

#[test]
fn tool_that_does_not_start_is_not_reported_as_missing() {
    let machine = Machine::complete("broken-terraform");
    machine.script("terraform", "echo 'Error: Invalid CLI configuration' >&2; exit 1");
    let ended = machine.run(&["up"]);
    assert_reported(&machine, &ended, "Terraform does not report its version: `", "install Terraform");
    assert!(ended.stderr.contains("failed (exit status: 1): Error: Invalid CLI configuration"), "{}", ended.stderr);
}

#[test]
fn pip_reaches_no_index() {
    let machine = Machine::complete("pip");
    let broken = "-m) case \"$2\" in pip) echo 'no index'; exit 1 ;;";
    machine.script("python3", &crate::machine::PYTHON.replacen("-m)\n    case \"$2\" in", broken, 1));
    let ended = machine.run(&["up"]);
    assert!(ended.stderr.contains("    | no index"), "{}", ended.stderr);
    assert_reported(&machine, &ended, "pip wheel", "pip must reach its package index once");
}

#[test]
fn provider_is_not_to_be_had() {
    let machine = Machine::complete("provider");
    let script = crate::machine::TERRAFORM
        .replace("init)", "init) echo 'Error: Failed to query available provider packages'; exit 1 ;;\n  never)");
    machine.script("terraform", &script);
    let ended = machine.run_prebuilt();
    let message =
        "Terraform's AWS provider is not available: the registry is out of reach and no folder of this machine";
    assert_reported(&machine, &ended, message, "terraform providers mirror");
}

#[test]
fn mirror_without_a_fitting_version_is_named() {
    let machine = Machine::complete("mirror");
    std::fs::create_dir_all(machine.file("no-mirror/registry.terraform.io/hashicorp/aws")).unwrap();
    let script = crate::machine::TERRAFORM
        .replace("init)", "init) echo 'Error: Failed to query available provider packages'; exit 1 ;;\n  never)");
    machine.script("terraform", &script);
    let ended = machine.run_prebuilt();
    assert_reported(&machine, &ended, "no mirror contains a fitting version", "terraform providers mirror");
}

#[test]
fn port_is_taken() {
    let machine = Machine::complete("port");
    let ports = Ports::free().unwrap();
    let folder = machine.home().join("local");
    std::fs::create_dir_all(&folder).unwrap();
    let (folder, text) = (canonical(&folder), String::new);
    let record = Record { folder, instance: text(), ports, cloud: None, simulators: None, started_with: text() };
    record.write().unwrap();
    let _other = TcpListener::bind(("127.0.0.1", ports.cloud)).unwrap();
    let ended = machine.run(&["up"]);
    let message = format!("port {} of this local cloud is taken by another program", ports.cloud);
    assert_reported(&machine, &ended, &message, "cargo xtask down --wipe");
}

#[test]
fn commands_that_need_a_running_system_say_how_to_start_it() {
    let machine = Machine::bare("not-running");
    let orders = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders.json");
    for command in [&["post", orders][..], &["run"], &["logs", "orders-api"]] {
        let ended = machine.run(command);
        assert_reported(&machine, &ended, "the local cloud is not running", "cargo xtask up");
    }
    assert_eq!(machine.run(&["status"]).code, Some(0));
    assert_eq!(machine.run(&["down", "--wipe"]).code, Some(0));
}
