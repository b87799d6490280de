//! What a person sees while a command works: one line a step, with its time when it is done.
//!
//! On a terminal the line of a running step counts the seconds and shows the newest line of its log; elsewhere (CI) such
//! a line is printed every fifteen seconds. Everything goes to stderr, so that stdout carries only answers. Callers are
//! all commands.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::words;
use crate::failure::{Failure, last_lines};

/// A terminal's line is drawn again after this time.
const REDRAWN_AFTER: Duration = Duration::from_millis(500);
/// A line is printed for CI after this time.
const REPEATED_AFTER: Duration = Duration::from_secs(15);
/// A line that is drawn again must not wrap on a usual terminal.
const LINE_CHARACTERS: usize = 79;

/// Prints steps.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    passed: Mutex<Vec<Passed>>,
}

/// A step that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The step's name.
    pub name: String,
    /// What came of it, in a few words.
    pub told: String,
    /// How long it took.
    pub took: Duration,
}

/// A step that runs: what it is about may be told on the way.
#[derive(Clone, Debug)]
pub struct Step {
    about: Arc<Mutex<About>>,
    terminal: bool,
}

#[derive(Clone, Debug)]
enum About {
    Nothing,
    Note(String),
    Log(PathBuf),
}

impl Progress {
    /// Progress on this process's stderr.
    #[must_use]
    pub fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), passed: Mutex::default() }
    }

    /// Prints a line of its own.
    pub fn say(&self, line: &str) {
        // A closed stderr is no reason to stop.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// The steps that ended well so far, in order.
    pub fn passed(&self) -> Vec<Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does one step and prints its name, what came of it (the second value) and its time.
    ///
    /// # Errors
    /// The work's own failure, after a line that says which step failed.
    pub fn step<T>(&self, name: &str, work: impl FnOnce(&Step) -> Result<(T, String), Failure>) -> Result<T, Failure> {
        let started = Instant::now();
        let step = Step { about: Arc::new(Mutex::new(About::Nothing)), terminal: self.terminal };
        let ticking = Ticking::start(name.to_owned(), step.clone(), started, self.terminal);
        let result = work(&step);
        ticking.stop();
        let took = started.elapsed();
        match result {
            Ok((value, told)) => {
                let separator = if told.is_empty() { "" } else { " in " };
                self.replace_line(&format!("  {name} … {told}{separator}{}", words(took)));
                let passed = Passed { name: name.to_owned(), told, took };
                self.passed.lock().unwrap_or_else(PoisonError::into_inner).push(passed);
                Ok(value)
            }
            Err(failure) => {
                self.replace_line(&format!("  {name} … failed after {}", words(took)));
                Err(failure)
            }
        }
    }

    fn replace_line(&self, line: &str) {
        replace_line(self.terminal, line);
    }
}

fn replace_line(terminal: bool, line: &str) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(io::stderr(), "{}{line}", if terminal { "\r\x1b[K" } else { "" });
}

/// Prints a line of an answer to stdout.
pub fn print(line: &str) {
    // Whoever read it may have seen enough.
    let _ = writeln!(io::stdout(), "{line}");
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Step {
    /// Says what the step is about right now.
    pub fn note(&self, note: impl Into<String>) {
        self.set(About::Note(note.into()));
    }

    /// Lets the newest line of a log say what the step is about.
    pub fn follow(&self, log: impl Into<PathBuf>) {
        self.set(About::Log(log.into()));
    }

    /// Prints a line of its own while the step runs.
    pub fn say(&self, line: &str) {
        replace_line(self.terminal, line);
    }

    fn set(&self, about: About) {
        *self.about.lock().unwrap_or_else(PoisonError::into_inner) = about;
    }

    fn told(&self) -> String {
        let about = self.about.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let note = match about {
            About::Nothing => String::new(),
            About::Note(note) => note,
            About::Log(log) => last_lines(&log, 1).pop().unwrap_or_default(),
        };
        note.trim().chars().filter(|character| !character.is_control()).collect()
    }
}

/// The thread that shows that a step is alive.
struct Ticking {
    end: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Ticking {
    fn start(name: String, step: Step, started: Instant, terminal: bool) -> Self {
        let (end, ended) = mpsc::channel();
        let thread = thread::spawn(move || {
            let pause = if terminal { REDRAWN_AFTER } else { REPEATED_AFTER };
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let seconds = started.elapsed().as_secs();
                let line = format!("  {name} … {seconds} s  {}", step.told());
                let line: String = line.trim_end().chars().take(LINE_CHARACTERS).collect();
                let _ =
                    if terminal { write!(io::stderr(), "\r\x1b[K{line}") } else { writeln!(io::stderr(), "{line}") };
            }
        });
        Self { end, thread }
    }

    fn stop(self) {
        drop(self.end);
        // The thread holds nothing but its line: a panic in it changes nothing.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_hands_back_its_value_and_is_remembered() {
        let progress = Progress::new();
        let value = progress.step("count", |_| Ok((3, "3 counted".to_owned()))).unwrap();
        assert_eq!(value, 3);
        let passed = progress.passed();
        assert_eq!((passed[0].name.as_str(), passed[0].told.as_str()), ("count", "3 counted"));
    }

    #[test]
    fn a_failed_step_is_not_among_those_that_passed() {
        let progress = Progress::new();
        let failed: Result<(), Failure> = progress.step("count", |_| Err(Failure::new("no number")));
        assert_eq!(failed.unwrap_err().to_string(), "no number");
        assert!(progress.passed().is_empty());
    }
}
