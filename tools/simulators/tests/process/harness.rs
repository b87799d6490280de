//! A running process of the simulators in a temporary folder.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::http::{self, NoResponse, Response};
use gridbid_simulator_protocol::INSTANCE_FILE;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(20);

/// A running process in a temporary folder.
pub struct Simulators {
    pub folder: PathBuf,
    pub port: u16,
    pub s3_port: u16,
    arguments: Vec<String>,
    process: Child,
}

impl Simulators {
    pub fn start(name: &str, cloud_port: u16) -> Self {
        Self::start_with(name, cloud_port, &[])
    }

    /// Starts the process with more options.
    pub fn start_with(name: &str, cloud_port: u16, options: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("gridbid-simulators-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(INSTANCE_FILE), "this").unwrap();
        // Free when they are released; another process would have to take them right away.
        let listeners = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let [port, s3_port] = listeners.map(|listener| listener.local_addr().unwrap().port());
        let mut arguments = vec!["--instance".to_owned(), "this".to_owned()];
        for (option, port) in [("--port", port), ("--s3-port", s3_port), ("--cloud-port", cloud_port)] {
            arguments.extend([option.to_owned(), port.to_string()]);
        }
        arguments.extend(options.iter().map(|option| (*option).to_owned()));
        let process = spawn(&folder, &arguments);
        let simulators = Self { folder, port, s3_port, arguments, process };
        simulators.wait();
        simulators
    }

    /// Kills the process and starts it again in the same folder.
    pub fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(&self.folder, &self.arguments);
        self.wait();
    }

    fn wait(&self) {
        let deadline = Instant::now() + LIMIT;
        while self.status(&[]) != Some(200) {
            assert!(Instant::now() < deadline, "the simulators do not respond");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn status(&self, headers: &[(&str, &str)]) -> Option<u16> {
        let url = format!("http://127.0.0.1:{}/control/slack", self.port);
        http::call("GET", &url, headers, &[]).ok().map(|response| response.status)
    }

    pub fn call(&self, method: &str, path: &str, body: &str) -> Response {
        self.send(method, path, &[("content-type", "application/json")], body).unwrap()
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Response, NoResponse> {
        http::call(method, &format!("http://127.0.0.1:{}{path}", self.port), headers, body.as_bytes())
    }

    /// Sets something through the control API.
    pub fn set(&self, path: &str, value: &Value) {
        let response = self.call("PUT", &format!("/control/{path}"), &value.to_string());
        assert_eq!(response.status, 200, "{}", response.text());
    }

    pub fn assert_ends(&mut self) {
        let deadline = Instant::now() + LIMIT;
        while self.process.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the simulators are still running");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn spawn(folder: &Path, arguments: &[String]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridbid-simulators"));
    command.args(arguments).arg("--folder").arg(folder).stdin(Stdio::null()).spawn().unwrap()
}

impl Drop for Simulators {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
