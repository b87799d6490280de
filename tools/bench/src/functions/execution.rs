//! One execution environment: a function's process as Lambda starts it, and what the process costs.
//!
//! The process gets the variables that Lambda sets and no others, a processor's quota, and ends with its environment.
//! Costs are the kernel's own counts: time on a processor of all its threads (nanoseconds, `schedstat`) and the most
//! memory it ever had resident (`VmHWM`). Linux only.

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

/// No answer takes longer than this.
const TIMEOUT: Duration = Duration::from_secs(20);
/// What a function does after its answer (its log line, asking for the next event) is over then.
const SETTLED: Duration = Duration::from_millis(30);

/// How a function is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The function's name.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The folder that its zip was unpacked into.
    pub folder: PathBuf,
    /// Its handler, as Lambda names it.
    pub handler: String,
    /// Variables beside Lambda's own.
    pub variables: Vec<(&'static str, String)>,
    /// The file that its output goes to.
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
    /// Starts a function that finds its first event waiting.
    ///
    /// # Errors
    /// When its process cannot be started.
    pub fn start(launch: &Launch, quota: &Quota, first: &[u8]) -> Result<Self, Failure> {
        interrupt::check()?;
        let cannot = |error| Failure::new(format!("cannot start {}: {error}", launch.name));
        let api = RuntimeApi::start().map_err(cannot)?;
        let out = OpenOptions::new().create(true).append(true).open(&launch.log).on_file("write", &launch.log)?;
        let err = out.try_clone().on_file("write", &launch.log)?;
        let mut command = Command::new(&launch.program);
        command
            .args(&launch.arguments)
            .current_dir(&launch.folder)
            .env_clear()
            .envs(of_lambda(launch, &api.address()))
            .envs(launch.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        // Putting a process into a control group takes the kernel some ten milliseconds, in which the process runs on.
        api.send(first, TIMEOUT);
        let started = Instant::now();
        let process = command.spawn().map_err(cannot)?;
        let execution = Self { name: launch.name.clone(), log: launch.log.clone(), api, process, started };
        quota.hold(execution.process.id()).map_err(cannot)?;
        Ok(execution)
    }

    /// Hands it an event, and checks that its answer is one of success.
    ///
    /// # Errors
    /// As [`Execution::answer`].
    pub fn invoke(&self, event: &[u8], expected: &str) -> Result<Invocation, Failure> {
        self.api.send(event, TIMEOUT);
        self.answer(expected)
    }

    /// Waits for the answer to the event that it has.
    ///
    /// # Errors
    /// When it does not answer, answers with an error, or with another status than is expected.
    pub fn answer(&self, expected: &str) -> Result<Invocation, Failure> {
        interrupt::check()?;
        let failed = |why: String| Failure::new(format!("{}: {why}", self.name)).with_log(&self.log);
        let invocation = self.api.wait().map_err(|error| failed(error.to_string()))?;
        match &invocation.result {
            // Python writes a space after each colon.
            Ok(answer) if String::from_utf8_lossy(answer).replace("\": ", "\":").contains(expected) => Ok(invocation),
            Ok(answer) => Err(failed(format!("answered {}", String::from_utf8_lossy(answer)))),
            Err(why) => Err(failed(format!("answered the error {why}"))),
        }
    }

    /// How long it took from its start until it first asked for an event.
    #[must_use]
    pub fn initialisation(&self) -> Duration {
        self.api.ready().map_or(Duration::ZERO, |ready| ready.duration_since(self.started))
    }

    /// How long it took from its start to a moment.
    #[must_use]
    pub fn since_start(&self, moment: Instant) -> Duration {
        moment.duration_since(self.started)
    }

    /// The time that it has been on a processor so far, once it is at rest.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn processor_time(&self) -> Result<Duration, Failure> {
        thread::sleep(SETTLED);
        let threads = PathBuf::from(format!("/proc/{}/task", self.process.id()));
        let mut nanoseconds = 0;
        for thread in fs::read_dir(&threads).on_file("read", &threads)?.filter_map(Result::ok) {
            let file = thread.path().join("schedstat");
            let text = fs::read_to_string(&file).on_file("read", &file)?;
            let first = text.split_ascii_whitespace().next().and_then(|number| number.parse::<u64>().ok());
            nanoseconds += first.ok_or_else(|| Failure::new(format!("`{}` tells no time", file.display())))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// The most memory that it has had so far, in bytes.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn peak_memory(&self) -> Result<u64, Failure> {
        let file = PathBuf::from(format!("/proc/{}/status", self.process.id()));
        let text = fs::read_to_string(&file).on_file("read", &file)?;
        let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| {
            let number = rest.split_ascii_whitespace().next()?;
            number.parse::<u64>().ok()
        });
        Ok(kilobytes.ok_or_else(|| Failure::new(format!("`{}` tells no VmHWM", file.display())))? * 1024)
    }
}

impl Drop for Execution {
    fn drop(&mut self) {
        // Lambda ends an execution environment without asking, too.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The variables that Lambda sets for every function.
fn of_lambda(launch: &Launch, runtime_api: &str) -> Vec<(&'static str, String)> {
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
