//! The auction platform at `/auction`, and its control.
//!
//! `POST /auction/orders` and `GET /auction/results?slot=…` follow the rules in [`market`]. `/control/auction…` scripts the
//! responses for a slot, sets the decisions on orders and the faults of the HTTP server, and returns what the platform has
//! seen. Orders, readiness and scripts survive a restart, rules and faults do not.

mod faults;
mod journal;
mod market;
mod orders;
mod results;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use gridbid_release_format::Timestamp;
use gridbid_simulator_protocol::{
    AUCTION_FILE, AuctionFault, AuctionPolls, AuctionResponse, AuctionRule, AuctionScript, SeenOrder, SeenRequest,
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use market::{Odds, SEED};

use faults::Faults;
use journal::{Event, Journal};
use market::Market;

/// The platform and its control. The token is required of every request to the platform, if there is one.
///
/// # Errors
/// When the journal in the folder cannot be read.
pub(crate) fn routes(folder: &Path, odds: Odds, token: Option<String>) -> io::Result<Router> {
    let (journal, events) = Journal::open(&folder.join(AUCTION_FILE))?;
    let mut auction = Auction { market: Market::new(odds), journal, scripts: BTreeMap::new() };
    events.into_iter().for_each(|event| auction.apply(event));
    let platform = Platform { auction: Mutex::new(auction), faults: Mutex::default(), token };
    Ok(Router::new()
        .route("/auction/orders", post(receive_orders))
        .route("/auction/results", get(return_results))
        .route("/control/auction", get(polls).put(set_script))
        .route("/control/auction/rules", put(set_rules))
        .route("/control/auction/faults", put(set_faults))
        .route("/control/auction/orders", get(seen_orders))
        .route("/control/auction/requests", get(seen_requests))
        .with_state(Arc::new(platform)))
}

struct Platform {
    auction: Mutex<Auction>,
    faults: Mutex<Faults>,
    token: Option<String>,
}

struct Auction {
    market: Market,
    journal: Journal,
    scripts: BTreeMap<String, Script>,
}

/// The scripted responses for a slot, and its polls. A slot without responses is the market's.
#[derive(Default)]
struct Script {
    responses: Vec<AuctionResponse>,
    polls: u64,
}

impl Auction {
    /// Writes an event to the journal, then makes it take effect.
    fn record(&mut self, event: Option<Event>) -> io::Result<()> {
        let Some(event) = event else { return Ok(()) };
        self.journal.append(&event)?;
        self.apply(event);
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Scripted(AuctionScript { slot, responses }) => {
                self.scripts.insert(slot, Script { responses, polls: 0 });
            }
            event => self.market.apply(event),
        }
    }

    /// The response to the next poll for a slot.
    fn poll(&mut self, slot: &str) -> io::Result<AuctionResponse> {
        self.record(self.market.close(slot))?;
        let script = self.scripts.entry(slot.to_owned()).or_default();
        let poll = usize::try_from(script.polls).unwrap_or(usize::MAX);
        script.polls += 1;
        let response = script.responses.get(poll).or_else(|| script.responses.last());
        match response.cloned() {
            Some(response) => Ok(response),
            None => {
                let event = self.market.poll(slot);
                self.record(event)?;
                let is_ready = self.market.is_ready(slot);
                Ok(if is_ready { AuctionResponse::Results } else { AuctionResponse::NotReady })
            }
        }
    }
}

impl Platform {
    fn auction(&self) -> MutexGuard<'_, Auction> {
        self.auction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_authorized(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == format!("Bearer {token}").as_bytes())
    }

    /// Responds to a request of the platform's contract, with the faults that were set. `text` is searched for their texts.
    async fn respond(
        &self,
        target: String,
        text: &str,
        headers: &HeaderMap,
        process: impl FnOnce(&mut Auction) -> io::Result<Response>,
    ) -> Response {
        let fault = self.faults().take(text);
        let process = || {
            if !self.is_authorized(headers) {
                return refusal(StatusCode::UNAUTHORIZED, "the bearer token is missing or wrong");
            }
            process(&mut self.auction()).unwrap_or_else(|error| cannot_record(&error))
        };
        let (response, status) = faults::apply(fault, process).await;
        self.faults().record(SeenRequest { at_millis: now().0, target, status }, text);
        response
    }
}

/// The current time in milliseconds and in seconds since 1970.
fn now() -> (u64, u64) {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (u64::try_from(age.as_millis()).unwrap_or(u64::MAX), age.as_secs())
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

fn cannot_record(error: &io::Error) -> Response {
    refusal(StatusCode::INTERNAL_SERVER_ERROR, &format!("cannot write the journal: {error}"))
}

fn json_response(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn receive_orders(
    State(platform): State<Arc<Platform>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = String::from_utf8_lossy(&body);
    let process = |auction: &mut Auction| orders::receive(auction, &body, now().1);
    platform.respond(format!("{method} {uri}"), &text, &headers, process).await
}

#[derive(Deserialize)]
struct SlotQuery {
    #[serde(default)]
    slot: String,
}

async fn return_results(
    State(platform): State<Arc<Platform>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Query(SlotQuery { slot }): Query<SlotQuery>,
) -> Response {
    let process = |auction: &mut Auction| {
        if !slot.parse().is_ok_and(|time: Timestamp| time.to_string() == slot) {
            return Ok(refusal(StatusCode::BAD_REQUEST, "the slot is not a time such as 2026-11-22T07:05:00Z"));
        }
        let response = auction.poll(&slot)?;
        Ok(results::respond(response, || auction.market.orders(&slot)))
    };
    platform.respond(format!("{method} {uri}"), &slot, &headers, process).await
}

async fn polls(
    State(platform): State<Arc<Platform>>,
    Query(SlotQuery { slot }): Query<SlotQuery>,
) -> Json<AuctionPolls> {
    let auction = platform.auction();
    Json(AuctionPolls { polls: auction.scripts.get(&slot).map_or(0, |script| script.polls) })
}

async fn set_script(State(platform): State<Arc<Platform>>, Json(script): Json<AuctionScript>) -> Response {
    match platform.auction().record(Some(Event::Scripted(script))) {
        Ok(()) => json_response("{}".to_owned()),
        Err(error) => cannot_record(&error),
    }
}

async fn set_rules(State(platform): State<Arc<Platform>>, Json(rules): Json<Vec<AuctionRule>>) -> Json<Value> {
    platform.auction().market.rules = rules;
    Json(json!({}))
}

async fn set_faults(State(platform): State<Arc<Platform>>, Json(faults): Json<Vec<AuctionFault>>) -> Json<Value> {
    platform.faults().set(faults);
    Json(json!({}))
}

#[derive(Deserialize)]
struct SeenQuery {
    /// The prefix of an id for orders, any text of the query or the body for requests.
    #[serde(default)]
    containing: String,
}

async fn seen_orders(State(platform): State<Arc<Platform>>, Query(query): Query<SeenQuery>) -> Json<Vec<SeenOrder>> {
    Json(platform.auction().market.seen(&query.containing))
}

async fn seen_requests(
    State(platform): State<Arc<Platform>>,
    Query(query): Query<SeenQuery>,
) -> Json<Vec<SeenRequest>> {
    Json(platform.faults().requests(&query.containing))
}
