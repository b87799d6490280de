//! Renders a notification as a Slack message.
//!
//! Known kinds: a run's summary, orders refused or expired without a response, and AWS's events of executions, alarms, pipelines, builds, deployments and budgets.
//! Missing fields are omitted and unknown kinds are shown verbatim, so that no notification is lost because of its form.

mod alarm;
mod delivery;
mod execution;
mod fields;
mod run_summary;
mod submission;

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
        "" => match text_at(&notification, "/kind") {
            "run_summary" => ("run_summary", or_verbatim(run_summary::render(text), "A run's summary", &notification)),
            "orders_refused" => (
                "orders_refused",
                or_verbatim(submission::render_refused(text), "A list of refused orders", &notification),
            ),
            "orders_expired" => (
                "orders_expired",
                or_verbatim(submission::render_expired(text), "A list of expired orders", &notification),
            ),
            _ if !text_at(&notification, "/AlarmName").is_empty() => ("alarm", alarm::render_action(&notification)),
            _ => ("other", render_verbatim(subject.unwrap_or("A notice"), &notification)),
        },
        _ => {
            // An event without a detail is shown whole.
            let shown = notification.pointer("/detail").unwrap_or(&notification);
            ("event", render_verbatim(event, shown).context(&origin(&notification)))
        }
    }
}

/// A notification of one of our functions, shown verbatim if its form is unknown.
fn or_verbatim(rendered: Result<Message, serde_json::Error>, what: &str, notification: &Value) -> Message {
    rendered.unwrap_or_else(|_| render_verbatim(&format!("{what} of an unknown form"), notification))
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
