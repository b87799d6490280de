//! Orders that were not submitted, as submit-orders publishes them: refused by the platform, or expired without its response. The
//! platform may hold the latter: its response may have been lost.

use std::borrow::Cow;

use serde::Deserialize;

use crate::message::{Markup, Message};

#[derive(Deserialize)]
struct Notification<'a, T> {
    #[serde(borrow)]
    environment: Cow<'a, str>,
    total: u64,
    orders: Vec<T>,
}

#[derive(Deserialize)]
struct RefusedOrder {
    record_id: String,
    reason: String,
}

#[derive(Deserialize)]
struct ExpiredOrder {
    record_id: String,
    accepted_at: String,
}

/// Renders orders that the platform refused.
///
/// # Errors
/// A text of another form.
pub(super) fn render_refused(text: &str) -> Result<Message, serde_json::Error> {
    let refused: Notification<'_, RefusedOrder> = serde_json::from_str(text)?;
    let title = title(refused.total, "refused by the auction platform", &refused.environment);
    let lines =
        refused.orders.iter().map(|order| Markup::default().name(&order.record_id).and(" ").text(&order.reason));
    Ok(list(&title, "Refused", lines.collect(), refused.total))
}

/// Renders orders that expired without a response of the platform.
///
/// # Errors
/// A text of another form.
pub(super) fn render_expired(text: &str) -> Result<Message, serde_json::Error> {
    let expired: Notification<'_, ExpiredOrder> = serde_json::from_str(text)?;
    let title = title(expired.total, "expired without a response of the auction platform", &expired.environment);
    let lines = expired
        .orders
        .iter()
        .map(|order| Markup::default().name(&order.record_id).and(" accepted at ").text(&order.accepted_at));
    Ok(list(&title, "Ask the platform whether it has them", lines.collect(), expired.total))
}

fn title(total: u64, what: &str, environment: &str) -> String {
    let orders = if total == 1 { "order" } else { "orders" };
    format!("{total} {orders} {what} ({environment})")
}

fn list(title: &str, heading: &str, lines: Vec<Markup>, total: u64) -> Message {
    let more = total.saturating_sub(lines.len() as u64);
    Message::new(title).list(heading, &lines, more)
}
