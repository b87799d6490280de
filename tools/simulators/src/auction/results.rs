//! `GET /results`: the response to a poll. Generated results are streamed, because a million orders take 80 MB.

use std::convert::Infallible;
use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gridbid_simulator_protocol::{
    AuctionResponse, SYNTHETIC_POWER, SYNTHETIC_REASON, SeenOrder, is_synthetic_rejection,
};
use http_body_util::channel::Channel;
use serde_json::Value;

use super::json_response;

/// Number of generated orders per chunk of a response.
const CHUNK: u32 = 1000;
const BEGIN: &str = r#"{"results":true,"orders":["#;
const END: &str = "]}";

/// The HTTP response; `orders` are those of the slot.
pub(super) fn respond(response: AuctionResponse, orders: impl FnOnce() -> Vec<SeenOrder>) -> Response {
    match response {
        AuctionResponse::Scripted { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, json_response(body)).into_response()
        }
        AuctionResponse::NotReady => json_response(r#"{"results":false}"#.to_owned()),
        AuctionResponse::Results => json_response(document(&orders())),
        AuctionResponse::Synthetic { orders } => synthetic(orders),
    }
}

fn document(orders: &[SeenOrder]) -> String {
    let mut text = BEGIN.to_owned();
    for (index, order) in orders.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        append(&mut text, comma, &order.record_id, &order.parameter_2, order.reason.as_deref());
    }
    text + END
}

/// Appends an order; the power keeps the digits of the order's request.
fn append(text: &mut String, comma: &str, record_id: &str, power: &str, reason: Option<&str>) {
    let quoted = |text: &str| Value::from(text).to_string();
    let record_id = quoted(record_id);
    // Writing to a string does not fail.
    let _ = match reason {
        None => write!(text, r#"{comma}{{"order":"accepted","record_id":{record_id},"power":{power}}}"#),
        Some(reason) => {
            write!(text, r#"{comma}{{"order":"rejected","record_id":{record_id},"reason":{}}}"#, quoted(reason))
        }
    };
}

fn synthetic(orders: u32) -> Response {
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(2);
    tokio::spawn(async move {
        let mut text = BEGIN.to_owned();
        for position in 0..orders {
            let comma = if position == 0 { "" } else { "," };
            let reason = is_synthetic_rejection(position).then_some(SYNTHETIC_REASON);
            append(&mut text, comma, &format!("synthetic-{position:07}"), SYNTHETIC_POWER, reason);
            // Stop when the client has disconnected.
            if position % CHUNK == CHUNK - 1 && sender.send_data(std::mem::take(&mut text).into()).await.is_err() {
                return;
            }
        }
        let _ = sender.send_data((text + END).into()).await;
    });
    ([(header::CONTENT_TYPE, "application/json")], Body::new(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_has_the_digits_of_the_order() {
        let order = |record_id: &str, reason: Option<&str>| SeenOrder {
            idempotency_key: String::new(),
            record_id: record_id.to_owned(),
            parameter_1: String::new(),
            parameter_2: "12345678901234567890.123456789012345678".to_owned(),
            requests: 1,
            slot: None,
            reason: reason.map(str::to_owned),
        };
        assert_eq!(
            document(&[order("a", None), order("b", Some("too \"dear\""))]),
            concat!(
                r#"{"results":true,"orders":[{"order":"accepted","record_id":"a","#,
                r#""power":12345678901234567890.123456789012345678},"#,
                r#"{"order":"rejected","record_id":"b","reason":"too \"dear\""}]}"#
            )
        );
        assert_eq!(document(&[]), r#"{"results":true,"orders":[]}"#);
    }
}
