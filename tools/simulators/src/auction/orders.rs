//! `POST /orders`: a batch of orders in, the platform's decision on each out.

use std::borrow::Cow;
use std::io;

use axum::http::StatusCode;
use axum::response::Response;
use gridbid_release_format::Sha256;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::journal::Decision;
use super::market::Submission;
use super::{Auction, json_response, refusal};

/// Maximum number of orders of a request.
const MAX_ORDERS: usize = 100;

/// An order of a request; the amount keeps its digits.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    #[serde(borrow)]
    record_id: Cow<'a, str>,
    #[serde(borrow)]
    parameter_1: Cow<'a, str>,
    #[serde(borrow)]
    parameter_2: &'a RawValue,
    idempotency_key: Sha256,
}

/// Responds to a request with orders that arrives at this time (seconds since 1970).
///
/// # Errors
/// When the journal cannot be written. The orders before the failure are recorded; sent again, they get the same response.
pub(super) fn receive(auction: &mut Auction, body: &[u8], now: u64) -> io::Result<Response> {
    let entries: Vec<Entry<'_>> = match serde_json::from_slice(body) {
        Ok(entries) => entries,
        Err(error) => return Ok(refusal(StatusCode::BAD_REQUEST, &format!("not an array of orders: {error}"))),
    };
    match entries.len() {
        0 => return Ok(refusal(StatusCode::BAD_REQUEST, "there is no order in the request")),
        1..=MAX_ORDERS => {}
        count => {
            let message = format!("{count} orders in one request; at most {MAX_ORDERS} are allowed");
            return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, &message));
        }
    }
    if let Some(entry) = entries.iter().find(|entry| !is_number(entry.parameter_2)) {
        let message = format!("`parameter_2` of order `{}` is not a number", entry.record_id);
        return Ok(refusal(StatusCode::BAD_REQUEST, &message));
    }
    let mut responses = Vec::with_capacity(entries.len());
    for entry in &entries {
        let key = entry.idempotency_key.to_string();
        let order = Submission {
            key: &key,
            record_id: &entry.record_id,
            parameter_1: &entry.parameter_1,
            parameter_2: entry.parameter_2.get(),
        };
        let (decision, event) = auction.market.receive(order, now);
        auction.record(event)?;
        responses.push(match decision {
            Decision::Received { slot, .. } => {
                json!({"record_id": entry.record_id, "status": "received", "slot": slot})
            }
            Decision::Refused { reason } => {
                json!({"record_id": entry.record_id, "status": "refused", "reason": reason})
            }
        });
    }
    Ok(json_response(Value::from(responses).to_string()))
}

/// Whether a JSON value is a number: no other value begins with a digit or a minus sign.
fn is_number(value: &RawValue) -> bool {
    value.get().starts_with(|first: char| first == '-' || first.is_ascii_digit())
}
