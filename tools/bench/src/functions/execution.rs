//! One execution environment: a function's process, started as Lambda starts it, and its resource usage.
//!
//! The process gets only the variables that Lambda sets and the function's own, is limited to one processor, and is killed
//! when its environment is dropped. Usage is read from the kernel: the CPU time of all threads (nanoseconds,
//! `schedstat`) and the peak resident memory (`VmHWM`). Linux only.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::quota::Quota;
use super::runtime_api::{Invocation, RuntimeApi};
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::interrupt;

/// Time limit of a response.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time in which a function finishes its work after a response: its log line, asking for the next event.
const SETTLED: Duration = Duration::from_millis(30);

/// How to start a function.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The function's name.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The folder with the content of its zip.
    pub folder: PathBuf,
    /// Its handler, in Lambda's notation.
    pub handler: String,
    /// Variables in addition to Lambda's.
    pub variables: Vec<(&'static str, String)>,
    /// The file to which its output is appended.
    pub log: PathBuf,
}

/// A running function.
#[derive(Debug)]
pub struct Execution {
    name: String,
    log: PathBuf,
    api: RuntimeApi,
    process: Child,
    started: Instant,
}

impl Execution {
    /// Starts a function whose first event is already queued.
    ///
    /// # Errors
    /// When its process cannot be started.
    pub fn start(launch: &Launch, quota: &Quota, first: &[u8]) -> Result<Self, Failure> {
        interrupt::check()?;
        let cannot = |error| Failure::new(format!("cannot start {}: {error}", launch.name));
        let api = RuntimeApi::start(TIMEOUT).map_err(cannot)?;
        let out = OpenOptions::new().create(true).append(true).open(&launch.log).on_file("write", &launch.log)?;
        let err = out.try_clone().on_file("write", &launch.log)?;
        let mut command = Command::new(&launch.program);
        command
            .args(&launch.arguments)
            .current_dir(&launch.folder)
            .env_clear()
            .envs(lambda_variables(launch, &api.address()))
            .envs(launch.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        // Moving a process into a control group takes the kernel about ten milliseconds, during which the process runs.
        api.send(first);
        let started = Instant::now();
        let process = command.spawn().map_err(cannot)?;
        let execution = Self { name: launch.name.clone(), log: launch.log.clone(), api, process, started };
        quota.limit(execution.process.id()).map_err(cannot)?;
        Ok(execution)
    }

    /// Sends an event and waits for its response.
    ///
    /// # Errors
    /// As [`Execution::response`].
    pub fn invoke(&self, event: &[u8], expected: &str) -> Result<Invocation, Failure> {
        self.api.send(event);
        self.response(expected)
    }

    /// Waits for the response to the last event, which must contain the expected text.
    ///
    /// # Errors
    /// When there is no response within the time limit, or it is an error or lacks the expected text.
    pub fn response(&self, expected: &str) -> Result<Invocation, Failure> {
        interrupt::check()?;
        let failed = |message: String| Failure::new(format!("{}: {message}", self.name)).with_log(&self.log);
        let invocation = self.api.wait().map_err(|error| failed(error.to_string()))?;
        match &invocation.result {
            // Python writes a space after each colon.
            Ok(response) if String::from_utf8_lossy(response).replace("\": ", "\":").contains(expected) => {
                Ok(invocation)
            }
            Ok(response) => Err(failed(format!("unexpected response {}", String::from_utf8_lossy(response)))),
            Err(error) => Err(failed(error.clone())),
        }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The time from its start until it first asked for an event.
    #[must_use]
    pub fn initialization(&self) -> Duration {
        self.api.ready().map_or(Duration::ZERO, |ready| ready.duration_since(self.started))
    }

    /// The time from its start to a moment.
    #[must_use]
    pub fn since_start(&self, moment: Instant) -> Duration {
        moment.duration_since(self.started)
    }

    /// The CPU time so far, read after the work that follows a response.
    ///
    /// # Errors
    /// When `schedstat` of a thread cannot be read.
    pub fn cpu_time(&self) -> Result<Duration, Failure> {
        thread::sleep(SETTLED);
        let threads = PathBuf::from(format!("/proc/{}/task", self.process.id()));
        let mut nanoseconds = 0;
        for thread in fs::read_dir(&threads).on_file("read", &threads)?.filter_map(Result::ok) {
            let file = thread.path().join("schedstat");
            let text = fs::read_to_string(&file).on_file("read", &file)?;
            let first = text.split_ascii_whitespace().next().and_then(|number| number.parse::<u64>().ok());
            nanoseconds += first.ok_or_else(|| Failure::new(format!("`{}` has no CPU time", file.display())))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The peak memory so far, in bytes.
    ///
    /// # Errors
    /// When `status` of the process cannot be read.
    pub fn peak_memory(&self) -> Result<u64, Failure> {
        let file = PathBuf::from(format!("/proc/{}/status", self.process.id()));
        let text = fs::read_to_string(&file).on_file("read", &file)?;
        let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| {
            let number = rest.split_ascii_whitespace().next()?;
            number.parse::<u64>().ok()
        });
        Ok(kilobytes.ok_or_else(|| Failure::new(format!("`{}` has no VmHWM", file.display())))? * 1024)
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        // Killed, as Lambda ends an execution environment.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The variables that Lambda sets for each function.
fn lambda_variables(launch: &Launch, runtime_api: &str) -> Vec<(&'static str, String)> {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", &launch.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/measured"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/24/[$LATEST]0"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "a token of a session is some hundred characters long"),
        ("_HANDLER", &launch.handler),
        ("LAMBDA_TASK_ROOT", &launch.folder.to_string_lossy()),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}
