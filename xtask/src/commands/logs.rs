//! `cargo xtask logs FUNCTION`: what a function wrote. Called by `main`; `up` keeps all logs when its main job fails.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::{Running, running};
use crate::clock;
use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::print;

/// Prints a function's lines of the last so many minutes.
///
/// # Errors
/// When there is no such function or the cloud does not run.
pub fn logs(layout: &Layout, function: &str, minutes: u64) -> Result<(), Failure> {
    let running = running(layout)?;
    let group = &running.names.function(function)?.log_group_name;
    let since = clock::unix_seconds().saturating_sub(minutes * 60) * 1000;
    let lines = running.cloud.log_lines(group, since)?;
    for line in &lines {
        print(&format!("{} {}", clock::rfc3339(line.at_millis / 1000), line.text));
    }
    if lines.is_empty() {
        print(&format!("{function} wrote nothing in the last {minutes} minutes"));
    }
    Ok(())
}

/// Writes what all functions of the running cloud wrote in the last minutes into one file.
///
/// # Errors
/// When the cloud does not run, or the file cannot be written.
pub fn save_all(layout: &Layout) -> Result<PathBuf, Failure> {
    let Running { names, cloud, .. } = running(layout)?;
    let since = clock::unix_seconds().saturating_sub(600) * 1000;
    let mut text = String::new();
    for (name, function) in &names.functions {
        let _ = writeln!(text, "== {name}");
        match cloud.log_lines(&function.log_group_name, since) {
            Ok(lines) => lines.iter().for_each(|line| {
                let _ = writeln!(text, "{}", line.text);
            }),
            Err(error) => {
                let _ = writeln!(text, "{error}");
            }
        }
    }
    let file = layout.log("functions");
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).on_file("make", folder)?;
    }
    fs::write(&file, text).on_file("write", &file)?;
    Ok(file)
}
