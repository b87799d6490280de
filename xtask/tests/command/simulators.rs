//! The simulators' process: whom it answers, and when it ends.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use xtask::cloud::INSTANCE_FILE;
use xtask::cloud::record::Ports;
use xtask::http;

const LIMIT: Duration = Duration::from_secs(20);

/// A process of simulators in a folder.
struct Simulators {
    folder: PathBuf,
    ports: Ports,
    process: Child,
}

impl Simulators {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-simulators-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(INSTANCE_FILE), "this").unwrap();
        let ports = Ports::free().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["neighbours", "--instance", "this", "--folder"]).arg(&folder);
        for (option, port) in [("--port", ports.neighbours), ("--s3-port", ports.s3), ("--cloud-port", ports.cloud)] {
            command.args([option, &port.to_string()]);
        }
        let process = command.stdin(Stdio::null()).spawn().unwrap();
        let simulators = Self { folder, ports, process };
        let deadline = Instant::now() + LIMIT;
        while simulators.status(&[]) != Some(200) {
            assert!(Instant::now() < deadline, "the simulators do not answer");
            thread::sleep(Duration::from_millis(20));
        }
        simulators
    }

    fn status(&self, headers: &[(&str, &str)]) -> Option<u16> {
        let url = format!("http://127.0.0.1:{}/control/slack", self.ports.neighbours);
        http::call("GET", &url, headers, &[]).ok().map(|answer| answer.status)
    }

    fn assert_ends(&mut self) {
        let deadline = Instant::now() + LIMIT;
        while self.process.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the simulators still run");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Simulators {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn requests_of_web_pages_are_refused() {
    let simulators = Simulators::start("guard");
    let own = format!("http://127.0.0.1:{}", simulators.ports.neighbours);
    for (header, value, status) in [
        ("host", "evil.example", 403),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", own.as_str(), 200),
        ("sec-fetch-site", "none", 200),
    ] {
        assert_eq!(simulators.status(&[(header, value)]), Some(status), "{header}: {value}");
    }
}

#[test]
fn they_end_when_their_folder_is_removed() {
    let mut simulators = Simulators::start("removed");
    fs::remove_dir_all(&simulators.folder).unwrap();
    simulators.assert_ends();
}

#[test]
fn they_end_when_a_successor_was_started() {
    let mut simulators = Simulators::start("successor");
    fs::write(simulators.folder.join(INSTANCE_FILE), "another").unwrap();
    simulators.assert_ends();
}
