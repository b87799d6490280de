//! A state change of a CloudWatch alarm, from the alarm's own action or from EventBridge.

use serde_json::Value;

use super::fields::{join_at, labelled, origin, text_at};
use crate::message::{Markup, Message};

/// Renders what an alarm's action publishes.
pub(super) fn render_action(alarm: &Value) -> Message {
    let place = join_at(alarm, &["/Region", "/AWSAccountId", "/StateChangeTime"], " · ");
    render(
        [text_at(alarm, "/NewStateValue"), text_at(alarm, "/AlarmName"), text_at(alarm, "/OldStateValue")],
        text_at(alarm, "/AlarmDescription"),
        text_at(alarm, "/NewStateReason"),
    )
    .context(&Markup::default().text(&place))
}

/// Renders EventBridge's event.
pub(super) fn render_event(event: &Value) -> Message {
    render(
        ["/detail/state/value", "/detail/alarmName", "/detail/previousState/value"]
            .map(|pointer| text_at(event, pointer)),
        text_at(event, "/detail/configuration/description"),
        text_at(event, "/detail/state/reason"),
    )
    .context(&origin(event))
}

fn render([state, name, previous]: [&str; 3], description: &str, reason: &str) -> Message {
    let title = match state {
        "OK" => format!("Alarm over: {name}"),
        "INSUFFICIENT_DATA" => format!("Alarm without data: {name}"),
        _ => format!("Alarm: {name}"),
    };
    Message::new(&title)
        .section(&Markup::default().text(description))
        .section(&labelled("Why", reason))
        .section(&labelled("Before", previous))
}
