//! A step that fails late, or is interrupted: what was started before it must be gone.

use std::io::Read;
use std::time::{Duration, Instant};

use gridbid_devkit::process::is_running;
use gridbid_local_cloud::record::Record;
use rustix::process::{Pid, Signal, kill_process};

use crate::machine::Machine;

#[test]
fn deployment_that_fails_shows_its_log_and_leaves_nothing_running() {
    let machine = Machine::complete("deployment");
    let ended = machine.run_prebuilt();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("start local cloud … started on port"), "{}", ended.stderr);
    assert!(ended.stderr.contains("gridbid release … 0 zips, 0 of them new"), "{}", ended.stderr);
    assert!(ended.stderr.contains("gridbid deploy … failed after"), "{}", ended.stderr);
    assert!(ended.stderr.contains("    |   Error: the fake plan fails\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains("the whole log: "), "{}", ended.stderr);
    let record = Record::read(&machine.home().join("local")).unwrap().unwrap();
    assert!(!record.is_partly_running());
}

#[test]
fn failed_example_is_reported_and_the_cloud_stopped_when_the_logs_cannot_be_saved() {
    let machine = Machine::complete("example");
    machine.script("gridbid", crate::machine::DEPLOYING_GRIDBID);
    // A folder in the place of the file.
    std::fs::create_dir_all(machine.home().join("logs/functions.log")).unwrap();
    let ended = machine.run_prebuilt();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("error: the example failed: the orders were not stored"), "{}", ended.stderr);
    assert!(ended.stderr.contains("the logs of the functions were not saved: cannot write"), "{}", ended.stderr);
    let record = Record::read(&machine.home().join("local")).unwrap().unwrap();
    assert!(!record.is_partly_running());
}

#[test]
fn local_cloud_that_does_not_come_up_leaves_nothing_running() {
    let machine = Machine::complete("broken-cloud");
    machine.script(
        "python3",
        &crate::machine::PYTHON.replace("*/start.py)", "*/start.py) echo 'no such module'; exit 3 ;;\n  never)"),
    );
    let ended = machine.run_prebuilt();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("error: MiniStack ended right after the start (exit status: 3)"), "{}", ended.stderr);
    assert!(ended.stderr.contains("    | no such module\n"), "{}", ended.stderr);
    let record = Record::read(&machine.home().join("local")).unwrap().unwrap();
    assert!(!record.is_partly_running());
}

/// Ctrl-C reaches a terminal's whole group, `kill` sends SIGTERM, and a closed terminal SIGHUP.
#[test]
fn each_signal_that_asks_for_an_end_ends_the_tool_that_runs() {
    for (name, signal) in [("int", Signal::INT), ("term", Signal::TERM), ("hup", Signal::HUP)] {
        let machine = Machine::complete(&format!("interrupt-{name}"));
        let pid_file = machine.file("pid");
        let slow = "build) sleep 60 & echo $! > \"$FAKES/pid\"; wait ;;\n  never)";
        machine.script("cargo", &crate::machine::CARGO.replacen("build)", slow, 1));
        let mut child = machine.start(&["up"]);
        let sleeper = wait_for_number(&pid_file);
        let started = Instant::now();
        kill_process(Pid::from_raw(child.id().try_into().unwrap()).unwrap(), signal).unwrap();
        let mut output = String::new();
        child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{output}");
        assert!(started.elapsed() < Duration::from_secs(20));
        assert!(output.contains("error: interrupted"), "{output}");
        let deadline = Instant::now() + Duration::from_secs(5);
        while is_running(sleeper) {
            assert!(Instant::now() < deadline, "the build still runs");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn second_command_on_the_same_cloud_is_refused() {
    let machine = Machine::complete("lock");
    std::fs::create_dir_all(machine.home()).unwrap();
    let lock = std::fs::File::create(machine.home().join("lock")).unwrap();
    lock.lock().unwrap();
    let ended = machine.run(&["up"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("error: another `cargo xtask` is using this local cloud"), "{}", ended.stderr);
}

#[test]
fn down_after_a_killed_up_fails_when_the_cloud_could_not_save_everything() {
    let machine = Machine::complete("full-disk");
    let full = "failed=[\"dynamodb: No space left on device\"]";
    machine.script("python3", &crate::machine::PYTHON.replace("failed=[]", full));
    machine.script("gridbid", crate::machine::WAITING_GRIDBID);
    let mut up = machine.start(&["up", "--functions", &machine.file("").display().to_string()]);
    machine.wait_for_deployments(1);
    up.kill().unwrap();
    up.wait().unwrap();
    let record = Record::read(&machine.home().join("local")).unwrap().unwrap();
    assert!(record.is_running());

    let ended = machine.run(&["down"]);

    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let message = "not everything was saved: dynamodb: No space left on device";
    assert!(ended.stderr.contains(message), "{}", ended.stderr);
    assert!(!record.is_partly_running());
    machine.let_deployments_fail();
}

fn wait_for_number(file: &std::path::Path) -> i32 {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(number) = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()) {
            return number;
        }
        assert!(Instant::now() < deadline, "nothing was built");
        std::thread::sleep(Duration::from_millis(20));
    }
}
