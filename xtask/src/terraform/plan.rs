//! Runs a `terraform … -json` command: its messages as a readable log, and the changes that it plans.
//!
//! Called by `terraform`.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;
use crate::progress::Step;
use crate::subprocess::Subprocess;

/// A change that a plan holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The resource's address.
    pub address: String,
    /// `create`, `update`, `delete`, `replace`, …
    pub action: String,
}

/// What a plan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Resources that are missing or different.
    pub changes: Vec<Change>,
    /// Whether there is nothing to do at all: outputs may be new without a change of a resource.
    pub is_empty: bool,
}

/// Runs the command and hands back what it planned. With `-detailed-exitcode`, 2 is a plan that is not empty.
///
/// # Errors
/// When it ends with anything but 0 and 2.
pub fn run(run: Subprocess, log: &Path, step: &Step) -> Result<Plan, Failure> {
    let mut changes = Vec::new();
    let mut readable = None;
    let status = run.each_line(step, |line| {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return };
        changes.extend(planned(&message));
        // Opened late: the command's start empties the file.
        let file = readable.get_or_insert_with(|| OpenOptions::new().append(true).open(log));
        if let Ok(file) = file {
            // A log that cannot be written is no reason to stop.
            let _ = writeln!(file, "{}", told(&message));
        }
    })?;
    if let Some(0 | 2) = status.code() {
        return Ok(Plan { changes, is_empty: status.success() });
    }
    Err(Failure::new(format!("terraform failed ({status})"))
        .with_todo(
            "the log names the resource; `cargo xtask down --wipe` and `cargo xtask up` begin with an empty cloud",
        )
        .with_log(log))
}

fn planned(message: &Value) -> Option<Change> {
    if message.get("type")?.as_str()? != "planned_change" {
        return None;
    }
    let change = message.get("change")?;
    let address = change.pointer("/resource/addr")?.as_str()?.to_owned();
    let action = change.get("action")?.as_str()?.to_owned();
    (action != "noop" && action != "read").then_some(Change { address, action })
}

fn told(message: &Value) -> String {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut line = text("/@message").to_owned();
    for pointer in ["/diagnostic/address", "/diagnostic/detail"] {
        if !text(pointer).is_empty() {
            let _ = write!(line, "\n  {}", text(pointer).replace('\n', "\n  "));
        }
    }
    if let Some(line_number) = message.pointer("/diagnostic/range/start/line") {
        let _ = write!(line, "\n  {}:{line_number}", text("/diagnostic/range/filename"));
    }
    line
}

/// Few words for many changes: `3 to create, 1 to update`.
#[must_use]
pub fn counted(changes: &[Change]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for change in changes {
        match counts.iter_mut().find(|(action, _)| *action == change.action) {
            Some((_, count)) => *count += 1,
            None => counts.push((&change.action, 1)),
        }
    }
    let told: Vec<String> = counts.iter().map(|(action, count)| format!("{count} to {action}")).collect();
    if told.is_empty() { "no change".to_owned() } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_changes_are_told() {
        let message = |action: &str| {
            let resource = serde_json::json!({"addr": "module.a.aws_sqs_queue.b"});
            serde_json::json!({"type": "planned_change", "change": {"resource": resource, "action": action}})
        };
        let expected = Change { address: "module.a.aws_sqs_queue.b".to_owned(), action: "update".to_owned() };
        assert_eq!(planned(&message("update")), Some(expected));
        assert_eq!(planned(&message("read")), None);
        assert_eq!(planned(&serde_json::json!({"type": "resource_drift"})), None);
    }

    #[test]
    fn changes_are_counted_by_what_is_done() {
        let change = |action: &str| Change { address: "x".to_owned(), action: action.to_owned() };
        assert_eq!(counted(&[]), "no change");
        assert_eq!(counted(&[change("create"), change("update"), change("create")]), "2 to create, 1 to update");
    }

    #[test]
    fn an_error_is_told_with_its_detail_and_place() {
        let message = serde_json::json!({
            "@message": "Error: no such queue",
            "diagnostic": {"detail": "line one\nline two", "range": {"filename": "main.tf", "start": {"line": 7}}},
        });
        assert_eq!(told(&message), "Error: no such queue\n  line one\n  line two\n  main.tf:7");
    }
}
