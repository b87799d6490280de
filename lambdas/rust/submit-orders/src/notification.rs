//! Builds the notifications, which notify-slack renders.

use gridbid_core::stored::StoredOrder;
use serde::Serialize;

/// Maximum number of orders per message, which keeps it far below SNS's 256 KiB.
pub(crate) const MAX_ORDERS: usize = 100;

#[derive(Serialize)]
struct Notification<'a, T> {
    kind: &'a str,
    environment: &'a str,
    total: usize,
    orders: Vec<T>,
}

#[derive(Serialize)]
struct RefusedOrder<'a> {
    record_id: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct ExpiredOrder<'a> {
    record_id: &'a str,
    accepted_at: String,
}

/// Builds the message about orders that the platform refused, each with its reason.
pub(crate) fn refusal_message(environment: &str, orders: &[(&StoredOrder, &str)]) -> Result<String, serde_json::Error> {
    let orders = orders
        .iter()
        .map(|(stored, reason)| RefusedOrder { record_id: stored.order.record_id.as_str(), reason })
        .collect::<Vec<_>>();
    serde_json::to_string(&Notification { kind: "orders_refused", environment, total: orders.len(), orders })
}

/// Builds the message about orders that expired without a response of the platform.
pub(crate) fn expiry_message(environment: &str, orders: &[&StoredOrder]) -> Result<String, serde_json::Error> {
    let orders = orders
        .iter()
        .map(|stored| ExpiredOrder {
            record_id: stored.order.record_id.as_str(),
            accepted_at: stored.accepted_at.to_string(),
        })
        .collect::<Vec<_>>();
    serde_json::to_string(&Notification { kind: "orders_expired", environment, total: orders.len(), orders })
}
