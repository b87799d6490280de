//! What a notice is, and how it reads to people.
//!
//! Known are a run's summary, and what AWS sends of executions, alarms, pipelines, builds, deployments and budgets. Fields
//! that are missing are left out; anything else is shown as it came. So a notice is never lost for its form.

mod alarm;
mod delivery;
mod execution;
mod run_summary;

use serde_json::Value;

use crate::message::{Markup, Message};

/// Renders a message of the topic; also tells its kind, for the log.
pub(crate) fn render(subject: Option<&str>, text: &str) -> (&'static str, Message) {
    let Ok(notice) = serde_json::from_str::<Value>(text) else { return plain(subject, text) };
    let event = at(&notice, "/detail-type");
    match event {
        "Step Functions Execution Status Change" => ("execution", execution::message(&notice)),
        "CloudWatch Alarm State Change" => ("alarm", alarm::of_event(&notice)),
        _ if event.starts_with("CodePipeline ") => ("pipeline", delivery::pipeline(&notice)),
        _ if event.starts_with("CodeBuild ") => ("build", delivery::build(&notice)),
        _ if event.starts_with("CodeDeploy ") => ("deployment", delivery::deployment(&notice)),
        "" if at(&notice, "/kind") == "run_summary" => match run_summary::message(text) {
            Some(message) => ("run_summary", message),
            None => ("other", other("A run's summary of an unknown form", &notice)),
        },
        "" if !at(&notice, "/AlarmName").is_empty() => ("alarm", alarm::of_topic(&notice)),
        "" => ("other", other(subject.unwrap_or("A notice"), &notice)),
        _ => ("event", other(event, notice.pointer("/detail").unwrap_or(&notice)).context(&origin(&notice))),
    }
}

/// A text, such as a budget's: its first line is the title when it has no subject.
fn plain(subject: Option<&str>, text: &str) -> (&'static str, Message) {
    let text = text.trim();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let is_budget = first.starts_with("AWS Budget Notification");
    let (title, body) = match subject {
        Some(subject) if !is_budget => (subject, text),
        _ => (first, rest),
    };
    let title = if title.trim().is_empty() { "A notice without text" } else { title };
    (if is_budget { "budget" } else { "text" }, Message::new(title).section(&Markup::default().text(body.trim())))
}

fn other(title: &str, notice: &Value) -> Message {
    Message::new(title).verbatim(&format!("{notice:#}"))
}

/// The text at a JSON pointer, empty if there is none.
fn at<'a>(notice: &'a Value, pointer: &str) -> &'a str {
    notice.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A line `*Label* text`, empty if there is no text.
fn line(label: &str, text: &str) -> Markup {
    if text.is_empty() { Markup::default() } else { Markup::ours(format!("*{label}* ")).text(text) }
}

/// A line `label name` in which the name is shown as it is, empty if there is none.
fn named(label: &str, name: &str) -> Markup {
    if name.is_empty() { Markup::default() } else { Markup::ours(format!("{label} ")).name(name) }
}

/// Where an event of EventBridge comes from.
fn origin(notice: &Value) -> Markup {
    let parts = ["/source", "/region", "/account", "/time"].map(|pointer| at(notice, pointer));
    let given: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Markup::default().text(&given.join(" · "))
}

/// A status such as `TIMED_OUT` as it reads in a sentence.
fn spoken(status: &str) -> String {
    if status.is_empty() { "changed".to_owned() } else { status.to_lowercase().replace('_', " ") }
}
