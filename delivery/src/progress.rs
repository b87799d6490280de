//! What a person sees while a command works: lines on stderr, so that stdout carries only answers. Called by all commands.

use std::io::{self, Write as _};

/// Prints a line.
pub(crate) fn say(line: &str) {
    // A closed stderr is no reason to stop a deployment half way.
    let _ = writeln!(io::stderr(), "{line}");
}
