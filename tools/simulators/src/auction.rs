//! The auction platform: it responds to the polls of each slot as its script says.
//!
//! A slot without a script has no results at its first poll, and the orders of the example response afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gridbid_simulator_protocol::{AuctionPolls, AuctionResponse, AuctionScript};
use serde::Deserialize;
use serde_json::{Value, json};

/// The platform at `/auction`, and its control.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/auction", get(poll))
        .route("/control/auction", get(polls).put(set_script))
        .with_state(Arc::default())
}

#[derive(Default)]
struct Auction {
    slots: Mutex<BTreeMap<String, Slot>>,
}

#[derive(Default)]
struct Slot {
    responses: Vec<AuctionResponse>,
    polls: u64,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    slot: String,
}

impl Auction {
    fn poll(&self, slot: &str) -> AuctionResponse {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(slot.to_owned()).or_default();
        let poll = slot.polls;
        slot.polls += 1;
        let index = usize::try_from(poll).unwrap_or(usize::MAX);
        let response = slot.responses.get(index).or_else(|| slot.responses.last());
        response.cloned().unwrap_or_else(|| {
            let body = match poll {
                0 => json!({"results": false}),
                _ => json!({"results": true, "orders": [{"order": "accepted"}, {"order": "rejected"}]}),
            };
            AuctionResponse { status: 200, body: body.to_string() }
        })
    }

    fn polls(&self, slot: &str) -> AuctionPolls {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        AuctionPolls { polls: slots.get(slot).map_or(0, |slot| slot.polls) }
    }

    fn set_script(&self, AuctionScript { slot, responses }: AuctionScript) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.insert(slot, Slot { responses, polls: 0 });
    }
}

async fn poll(State(auction): State<Arc<Auction>>, Query(parameters): Query<Parameters>) -> Response {
    let AuctionResponse { status, body } = auction.poll(&parameters.slot);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn polls(State(auction): State<Arc<Auction>>, Query(parameters): Query<Parameters>) -> Json<AuctionPolls> {
    Json(auction.polls(&parameters.slot))
}

async fn set_script(State(auction): State<Arc<Auction>>, Json(script): Json<AuctionScript>) -> Json<Value> {
    auction.set_script(script);
    Json(json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_come_in_order_and_the_last_one_is_repeated() {
        let auction = Auction::default();
        let response = |status, body: &str| AuctionResponse { status, body: body.to_owned() };
        let responses = vec![response(503, ""), response(200, "{}")];
        auction.set_script(AuctionScript { slot: "s".to_owned(), responses });
        let statuses: Vec<u16> = (0..3).map(|_| auction.poll("s").status).collect();
        assert_eq!(statuses, [503, 200, 200]);
        assert_eq!(auction.polls("s").polls, 3);
        assert_eq!(auction.polls("t").polls, 0);
    }

    #[test]
    fn slot_without_a_script_is_ready_at_the_second_poll() {
        let auction = Auction::default();
        assert_eq!(auction.poll("s").body, r#"{"results":false}"#);
        assert!(auction.poll("s").body.contains("rejected"));
    }
}
