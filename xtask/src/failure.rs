//! How a command of xtask ends when it cannot end well: one clear sentence, what to do, and where the log lies.
//!
//! One type for all commands, because every failure has one reader, a person at a terminal or at CI's log. Errors that
//! code decides on have types of their own (`cloud::client::CallError`). `main` prints a failure and exits with 1.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// So many lines of a step's log are shown when it fails.
const LOG_LINES_SHOWN: usize = 30;
/// Number of items that a message names of a list.
const ITEMS_SHOWN: usize = 5;

/// A command's end that was not wished for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    sentence: String,
    todo: Option<String>,
    log: Option<PathBuf>,
    is_interruption: bool,
}

impl Failure {
    /// A failure told by one sentence, without a final period.
    #[must_use]
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), todo: None, log: None, is_interruption: false }
    }

    /// A signal ended the command: nothing is wrong, and nothing is to be done.
    #[must_use]
    pub fn interruption() -> Self {
        Self { is_interruption: true, ..Self::new("interrupted") }
    }

    /// Whether the command was told to end, and nothing is wrong.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        self.is_interruption
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn with_todo(mut self, todo: impl Into<String>) -> Self {
        if !self.is_interruption {
            self.todo = Some(todo.into());
        }
        self
    }

    /// Adds the file whose end explains it.
    #[must_use]
    pub fn with_log(mut self, log: impl Into<PathBuf>) -> Self {
        if !self.is_interruption {
            self.log = Some(log.into());
        }
        self
    }

    /// All of it, as it is printed.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }
}

/// A failure with the end of its log and with what to do.
#[derive(Debug)]
pub struct Report<'a>(&'a Failure);

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { sentence, todo, log, .. } = self.0;
        if let Some(log) = log {
            for line in last_lines(log, LOG_LINES_SHOWN) {
                writeln!(out, "    | {line}")?;
            }
        }
        write!(out, "error: {sentence}")?;
        if let Some(log) = log {
            write!(out, "\n  the whole log: {}", log.display())?;
        }
        if let Some(todo) = todo {
            write!(out, "\n  what to do: {todo}")?;
        }
        Ok(())
    }
}

/// The last lines of a text file, none when it cannot be read.
#[must_use]
pub fn last_lines(file: &Path, count: usize) -> Vec<String> {
    let text = fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(count)).map(ToString::to_string).collect()
}

/// The first lines of a list, and how many more there are: `a, b, c and 12 more`.
#[must_use]
pub fn first_of(list: &str) -> String {
    let lines: Vec<&str> = list.lines().collect();
    match lines.split_at_checked(ITEMS_SHOWN) {
        Some((shown, rest)) if !rest.is_empty() => format!("{} and {} more", shown.join(", "), rest.len()),
        _ => lines.join(", "),
    }
}

/// Turns an input or output error into a failure that names the file.
pub trait OnFile<T> {
    /// `doing` completes the sentence "cannot … `path`".
    ///
    /// # Errors
    /// The same error as before, told as a failure.
    fn on_file(self, doing: &str, path: &Path) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> OnFile<T> for Result<T, E> {
    fn on_file(self, doing: &str, path: &Path) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("cannot {doing} `{}`: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut() {
        assert_eq!(first_of("a\nb\n"), "a, b");
        assert_eq!(first_of("a\nb\nc\nd\ne\n"), "a, b, c, d, e");
        assert_eq!(first_of("a\nb\nc\nd\ne\nf\ng\n"), "a, b, c, d, e and 2 more");
    }

    #[test]
    fn a_report_shows_the_end_of_the_log_and_what_to_do() {
        let log = std::env::temp_dir().join(format!("gridbid-failure-{}.log", std::process::id()));
        let text: String = (1..=100).map(|line| format!("line {line}\n")).collect();
        fs::write(&log, text).unwrap();
        let failure = Failure::new("terraform apply failed").with_todo("look at line 100").with_log(&log);
        let report = failure.report().to_string();
        fs::remove_file(&log).unwrap();
        assert!(!report.contains("line 70\n"), "{report}");
        assert!(report.contains("    | line 71\n"), "{report}");
        assert!(report.contains("    | line 100\nerror: terraform apply failed\n"), "{report}");
        assert!(report.ends_with("what to do: look at line 100"), "{report}");
    }
}
