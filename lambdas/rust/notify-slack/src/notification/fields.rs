//! Reads and formats the fields of a notification. A missing field is empty, and an empty text is not shown.

use serde_json::Value;

use crate::message::Markup;

/// The string at a JSON pointer.
pub(super) fn text_at<'a>(notification: &'a Value, pointer: &str) -> &'a str {
    notification.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// The present ones of these strings, joined.
pub(super) fn join_at(notification: &Value, pointers: &[&str], separator: &str) -> String {
    let present: Vec<&str> =
        pointers.iter().map(|pointer| text_at(notification, pointer)).filter(|part| !part.is_empty()).collect();
    present.join(separator)
}

/// A line `*Label* text`.
pub(super) fn labelled(label: &str, text: &str) -> Markup {
    if text.is_empty() { Markup::default() } else { Markup::ours(format!("*{label}* ")).text(text) }
}

/// A line with a label and a name in code format.
pub(super) fn named(label: &str, name: &str) -> Markup {
    if name.is_empty() { Markup::default() } else { Markup::ours(format!("{label} ")).name(name) }
}

/// The source, region, account and time of an EventBridge event.
pub(super) fn origin(notification: &Value) -> Markup {
    Markup::default().text(&join_at(notification, &["/source", "/region", "/account", "/time"], " · "))
}

/// A status such as `TIMED_OUT` in words.
pub(super) fn status_words(status: &str) -> String {
    if status.is_empty() { "changed".to_owned() } else { status.to_lowercase().replace('_', " ") }
}
