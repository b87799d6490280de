//! CloudWatch Logs: the lines of log groups.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::error::CallError;

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
        let mut lines = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut request = json!({"logGroupName": group, "startTime": since_millis, "limit": 10_000});
            if !token.is_null()
                && let Some(request) = request.as_object_mut()
            {
                request.insert("nextToken".to_owned(), token);
            }
            let mut page = self.json("logs", "Logs_20140328.FilterLogEvents", "1.1", &request)?;
            let Some(found) = page.get("events").and_then(Value::as_array) else {
                return Err(CallError::unexpected("FilterLogEvents", page.to_string()));
            };
            lines.extend(found.iter().filter_map(|event| {
                let text = event.get("message")?.as_str()?.trim_end().to_owned();
                Some(LogLine { at_millis: event.get("timestamp")?.as_u64()?, text })
            }));
            token = page.get_mut("nextToken").map(Value::take).unwrap_or_default();
            if token.is_null() {
                break;
            }
        }
        // Lines of one invocation have the same time: the sort must be stable.
        lines.sort_by_key(|line| line.at_millis);
        Ok(lines)
    }
}
