//! A status change of a state machine's execution: a run that failed, timed out or was aborted.

use serde_json::Value;

use super::fields::{named, origin, status_words, text_at};
use crate::message::Message;

/// Renders EventBridge's event.
pub(super) fn render(event: &Value) -> Message {
    let machine = text_at(event, "/detail/stateMachineArn");
    let machine = machine.rsplit_once(':').map_or(machine, |(_, name)| name);
    let arn = text_at(event, "/detail/executionArn");
    let run = if arn.is_empty() { text_at(event, "/detail/name") } else { arn };
    Message::new(&format!("{machine} {}", status_words(text_at(event, "/detail/status"))))
        .section(&named("*Error*", text_at(event, "/detail/error")))
        .verbatim(text_at(event, "/detail/cause"))
        .verbatim(text_at(event, "/detail/input"))
        .context(&named("run", run))
        .context(&origin(event))
}
