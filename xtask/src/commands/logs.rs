//! `cargo xtask logs FUNCTION`: the log of a function.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use gridbid_devkit::clock;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::print;

use super::running::{Running, running};

/// Prints the log of a function since a number of minutes ago.
///
/// # Errors
/// When there is no such function or the cloud is not running.
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

/// Writes the logs of all functions since ten minutes ago into one file.
///
/// # Errors
/// When the cloud is not running, or the file cannot be written.
pub fn save_all(layout: &Layout) -> Result<PathBuf, Failure> {
    let Running { names, cloud, .. } = running(layout)?;
    let since = clock::unix_seconds().saturating_sub(600) * 1000;
    let mut text = String::new();
    for (name, function) in &names.functions {
        let _ = writeln!(text, "== {name}");
        match cloud.log_lines(&function.log_group_name, since) {
            Ok(lines) => lines.iter().for_each(|line| _ = writeln!(text, "{}", line.text)),
            Err(error) => _ = writeln!(text, "{error}"),
        }
    }
    let file = layout.log("functions");
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).on_file("make", folder)?;
    }
    fs::write(&file, text).on_file("write", &file)?;
    Ok(file)
}
