//! Markdown: tables, and the sections of `docs/benchmarks-core.md`.

use std::fmt::Write as _;
use std::fs;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::write_atomically;
use gridbid_devkit::layout::Layout;

const TITLE: &str = "# Benchmarks of core\n";

/// Writes a section (`## HEADING` and its text) into the document, replacing the one with the same heading.
///
/// # Errors
/// When the file cannot be written.
pub fn publish(layout: &Layout, heading: &str, text: &str) -> Result<String, Failure> {
    let file = layout.file("docs/benchmarks-core.md");
    let there = if file.is_file() { fs::read_to_string(&file).on_file("read", &file)? } else { TITLE.to_owned() };
    write_atomically(&file, with_section(&there, heading, text).as_bytes())?;
    Ok(layout.shown(&file))
}

fn with_section(document: &str, heading: &str, text: &str) -> String {
    let line = format!("## {heading}\n");
    let section = format!("{line}\n{}\n", text.trim());
    let (before, after) = match document.find(&format!("\n{line}")) {
        None => (document.trim_end(), ""),
        Some(place) => {
            let (before, from) = document.split_at(place);
            let next = from.get(line.len()..).and_then(|rest| rest.find("\n## ")).map(|next| next + line.len() + 1);
            (before.trim_end(), next.and_then(|next| from.get(next..)).unwrap_or(""))
        }
    };
    let mut out = format!("{before}\n\n{section}");
    if !after.is_empty() {
        let _ = write!(out, "\n{after}");
    }
    out
}

/// A Markdown table; the first column is aligned to the left, the others to the right.
#[must_use]
pub fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = head.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" }.to_owned());
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{}{rows}", line(head), line(&rule.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_replaces_its_predecessor_and_no_other() {
        let first = with_section(TITLE, "Core", "one");
        assert_eq!(first, "# Benchmarks of core\n\n## Core\n\none\n");
        let both = with_section(&first, "Functions", "two\n\n### More\n");
        assert_eq!(both, "# Benchmarks of core\n\n## Core\n\none\n\n## Functions\n\ntwo\n\n### More\n");
        assert_eq!(with_section(&both, "Core", "three"), both.replace("one", "three"));
        assert_eq!(with_section(&both, "Functions", "two\n\n### More\n"), both);
    }
}
