//! Background processes: started so that they outlive xtask, found again by a later one, and stopped.
//!
//! A process id alone says nothing after a restart of the machine or of the process table, so a process is remembered
//! together with the moment it started, and only that very process is ever signalled. Each is the leader of a process
//! group of its own: a Ctrl-C at the terminal does not reach it, and what it started itself (the functions) can be
//! stopped with it. Called by `cloud`.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, OnFile};

/// A process that is asked to end is killed when it has shown no sign of progress for this time.
const GRACE: Duration = Duration::from_secs(30);

/// How a process ended that was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It did not run.
    DidNotRun,
    /// It ended when it was asked to.
    Asked,
    /// It was killed.
    Killed,
}

/// A background process that xtask started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its process id, which is its group's id too.
    pub pid: i32,
    /// When it started, in the operating system's own words.
    pub started: String,
}

impl Process {
    /// Starts a background process whose output goes into a log (replaced).
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

    /// Whether this very process runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.started.is_empty() && started_at(self.pid).is_some_and(|started| started == self.started)
    }

    /// Asks it to end, waits for as long as it makes progress, and kills what is left of its group.
    ///
    /// `progress` gives a value that changes while the process does something on its way to the end.
    ///
    /// # Errors
    /// When it is still there after all.
    pub fn stop<P: PartialEq>(&self, progress: impl Fn() -> P) -> Result<End, Failure> {
        let Some(pid) = Pid::from_raw(self.pid) else { return Ok(End::DidNotRun) };
        if !self.is_running() {
            return Ok(End::DidNotRun);
        }
        // It may end between the look and the signal: that is what is wanted.
        let _ = kill_process(pid, Signal::TERM);
        let mut end = End::Asked;
        while !self.is_gone_within(GRACE, &progress) {
            if end == End::Killed {
                return Err(Failure::new(format!("process {} cannot be stopped", self.pid)));
            }
            end = End::Killed;
            let _ = kill_process_group(pid, Signal::KILL);
        }
        // The leader was ours a moment ago, so what is left of the group is what it started.
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

/// Whether a process of this id runs (one that has ended and that nobody has waited for does not).
#[must_use]
pub fn is_running(pid: i32) -> bool {
    started_at(pid).is_some()
}

/// When a process started: with the boot's id, since the kernel counts from there.
#[cfg(target_os = "linux")]
fn started_at(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything: the fields are counted from the last bracket.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let (state, threads, ticks) = (*fields.first()?, *fields.get(17)?, fields.get(19)?);
    // The first thread has ended before the others: until the last one has, the process holds its ports.
    let has_ended = matches!(state, "Z" | "X") && matches!(threads, "0" | "1");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    (!has_ended).then(|| format!("{} {ticks}", boot.trim()))
}

/// When a process started, as `ps` says it.
#[cfg(not(target_os = "linux"))]
fn started_at(pid: i32) -> Option<String> {
    let told = Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let line = String::from_utf8(told.stdout).ok()?;
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
    fn a_process_is_stopped_with_what_it_started() {
        let (process, _child) = sleeper("sleep 60 & sleep 60", "group");
        assert!(process.is_running());
        thread::sleep(Duration::from_millis(200));
        process.stop(|| ()).unwrap();
        assert!(!process.is_running());
        let group = Pid::from_raw(process.pid).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        // What is left may be a child that nobody has waited for yet; it is gone for good when the group is.
        while rustix::process::test_kill_process_group(group).is_ok() && has_running_members(process.pid) {
            assert!(Instant::now() < deadline, "the group still runs");
        }
    }

    #[test]
    fn a_stopped_process_holds_its_port_no_longer() {
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
        let told = Command::new("ps").args(["-e", "-o", "pgid=,stat="]).output().unwrap();
        String::from_utf8(told.stdout).unwrap().lines().any(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next() == Some(&group.to_string()) && !words.next().unwrap_or("Z").starts_with('Z')
        })
    }

    #[test]
    fn another_process_of_the_same_id_is_left_alone() {
        let (process, mut child) = sleeper("sleep 60", "other");
        let other = Process { started: "another time".to_owned(), ..process.clone() };
        assert!(!other.is_running());
        assert_eq!(other.stop(|| ()).unwrap(), End::DidNotRun);
        assert!(process.is_running());
        process.stop(|| ()).unwrap();
        child.wait().unwrap();
    }
}
