//! The steps of a command as the user sees them: one line each, with its duration when it has ended.
//!
//! Steps may run concurrently ([`Progress::both`]); the first failure stops the others. On a terminal each running step has a
//! line with its seconds and the newest line of its log; elsewhere (CI) such a line is printed every fifteen seconds. Steps
//! go to stderr: stdout carries only results.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::clock::format_duration;
use crate::failure::{Failure, last_lines};
use crate::interrupt;

/// Interval between two refreshes of a step's line on a terminal.
const REFRESH: Duration = Duration::from_millis(250);
/// Interval between two lines of a running step where there is no terminal.
const REPEAT: Duration = Duration::from_secs(15);
/// Longest such line.
const LINE_CHARACTERS: usize = 79;

/// Runs and prints steps.
#[derive(Debug)]
pub struct Progress {
    /// The terminal's lines; none where stderr is not a terminal.
    lines: Option<MultiProgress>,
    /// Whether steps are shown only while they run.
    is_quiet: bool,
    passed: Mutex<Vec<Passed>>,
    /// Set when one of several concurrent steps has failed.
    stopped: Arc<AtomicBool>,
}

/// A step that has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The step's name.
    pub name: String,
    /// A short summary of its result.
    pub summary: String,
    /// Its duration.
    pub took: Duration,
}

/// A running step.
#[derive(Clone, Debug)]
pub struct Step {
    status: Arc<Mutex<Status>>,
    lines: Option<MultiProgress>,
    stopped: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum Status {
    Unknown,
    Note(String),
    Log(PathBuf),
}

impl Progress {
    /// Progress on this process's stderr.
    #[must_use]
    pub fn new() -> Self {
        let lines = io::stderr().is_terminal().then(MultiProgress::new);
        Self { lines, is_quiet: false, passed: Mutex::default(), stopped: Arc::default() }
    }

    /// Progress that shows steps on a terminal only, and only while they run.
    #[must_use]
    pub fn quiet() -> Self {
        Self { is_quiet: true, ..Self::new() }
    }

    /// Prints a line.
    pub fn say(&self, line: &str) {
        print_above(self.lines.as_ref(), line);
    }

    /// The steps passed so far, in order.
    pub fn passed(&self) -> Vec<Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs one step and prints its name, the summary of its result (the second value) and its duration.
    ///
    /// # Errors
    /// The failure of the work, after a line that names the failed step.
    pub fn step<T>(&self, name: &str, work: impl FnOnce(&Step) -> Result<(T, String), Failure>) -> Result<T, Failure> {
        let started = Instant::now();
        let status = Arc::new(Mutex::new(Status::Unknown));
        let step = Step { status, lines: self.lines.clone(), stopped: Arc::clone(&self.stopped) };
        let ticker = Ticker::start(name, &step, started, self.is_quiet);
        let result = work(&step);
        ticker.stop();
        let took = started.elapsed();
        match result {
            Ok((value, summary)) => {
                let separator = if summary.is_empty() { "" } else { " in " };
                self.say_of_step(&format!("  {name} … {summary}{separator}{}", format_duration(took)));
                let passed = Passed { name: name.to_owned(), summary, took };
                self.passed.lock().unwrap_or_else(PoisonError::into_inner).push(passed);
                Ok(value)
            }
            Err(failure) => {
                let how = if failure.is_interruption() { "stopped" } else { "failed" };
                self.say_of_step(&format!("  {name} … {how} after {}", format_duration(took)));
                Err(failure)
            }
        }
    }

    /// Runs two pieces of work concurrently. When one fails, the other's steps are stopped.
    ///
    /// # Errors
    /// The failure of the work that failed. If both did, that of `first`, unless it was only stopped.
    pub fn both<A: Send, B>(
        &self,
        first: impl FnOnce() -> Result<A, Failure> + Send,
        second: impl FnOnce() -> Result<B, Failure>,
    ) -> Result<(A, B), Failure> {
        thread::scope(|scope| {
            let first = scope.spawn(|| self.stop_others_on_failure(first()));
            let second = self.stop_others_on_failure(second());
            let first = first.join().unwrap_or_else(|_| Err(Failure::new("a step panicked")));
            match (first, second) {
                (Ok(first), Ok(second)) => Ok((first, second)),
                (Err(first), Err(second)) => Err(if first.is_interruption() { second } else { first }),
                (Err(failure), _) | (_, Err(failure)) => Err(failure),
            }
        })
    }

    fn say_of_step(&self, line: &str) {
        if !self.is_quiet {
            self.say(line);
        }
    }

    fn stop_others_on_failure<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if result.is_err() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        result
    }
}

/// Prints a line above the lines of the running steps.
fn print_above(lines: Option<&MultiProgress>, line: &str) {
    // A closed stderr is no reason to stop.
    let _ = match lines {
        Some(lines) => lines.suspend(|| writeln!(io::stderr(), "{line}")),
        None => writeln!(io::stderr(), "{line}"),
    };
}

/// Prints a line of a result to stdout.
pub fn print(line: &str) {
    // A closed stdout is no reason to stop.
    let _ = writeln!(io::stdout(), "{line}");
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Step {
    /// Shows what the step is doing.
    pub fn note(&self, note: impl Into<String>) {
        self.set(Status::Note(note.into()));
    }

    /// Shows the newest line of a log as what the step is doing.
    pub fn follow(&self, log: impl Into<PathBuf>) {
        self.set(Status::Log(log.into()));
    }

    /// Prints a line while the step runs.
    pub fn say(&self, line: &str) {
        print_above(self.lines.as_ref(), line);
    }

    /// Fails when the command must end: it received a signal, or a concurrent step has failed.
    ///
    /// # Errors
    /// An interruption.
    pub fn check(&self) -> Result<(), Failure> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Failure::interruption());
        }
        interrupt::check()
    }

    fn set(&self, status: Status) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    fn newest(&self) -> String {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let note = match status {
            Status::Unknown => String::new(),
            Status::Note(note) => note,
            Status::Log(log) => last_lines(&log, 1).pop().unwrap_or_default(),
        };
        note.trim().chars().filter(|character| !character.is_control()).collect()
    }
}

/// The thread that refreshes the line of a running step.
struct Ticker {
    end: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Ticker {
    fn start(name: &str, step: &Step, started: Instant, is_quiet: bool) -> Self {
        let (end, ended) = mpsc::channel();
        let bar = step.lines.as_ref().map(|lines| lines.add(ProgressBar::new_spinner().with_style(style())));
        let (name, step, shown) = (name.to_owned(), step.clone(), bar.clone());
        let thread = thread::spawn(move || {
            let pause = if shown.is_some() { REFRESH } else { REPEAT };
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let line = format!("  {name} … {} s  {}", started.elapsed().as_secs(), step.newest());
                match &shown {
                    Some(bar) => bar.set_message(line),
                    None if is_quiet => {}
                    None => {
                        let line: String = line.trim_end().chars().take(LINE_CHARACTERS).collect();
                        let _ = writeln!(io::stderr(), "{line}");
                    }
                }
            }
        });
        Self { end, thread, bar }
    }

    fn stop(self) {
        drop(self.end);
        // A panic in this thread affects only the displayed line.
        let _ = self.thread.join();
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One line, cut at the width of the terminal.
fn style() -> ProgressStyle {
    ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_returns_its_value_and_is_recorded() {
        let progress = Progress::new();
        let value = progress.step("count", |_| Ok((3, "3 counted".to_owned()))).unwrap();
        assert_eq!(value, 3);
        let passed = progress.passed();
        assert_eq!((passed[0].name.as_str(), passed[0].summary.as_str()), ("count", "3 counted"));
    }

    #[test]
    fn failed_step_is_not_recorded_as_passed() {
        let progress = Progress::new();
        let failed: Result<(), Failure> = progress.step("count", |_| Err(Failure::new("no number")));
        assert_eq!(failed.unwrap_err().to_string(), "no number");
        assert!(progress.passed().is_empty());
    }

    #[test]
    fn failure_of_one_step_stops_the_concurrent_one() {
        let wait = |progress: &Progress| {
            progress.step::<()>("wait", |step| {
                loop {
                    step.check()?;
                    thread::sleep(Duration::from_millis(5));
                }
            })
        };
        let fail = |progress: &Progress| progress.step::<()>("fail", |_| Err(Failure::new("broken")));
        let progress = Progress::new();
        assert_eq!(progress.both(|| wait(&progress), || fail(&progress)).unwrap_err().to_string(), "broken");
        let progress = Progress::new();
        assert_eq!(progress.both(|| fail(&progress), || wait(&progress)).unwrap_err().to_string(), "broken");
    }

    #[test]
    fn concurrent_steps_both_return_their_values() {
        let progress = Progress::new();
        let one = || progress.step("one", |_| Ok((1, String::new())));
        let two = || progress.step("two", |_| Ok((2, String::new())));
        assert_eq!(progress.both(one, two).unwrap(), (1, 2));
        assert_eq!(progress.passed().len(), 2);
    }
}
