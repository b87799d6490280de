//! The summary of a results run, as close-run publishes it.

use std::borrow::Cow;

use serde::Deserialize;

use crate::message::{Markup, Message};

#[derive(Deserialize)]
struct RunSummary<'a> {
    #[serde(borrow)]
    environment: Cow<'a, str>,
    #[serde(borrow)]
    run: Cow<'a, str>,
    #[serde(borrow)]
    slot: Cow<'a, str>,
    polls: u64,
    accepted: u64,
    rejected: u64,
    failed: u64,
    #[serde(borrow)]
    total_power: Cow<'a, str>,
    rejections: Vec<Line>,
    failures: Vec<Line>,
    more_rejections: u64,
    more_failures: u64,
}

#[derive(Deserialize)]
struct Line {
    position: u64,
    /// Number of orders, if there is more than one.
    count: Option<u64>,
    #[serde(default)]
    error: Option<String>,
    why: String,
}

/// Renders a summary.
///
/// # Errors
/// A text of another form.
pub(super) fn render(text: &str) -> Result<Message, serde_json::Error> {
    let run: RunSummary<'_> = serde_json::from_str(text)?;
    let title = format!(
        "Results run {} ({}): {} accepted, {} rejected, {} failed",
        run.slot, run.environment, run.accepted, run.rejected, run.failed
    );
    let polls = if run.polls == 1 { "once".to_owned() } else { format!("{} times", run.polls) };
    let facts = Markup::ours("*Power accepted* ").text(&run.total_power).and(&format!("\n*Platform asked* {polls}"));
    Ok(Message::new(&title)
        .section(&facts)
        .list("Failed", &render_lines(&run.failures), run.more_failures)
        .list("Rejected", &render_lines(&run.rejections), run.more_rejections)
        .context(&Markup::ours("run ").name(&run.run)))
}

fn render_lines(lines: &[Line]) -> Vec<Markup> {
    let line = |line: &Line| {
        let place = Markup::ours(match line.count {
            Some(count) => format!("orders {} to {}: ", line.position, line.position + count.saturating_sub(1)),
            None => format!("order {}: ", line.position),
        });
        match &line.error {
            Some(error) => place.name(error).and(" ").text(&line.why),
            None => place.text(&line.why),
        }
    };
    lines.iter().map(line).collect()
}
