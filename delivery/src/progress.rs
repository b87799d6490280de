//! What a person sees: lines on stderr while a command works, and answers on stdout. Called by all commands.

use std::io::{self, Write as _};

/// Prints an answer's line.
pub(crate) fn answer(line: &str) {
    // Whoever read it may have seen enough.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line of progress.
pub(crate) fn say(line: &str) {
    // A closed stderr is no reason to stop a deployment half way.
    let _ = writeln!(io::stderr(), "{line}");
}
