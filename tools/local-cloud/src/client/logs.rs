//! CloudWatch Logs: the lines of log groups.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::error::CallError;
use super::page::read_pages;

/// A line of a log group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLine {
    /// Milliseconds since 1970, UTC.
    pub at_millis: u64,
    /// The line.
    pub text: String,
}

impl Cloud {
    /// The lines of a log group since a time (milliseconds since 1970), oldest first.
    ///
    /// # Errors
    /// When there is no such log group.
    pub fn log_lines(&self, group: &str, since_millis: u64) -> Result<Vec<LogLine>, CallError> {
        let request = json!({"logGroupName": group, "startTime": since_millis, "limit": 10_000});
        let events = read_pages(request, ["events", "nextToken", "nextToken"], |request| {
            self.json("logs", "Logs_20140328.FilterLogEvents", "1.1", request)
        })?;
        let line = |event: &Value| {
            let text = event.get("message")?.as_str()?.trim_end().to_owned();
            Some(LogLine { at_millis: event.get("timestamp")?.as_u64()?, text })
        };
        let mut lines: Vec<LogLine> = events.iter().filter_map(line).collect();
        // Lines of one invocation have the same time: the sort must be stable.
        lines.sort_by_key(|line| line.at_millis);
        Ok(lines)
    }
}
