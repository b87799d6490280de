//! Background processes: they outlive the command that starts them, and later commands find and stop them.
//!
//! Process ids are reused, so a process is recorded with its start time, and only that process is ever signalled. Each leads
//! its own process group: a Ctrl-C at the terminal does not reach it, and its children (the functions) are stopped with it.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, OnFile};

/// Time without progress after which a process that was asked to end is killed.
const GRACE: Duration = Duration::from_secs(30);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was not running.
    NotRunning,
    /// It ended on request.
    Stopped,
    /// It was killed.
    Killed,
}

/// A background process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its process id, which is also the id of its group.
    pub pid: i32,
    /// Its start time, in the format of the operating system.
    pub started: String,
}

impl Process {
    /// Starts a background process whose output replaces a log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command, log: &Path) -> Result<(Self, Child), Failure> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder).on_file("make", folder)?;
        }
        let out = File::create(log).on_file("write", log)?;
        let err = out.try_clone().on_file("write", log)?;
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|error| Failure::new(format!("cannot start `{program}`: {error}")))?;
        let pid = i32::try_from(child.id()).map_err(|_| Failure::new("a process id is too large"))?;
        let started = started_at(pid).unwrap_or_default();
        Ok((Self { pid, started }, child))
    }

    /// Whether this process, and not another one with its id, is running.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.started.is_empty() && started_at(self.pid).is_some_and(|started| started == self.started)
    }

    /// Sends SIGTERM, waits as long as the process makes progress, and kills what is left of its group.
    ///
    /// `progress` returns a value that changes while the process works towards its end.
    ///
    /// # Errors
    /// When it is still running after SIGKILL.
    pub fn stop<P: PartialEq>(&self, progress: impl Fn() -> P) -> Result<End, Failure> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(End::NotRunning) };
        if !self.is_running() {
            return Ok(End::NotRunning);
        }
        // It may have ended in between, which is fine.
        let _ = kill_process(pid, Signal::TERM);
        let mut end = End::Stopped;
        while !self.is_gone_within(GRACE, &progress) {
            if end == End::Killed {
                return Err(Failure::new(format!("process {} cannot be stopped", self.pid)));
            }
            end = End::Killed;
            let _ = kill_process_group(pid, Signal::KILL);
        }
        // The group cannot have been reused yet: its members are children of the process.
        let _ = kill_process_group(pid, Signal::KILL);
        Ok(end)
    }

    fn is_gone_within<P: PartialEq>(&self, time: Duration, progress: impl Fn() -> P) -> bool {
        let (mut deadline, mut last) = (Instant::now() + time, progress());
        while self.is_running() {
            let now = progress();
            if now != last {
                (deadline, last) = (Instant::now() + time, now);
            }
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
        true
    }
}

/// Whether a process with this id is running. A zombie is not.
#[must_use]
pub fn is_running(pid: i32) -> bool {
    started_at(pid).is_some()
}

/// The start time of a process: the id of the boot, and the ticks since then.
#[cfg(target_os = "linux")]
fn started_at(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain any character: fields are counted from the last parenthesis.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let (state, threads, ticks) = (*fields.first()?, *fields.get(17)?, fields.get(19)?);
    // The first thread may end before the others: the process keeps its ports until the last one has ended.
    let has_ended = matches!(state, "Z" | "X") && matches!(threads, "0" | "1");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    (!has_ended).then(|| format!("{} {ticks}", boot.trim()))
}

/// The start time of a process, as `ps` prints it.
#[cfg(not(target_os = "linux"))]
fn started_at(pid: i32) -> Option<String> {
    let output = Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    let (state, started) = line.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| started.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(script: &str, name: &str) -> (Process, Child) {
        let log = std::env::temp_dir().join(format!("gridbid-process-{}-{name}.log", std::process::id()));
        let started = Process::start(Command::new("sh").args(["-c", script]), &log).unwrap();
        fs::remove_file(log).unwrap();
        started
    }

    #[test]
    fn process_is_stopped_with_its_children() {
        let (process, _child) = sleeper("sleep 60 & sleep 60", "group");
        assert!(process.is_running());
        thread::sleep(Duration::from_millis(200));
        process.stop(|| ()).unwrap();
        assert!(!process.is_running());
        let group = Pid::from_raw(process.pid).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        // A zombie may be left in the group until it has been waited for.
        while rustix::process::test_kill_process_group(group).is_ok() && has_running_members(process.pid) {
            assert!(Instant::now() < deadline, "the group still runs");
        }
    }

    #[test]
    fn stopped_process_has_released_its_port() {
        const SERVER: &str = "
import socket, threading, time
server = socket.create_server(('127.0.0.1', 0))
for _ in range(64):
    threading.Thread(target=time.sleep, args=(60,)).start()
print(server.getsockname()[1], flush=True)
server.accept()";
        let log = std::env::temp_dir().join(format!("gridbid-process-{}-port.log", std::process::id()));
        for _ in 0..20 {
            let (process, mut child) = Process::start(Command::new("python3").args(["-c", SERVER]), &log).unwrap();
            let deadline = Instant::now() + Duration::from_secs(20);
            let port = loop {
                match fs::read_to_string(&log).unwrap().trim_end_matches('\n').parse::<u16>() {
                    Ok(port) => break port,
                    Err(_) => assert!(Instant::now() < deadline, "the server did not start"),
                }
            };
            process.stop(|| ()).unwrap();
            std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
            child.wait().unwrap();
        }
        fs::remove_file(log).unwrap();
    }

    fn has_running_members(group: i32) -> bool {
        let output = Command::new("ps").args(["-e", "-o", "pgid=,stat="]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next() == Some(&group.to_string()) && !words.next().unwrap_or("Z").starts_with('Z')
        })
    }

    #[test]
    fn another_process_with_the_same_id_is_left_alone() {
        let (process, mut child) = sleeper("sleep 60", "other");
        let other = Process { started: "another time".to_owned(), ..process.clone() };
        assert!(!other.is_running());
        assert_eq!(other.stop(|| ()).unwrap(), End::NotRunning);
        assert!(process.is_running());
        process.stop(|| ()).unwrap();
        child.wait().unwrap();
    }
}
