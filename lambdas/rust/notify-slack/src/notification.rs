//! Renders a notification as a Slack message.
//!
//! Known kinds: a run's summary, and AWS's events of executions, alarms, pipelines, builds, deployments and budgets.
//! Missing fields are omitted and unknown kinds are shown verbatim, so that no notification is lost because of its form.

mod alarm;
mod delivery;
mod execution;
mod fields;
mod run_summary;

use serde_json::Value;

use crate::message::{Markup, Message};
use fields::{origin, text_at};

/// Renders a message of the topic. Also returns its kind, for the log.
pub(crate) fn render(subject: Option<&str>, text: &str) -> (&'static str, Message) {
    let Ok(notification) = serde_json::from_str::<Value>(text) else { return render_text(subject, text) };
    let event = text_at(&notification, "/detail-type");
    match event {
        "Step Functions Execution Status Change" => ("execution", execution::render(&notification)),
        "CloudWatch Alarm State Change" => ("alarm", alarm::render_event(&notification)),
        _ if event.starts_with("CodePipeline ") => ("pipeline", delivery::render_pipeline(&notification)),
        _ if event.starts_with("CodeBuild ") => ("build", delivery::render_build(&notification)),
        _ if event.starts_with("CodeDeploy ") => ("deployment", delivery::render_deployment(&notification)),
        "" if text_at(&notification, "/kind") == "run_summary" => match run_summary::render(text) {
            Ok(message) => ("run_summary", message),
            Err(_) => ("other", render_verbatim("A run's summary of an unknown form", &notification)),
        },
        "" if !text_at(&notification, "/AlarmName").is_empty() => ("alarm", alarm::render_action(&notification)),
        "" => ("other", render_verbatim(subject.unwrap_or("A notice"), &notification)),
        _ => {
            // An event without a detail is shown whole.
            let shown = notification.pointer("/detail").unwrap_or(&notification);
            ("event", render_verbatim(event, shown).context(&origin(&notification)))
        }
    }
}

/// Renders plain text. The first line is the title if there is no subject, or if the text is a budget's.
fn render_text(subject: Option<&str>, text: &str) -> (&'static str, Message) {
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

fn render_verbatim(title: &str, value: &Value) -> Message {
    Message::new(title).verbatim(&format!("{value:#}"))
}
