//! The output of a command: progress on stderr, results on stdout.
//!
//! Progress is styled only on a terminal, and not with `NO_COLOR`. Scripts read the same text without styles.

use std::io::{self, Write as _};

use anstyle::Style;

const HEADING: Style = Style::new().bold();

/// Prints a line of a result.
pub(crate) fn print(line: &str) {
    // A reader such as `head` may close the pipe early.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a step of the command.
pub(crate) fn log(line: &str) {
    log_raw(&format!("{HEADING}{line}{HEADING:#}"));
}

/// Prints a detail of the current step.
pub(crate) fn log_detail(line: &str) {
    log_raw(&format!("  {line}"));
}

/// Prints text that may hold ANSI styles.
pub(crate) fn log_raw(text: &str) {
    // A closed stderr must not stop a deployment midway.
    let _ = writeln!(anstream::stderr(), "{text}");
}
