//! A command failure shown to the user: one message, a hint, and the log that explains it.
//!
//! All tools share one type, because every failure has one reader: a person at a terminal or reading a CI log. Errors that
//! code decides on have their own types, such as the local cloud's `CallError`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Number of log lines shown when a step fails.
const LOG_LINES_SHOWN: usize = 30;
/// Number of items of a list that a message names.
const ITEMS_SHOWN: usize = 5;

/// A command failure shown to the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    hint: Option<String>,
    log: Option<PathBuf>,
    is_interruption: bool,
}

impl Failure {
    /// A failure with a message of one sentence, without a final period.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, log: None, is_interruption: false }
    }

    /// The end of a command that a signal has stopped. It has no hint and no log.
    #[must_use]
    pub fn interruption() -> Self {
        Self { is_interruption: true, ..Self::new("interrupted") }
    }

    /// Whether a signal has stopped the command.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        self.is_interruption
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if !self.is_interruption {
            self.hint = Some(hint.into());
        }
        self
    }

    /// Adds the file whose last lines explain it.
    #[must_use]
    pub fn with_log(mut self, log: impl Into<PathBuf>) -> Self {
        if !self.is_interruption {
            self.log = Some(log.into());
        }
        self
    }

    /// The failure as it is printed.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }
}

/// A failure with the last lines of its log and its hint.
#[derive(Debug)]
pub struct Report<'a>(&'a Failure);

impl fmt::Display for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { message, hint, log, .. } = self.0;
        if let Some(log) = log {
            for line in last_lines(log, LOG_LINES_SHOWN) {
                writeln!(out, "    | {line}")?;
            }
        }
        write!(out, "error: {message}")?;
        if let Some(log) = log {
            write!(out, "\n  the whole log: {}", log.display())?;
        }
        if let Some(hint) = hint {
            write!(out, "\n  what to do: {hint}")?;
        }
        Ok(())
    }
}

/// The last lines of a text file; none when it cannot be read.
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
    /// `doing` completes the message "cannot … `path`".
    ///
    /// # Errors
    /// The error of `self`, as a failure that names the file.
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
    fn long_list_is_cut() {
        assert_eq!(first_of("a\nb\n"), "a, b");
        assert_eq!(first_of("a\nb\nc\nd\ne\n"), "a, b, c, d, e");
        assert_eq!(first_of("a\nb\nc\nd\ne\nf\ng\n"), "a, b, c, d, e and 2 more");
    }

    #[test]
    fn report_shows_the_end_of_the_log_and_the_hint() {
        let log = std::env::temp_dir().join(format!("gridbid-failure-{}.log", std::process::id()));
        let text: String = (1..=100).map(|line| format!("line {line}\n")).collect();
        fs::write(&log, text).unwrap();
        let failure = Failure::new("terraform apply failed").with_hint("look at line 100").with_log(&log);
        let report = failure.report().to_string();
        fs::remove_file(&log).unwrap();
        assert!(!report.contains("line 70\n"), "{report}");
        assert!(report.contains("    | line 71\n"), "{report}");
        assert!(report.contains("    | line 100\nerror: terraform apply failed\n"), "{report}");
        assert!(report.ends_with("what to do: look at line 100"), "{report}");
    }
}
