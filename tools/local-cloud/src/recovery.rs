//! The reports of MiniStack's process: what it restored at its start, and whether it saved everything at its end.
//!
//! `gridbid_cloud` writes both files; each names the start that it belongs to.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_release_format::Timestamp;
use gridbid_simulator_protocol::SLOT_PERIOD_SECONDS;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::record::Record;

/// What a start found and restored.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Recovery {
    instance: String,
    /// Whether the previous process was stopped and not killed.
    clean: bool,
    /// Time of the last write before that end, RFC 3339.
    last_write: Option<String>,
    /// Number of table items restored from the journal.
    items: u64,
    /// Number of queue messages restored from the journal.
    messages: u64,
    /// Executions that were running.
    cut_off_executions: Vec<CutOff>,
}

/// An execution that the kill has ended.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct CutOff {
    input: Value,
    /// When it was started.
    started: Timestamp,
}

impl CutOff {
    /// The slot in the input, or else the one that the state machine derives: the start rounded down to the period.
    fn slot(&self) -> String {
        if let Some(slot) = self.input.get("slot").and_then(Value::as_str) {
            return slot.to_owned();
        }
        self.started.round_down(Duration::from_secs(SLOT_PERIOD_SECONDS)).to_string()
    }
}

impl Recovery {
    /// Reads the report of this record's start.
    ///
    /// # Errors
    /// When the file is missing or belongs to another start.
    pub fn read(record: &Record) -> Result<Self, Failure> {
        let file = record.folder.join("recovery.json");
        let recovery: Self = read(&file)?;
        if recovery.instance != record.instance {
            return Err(Failure::new(format!("`{}` was not written by this start", file.display())));
        }
        Ok(recovery)
    }

    /// The lines for the user; none after a clean stop.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        if self.clean {
            return Vec::new();
        }
        let since = self.last_write.as_deref().unwrap_or("an unknown time");
        let mut lines = vec![format!(
            "the local cloud was killed after {since}: {} items and {} messages are restored; log lines since its last start are lost",
            self.items, self.messages
        )];
        for execution in &self.cut_off_executions {
            let slot = execution.slot();
            lines.push(format!(
                "the results run of slot {slot} was cut off: `cargo xtask run --slot {slot}` runs it again"
            ));
        }
        lines
    }
}

/// The result of a stop.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Stopped {
    instance: String,
    failed: Vec<String>,
}

impl Stopped {
    /// Reads the report of this record's stop.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(record: &Record) -> Result<Self, Failure> {
        let stopped: Result<Self, Failure> = read(&record.folder.join("stopped.json"));
        match stopped {
            Ok(stopped) if stopped.instance == record.instance => Ok(stopped),
            _ => Err(unsaved("it did not confirm that it saved its state").with_log(record.cloud_log())),
        }
    }

    /// Fails when something was not saved.
    ///
    /// # Errors
    /// Each service that was not saved, with the cause.
    pub fn check(&self) -> Result<(), Failure> {
        if self.failed.is_empty() { Ok(()) } else { Err(unsaved(&self.failed.join("; "))) }
    }
}

fn unsaved(cause: &str) -> Failure {
    Failure::new(format!("the local cloud has stopped, but not everything was saved: {cause}")).with_hint(
        "is the disk full? Orders, messages and runs that were acknowledged are in its journal and come back with the next \
         `cargo xtask up`",
    )
}

fn read<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    let text = fs::read(file).on_file("read", file)?;
    serde_json::from_slice(&text).on_file("parse", file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Ports, canonical};

    fn record(name: &str) -> Record {
        let folder = std::env::temp_dir().join(format!("gridbid-recovery-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Record {
            folder: canonical(&folder),
            instance: "this".to_owned(),
            ports: Ports { cloud: 1, simulators: 2, s3: 3 },
            cloud: None,
            simulators: None,
            started_with: String::new(),
        }
    }

    #[test]
    fn killed_cloud_reports_restored_data_and_cut_off_runs() {
        let record = record("killed");
        let text = r#"{"instance": "this", "clean": false, "last_write": "2026-11-29T01:02:03Z", "items": 7, "messages": 1,
            "cut_off_executions": [
                {"arn": "a", "input": {"slot": "2026-11-29T01:00:00Z"}, "started": "2026-11-29T00:01:02Z"},
                {"arn": "b", "input": {"scheduled_time": "<aws.scheduler.scheduled-time>"}, "started": "2026-11-29T01:06:02.5Z"}
            ]}"#;
        fs::write(record.folder.join("recovery.json"), text).unwrap();
        let lines = Recovery::read(&record).unwrap().lines();
        assert!(
            lines[0].contains("killed after 2026-11-29T01:02:03Z: 7 items and 1 messages are restored"),
            "{lines:?}"
        );
        assert!(lines[1].contains("`cargo xtask run --slot 2026-11-29T01:00:00Z`"), "{lines:?}");
        assert!(lines[2].contains("`cargo xtask run --slot 2026-11-29T01:05:00Z`"), "{lines:?}");
        fs::write(record.folder.join("recovery.json"), text.replace("\"clean\": false", "\"clean\": true")).unwrap();
        assert!(Recovery::read(&record).unwrap().lines().is_empty());
        fs::remove_dir_all(record.folder).unwrap();
    }

    #[test]
    fn stop_that_did_not_save_everything_is_a_failure() {
        let record = record("stopped");
        let missing = Stopped::read(&record).unwrap_err().to_string();
        assert!(missing.ends_with("it did not confirm that it saved its state"), "{missing}");
        let write = |text: &str| fs::write(record.folder.join("stopped.json"), text).unwrap();
        write(r#"{"instance": "an older start", "failed": []}"#);
        assert!(Stopped::read(&record).is_err());
        write(r#"{"instance": "this", "failed": ["cloudwatch_logs: No space left on device"]}"#);
        let failed = Stopped::read(&record).unwrap().check().unwrap_err().to_string();
        assert!(failed.ends_with("cloudwatch_logs: No space left on device"), "{failed}");
        write(r#"{"instance": "this", "failed": []}"#);
        Stopped::read(&record).unwrap().check().unwrap();
        fs::remove_dir_all(record.folder).unwrap();
    }
}
