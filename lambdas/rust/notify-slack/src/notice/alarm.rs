//! An alarm of CloudWatch that changed its state, as its own action publishes it and as EventBridge tells it.

use serde_json::Value;

use super::{at, line, origin};
use crate::message::{Markup, Message};

/// What an alarm's action publishes.
pub(super) fn of_topic(notice: &Value) -> Message {
    let place: Vec<&str> = ["/Region", "/AWSAccountId", "/StateChangeTime"]
        .into_iter()
        .map(|pointer| at(notice, pointer))
        .filter(|part| !part.is_empty())
        .collect();
    message(
        [at(notice, "/NewStateValue"), at(notice, "/AlarmName"), at(notice, "/OldStateValue")],
        at(notice, "/AlarmDescription"),
        at(notice, "/NewStateReason"),
    )
    .context(&Markup::default().text(&place.join(" · ")))
}

/// What EventBridge tells.
pub(super) fn of_event(notice: &Value) -> Message {
    message(
        [at(notice, "/detail/state/value"), at(notice, "/detail/alarmName"), at(notice, "/detail/previousState/value")],
        at(notice, "/detail/configuration/description"),
        at(notice, "/detail/state/reason"),
    )
    .context(&origin(notice))
}

fn message([state, name, before]: [&str; 3], description: &str, reason: &str) -> Message {
    let title = match state {
        "OK" => format!("Alarm over: {name}"),
        "INSUFFICIENT_DATA" => format!("Alarm without data: {name}"),
        _ => format!("Alarm: {name}"),
    };
    Message::new(&title)
        .section(&Markup::default().text(description))
        .section(&line("Why", reason))
        .section(&line("Before", before))
}
