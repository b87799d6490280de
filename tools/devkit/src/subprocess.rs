//! Runs a tool in the foreground: its output goes into a log, it has a time limit, and a signal to the command ends it.
//!
//! Each tool gets its own process group, so that its children (rustc, a Terraform provider) end with it on a signal or at
//! the time limit. Only after SIGKILL does a tool outlive the command. Background processes are in [`crate::process`].

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::failure::{Failure, OnFile};
use crate::process::is_running;
use crate::progress::Step;

/// Time between the request to end and the kill.
const GRACE: Duration = Duration::from_secs(20);
/// Poll interval while waiting for a child process.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// An environment variable and its value; without a value the variable is removed.
pub type Variable = (OsString, Option<OsString>);

/// A tool that is about to run.
#[derive(Debug)]
pub struct Subprocess {
    command: Command,
    shown: String,
    log: PathBuf,
    limit: Duration,
}

impl Subprocess {
    /// A tool, the log file that its output replaces, and its time limit.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>, log: impl Into<PathBuf>, limit: Duration) -> Self {
        let program = program.as_ref();
        let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).process_group(0);
        remove_cargo_variables(&mut command);
        Self { command, shown: name, log: log.into(), limit }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self.shown.push(' ');
            self.shown.push_str(&arg.as_ref().to_string_lossy());
            self.command.arg(arg);
        }
        self
    }

    /// The folder that it runs in.
    #[must_use]
    pub fn inside(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets environment variables, or removes those without a value.
    #[must_use]
    pub fn env<K: AsRef<OsStr>>(mut self, variables: impl IntoIterator<Item = (K, Option<OsString>)>) -> Self {
        for (name, value) in variables {
            match value {
                Some(value) => self.command.env(name, value),
                None => self.command.env_remove(name),
            };
        }
        self
    }

    /// Runs the tool to its end.
    ///
    /// # Errors
    /// When it cannot be started, exceeds its time limit, or exits with another status than success.
    pub fn run(self, step: &Step) -> Result<(), Failure> {
        let log = self.log.clone();
        let shown = self.shown.clone();
        let status = self.status(step)?;
        if status.success() { Ok(()) } else { Err(failed(&shown, status, &log)) }
    }

    /// Runs the tool and returns its exit status.
    ///
    /// # Errors
    /// When it cannot be started or exceeds its time limit.
    pub fn status(mut self, step: &Step) -> Result<ExitStatus, Failure> {
        let (out, err) = self.open_log()?;
        self.command.stdout(out).stderr(err);
        step.follow(&self.log);
        let child = self.start(step)?;
        self.wait(child, step)
    }

    /// Runs the tool and returns its stdout; stderr goes to the log.
    ///
    /// # Errors
    /// As [`Subprocess::run`].
    pub fn output(self, step: &Step) -> Result<String, Failure> {
        let (log, shown) = (self.log.clone(), self.shown.clone());
        let mut text = String::new();
        let status = self.each_line(step, |line| {
            text.push_str(line);
            text.push('\n');
        })?;
        if status.success() { Ok(text) } else { Err(failed(&shown, status, &log)) }
    }

    /// Runs the tool, passes each line of its stdout to `take` as it comes, and returns its exit status; stderr goes to the log.
    ///
    /// # Errors
    /// When it cannot be started or exceeds its time limit.
    pub fn each_line(mut self, step: &Step, mut take: impl FnMut(&str)) -> Result<ExitStatus, Failure> {
        let (_, err) = self.open_log()?;
        self.command.stdout(Stdio::piped()).stderr(err);
        step.follow(&self.log);
        let mut child = self.start(step)?;
        let Some(stdout) = child.stdout.take() else { return self.wait(child, step) };
        thread::scope(|scope| {
            let waiting = scope.spawn(|| self.wait(child, step));
            read_lines(stdout, &mut take);
            waiting.join().unwrap_or_else(|_| Err(Failure::new(format!("lost sight of `{}`", self.shown))))
        })
    }

    fn open_log(&self) -> Result<(File, File), Failure> {
        if let Some(folder) = self.log.parent() {
            fs::create_dir_all(folder).on_file("make", folder)?;
        }
        File::create(&self.log).on_file("write", &self.log)?;
        // Appending, so that both streams keep their lines whole.
        let out = OpenOptions::new().append(true).open(&self.log).on_file("write", &self.log)?;
        let err = out.try_clone().on_file("write", &self.log)?;
        Ok((out, err))
    }

    fn start(&mut self, step: &Step) -> Result<Child, Failure> {
        step.check()?;
        let Self { command, shown, .. } = self;
        command.spawn().map_err(|error| Failure::new(format!("cannot start `{shown}`: {error}")))
    }

    fn wait(&self, mut child: Child, step: &Step) -> Result<ExitStatus, Failure> {
        let deadline = Instant::now() + self.limit;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(error) => return Err(Failure::new(format!("lost sight of `{}`: {error}", self.shown))),
            }
            if let Err(interrupted) = step.check() {
                end(&mut child);
                return Err(interrupted);
            }
            if Instant::now() > deadline {
                end(&mut child);
                let limit = self.limit.as_secs();
                let message = format!("`{}` did not end within {limit} s and was stopped", self.shown);
                return Err(Failure::new(message).with_log(&self.log));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Removes the variables that `cargo run` sets. Some build scripts read them (ring's does): a cargo that inherits them
/// recompiles what the same call by hand has compiled already.
pub fn remove_cargo_variables(command: &mut Command) {
    for name in env::vars_os().map(|(name, _)| name).filter(|name| is_set_by_cargo_run(name)) {
        command.env_remove(name);
    }
}

fn is_set_by_cargo_run(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let others =
        ["CARGO", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "OUT_DIR"];
    name.starts_with("CARGO_PKG_") || others.contains(&name.as_ref())
}

fn failed(shown: &str, status: ExitStatus, log: &Path) -> Failure {
    Failure::new(format!("`{shown}` failed ({status})")).with_log(log)
}

fn read_lines(stream: impl Read, take: &mut impl FnMut(&str)) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while matches!(stream.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        take(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
}

/// Sends SIGINT to the tool and its children, as a terminal does on Ctrl-C, and kills what is left after a grace period.
/// Terraform needs that: on SIGINT it finishes the current operation and saves its state, while its provider lives on.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(group) = group else { return };
    // The child leads the group and has not been waited for: its id cannot have been reused.
    let _ = kill_process_group(group, Signal::INT);
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline && is_running(group.as_raw_pid()) {
        thread::sleep(POLL_INTERVAL);
    }
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    fn log(name: &str) -> PathBuf {
        env::temp_dir().join(format!("gridbid-subprocess-{}-{name}.log", std::process::id()))
    }

    fn shell(script: &str, name: &str, limit: Duration) -> Subprocess {
        Subprocess::new("sh", log(name), limit).args(["-c", script])
    }

    fn in_step<T>(work: impl FnOnce(&Step) -> Result<T, Failure>) -> Result<T, Failure> {
        Progress::new().step("test", |step| Ok((work(step)?, String::new())))
    }

    #[test]
    fn log_of_a_failed_tool_has_both_streams() {
        let run = shell("echo out; echo err >&2; exit 3", "fails", Duration::from_secs(10));
        let failure = in_step(|step| run.run(step)).unwrap_err();
        let report = failure.report().to_string();
        assert!(report.contains("    | out\n    | err\n"), "{report}");
        assert!(report.contains("(exit status: 3)"), "{report}");
        fs::remove_file(log("fails")).unwrap();
    }

    #[test]
    fn tool_that_exceeds_its_limit_is_stopped_with_its_children() {
        let pid_file = log("pid");
        let script = format!("sleep 60 & echo $! > '{}'; wait", pid_file.display());
        let run = shell(&script, "long", Duration::from_millis(300));
        let failure = in_step(|step| run.run(step)).unwrap_err();
        assert!(failure.to_string().contains("did not end within"), "{failure}");
        let grandchild = fs::read_to_string(&pid_file).unwrap().trim().parse::<i32>().unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while is_running(grandchild) {
            assert!(Instant::now() < deadline, "{grandchild} still runs");
            thread::sleep(POLL_INTERVAL);
        }
        fs::remove_file(log("long")).unwrap();
        fs::remove_file(pid_file).unwrap();
    }

    #[test]
    fn variables_of_cargo_run_are_not_inherited() {
        for name in ["CARGO_PKG_NAME", "CARGO_PKG_VERSION_MAJOR", "CARGO_MANIFEST_DIR", "CARGO"] {
            assert!(is_set_by_cargo_run(OsStr::new(name)), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "RUSTFLAGS", "PATH"] {
            assert!(!is_set_by_cargo_run(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn output_has_stdout_without_stderr() {
        let run = shell("echo one; echo two >&2; echo three", "output", Duration::from_secs(10));
        assert_eq!(in_step(|step| run.output(step)).unwrap(), "one\nthree\n");
        assert_eq!(fs::read_to_string(log("output")).unwrap(), "two\n");
        fs::remove_file(log("output")).unwrap();
    }
}
