//! The clients of the API: they post orders until they have a response, read orders, and send what is not a batch of orders.
//!
//! A response to a read is compared with what was observed of the table: the order that was live during the call, with the
//! submission that it had at its start or at its end.

use std::{ops::RangeInclusive, rc::Rc};

use gridbid_core::{expiry::Timestamp, submission::Submission};
use serde_json::{Value, json};

use crate::{
    functions::invoke,
    observations::{Instance, caller_of, record_id_of},
    run::CLOCK_TOLERANCE,
    schedule::{Function, InvalidRequest, Place, RequestedOrder},
    world::World,
};

/// The event of a request with orders.
fn event(client: u64, body: &Value) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "POST /orders",
        "headers": {"content-type": "application/json"},
        "requestContext": {"authorizer": {"iam": {"userArn": caller_of(client)}}},
        "body": body.to_string(),
    })
}

/// Sends an event. Returns the response, and whether it is lost.
async fn send(world: &Rc<World>, event: &Value) -> (Option<Value>, bool) {
    let response = invoke(world, Function::OrdersApi, event.to_string(), None).await;
    let response: Option<Value> = response.ok().map(|response| serde_json::from_str(&response).unwrap());
    if let Some(status) = status_of(response.as_ref()) {
        world.coverage.borrow_mut().take_status(status);
    }
    (response, world.fault(Place::ApiResponse, None).is_some())
}

fn status_of(response: Option<&Value>) -> Option<u64> {
    response?["statusCode"].as_u64()
}

/// Posts orders until there is an answer, a bounded number of times; then reads one of them.
pub async fn post(world: &Rc<World>, client: u64, orders: &[RequestedOrder]) {
    let body = orders
        .iter()
        .map(|(id, amount)| json!({"record_id": record_id_of(*id), "parameter_1": "x", "parameter_2": amount}))
        .collect();
    let event = event(client, &body);
    for _ in 0..4 {
        let began = world.host_time();
        let (response, is_lost) = send(world, &event).await;
        let status = status_of(response.as_ref());
        world.note(|| format!("client {client} gets {status:?}{}", if is_lost { ", which is lost" } else { "" }));
        match status {
            Some(201) => world.observe_acknowledgement(client, orders, began),
            Some(409 | 500 | 503) | None => {}
            Some(status) => world.violate(|| format!("client {client} got the status {status}")),
        }
        if !is_lost && matches!(status, Some(201 | 409)) {
            let (id, _) = world.dice("read").pick(orders);
            read(world, client, id).await;
            return;
        }
        world.pass_time("client", 1_000, 4_000).await;
    }
}

/// Reads an order and checks the response.
pub async fn read(world: &Rc<World>, client: u64, id: u64) {
    let record_id = record_id_of(id);
    let event = json!({
        "version": "2.0",
        "routeKey": "GET /orders/{record_id}",
        "pathParameters": {"record_id": record_id},
        "requestContext": {"authorizer": {"iam": {"userArn": caller_of(client)}}},
    });
    let before = Reading::of(world, &record_id);
    let (response, _) = send(world, &event).await;
    let after = Reading::of(world, &record_id);
    let status = status_of(response.as_ref());
    world.note(|| format!("client {client} reads {record_id} and gets {status:?}"));
    let body = response.as_ref().and_then(|response| response["body"].as_str()).unwrap_or_default();
    let wrong = match status {
        Some(200) => after.refute_order(&before, &serde_json::from_str(body).unwrap()),
        Some(404) => after.refute_absence(&before),
        Some(500 | 503) | None => None,
        Some(status) => Some(format!("the status {status}")),
    };
    if let Some(wrong) = wrong {
        world.violate(|| format!("client {client} read `{record_id}` and got {wrong}"));
    }
}

/// Sends a request that is not a batch of valid orders, and checks its refusal.
pub async fn send_invalid(world: &Rc<World>, client: u64, kind: InvalidRequest) {
    let order = json!({"record_id": "invalid", "parameter_1": "x", "parameter_2": 1});
    let mut request = event(client, &json!([order]));
    let expected = match kind {
        InvalidRequest::Empty => {
            request["body"] = Value::Null;
            400
        }
        InvalidRequest::RepeatedId => {
            request["body"] = json!([order, order]).to_string().into();
            400
        }
        InvalidRequest::NotBase64 => {
            request["isBase64Encoded"] = Value::Bool(true);
            400
        }
        InvalidRequest::NotUtf8 => {
            request["body"] = "[\u{fffd}]".into();
            400
        }
        InvalidRequest::TooLarge => {
            request["body"] = " ".repeat(256 * 1024 + 1).into();
            413
        }
        InvalidRequest::Text => {
            request["headers"]["content-type"] = "text/plain".into();
            415
        }
        InvalidRequest::Compressed => {
            request["headers"]["content-encoding"] = "gzip".into();
            415
        }
    };
    let (response, _) = send(world, &request).await;
    let status = status_of(response.as_ref());
    if status.is_some_and(|status| status != expected) {
        world.violate(|| format!("client {client} sent {kind} and got {status:?} instead of {expected}"));
    }
}

/// What may be known of an order at one moment.
struct Reading {
    /// The times that a host's clock may show.
    clocks: RangeInclusive<u64>,
    /// The last order that was stored with this id: its acceptance, its expiry and its response.
    last: Option<Expected>,
}

struct Expected {
    expires_at: u64,
    /// The response's body, without the time of the submission.
    body: Value,
}

impl Reading {
    fn of(world: &World, record_id: &str) -> Self {
        let now = world.host_time().unix_seconds();
        let observations = world.observations.borrow();
        let mut instances =
            observations.instances.iter().filter(|instance| instance.stored.order.record_id.as_str() == record_id);
        let last = instances.next_back().map(Expected::of);
        Self { clocks: now - CLOCK_TOLERANCE..=now + CLOCK_TOLERANCE, last }
    }

    /// Why an order is not what the table had between an earlier reading and this one.
    fn refute_order(&self, before: &Self, body: &Value) -> Option<String> {
        let mut body = body.clone();
        if let Some(submission) = body["submission"].as_object_mut() {
            submission.remove("at");
        }
        let expected: Vec<&Expected> = [&before.last, &self.last].into_iter().flatten().collect();
        let Some(found) = expected.iter().find(|expected| expected.body == body) else {
            let expected: Vec<&Value> = expected.iter().map(|expected| &expected.body).collect();
            return Some(format!("{body} instead of one of {expected:?}"));
        };
        (found.expires_at <= *before.clocks.start()).then(|| format!("{body}, which has expired"))
    }

    /// Why the order was not absent between an earlier reading and this one.
    fn refute_absence(&self, before: &Self) -> Option<String> {
        let was_live = before.last.as_ref().filter(|last| last.expires_at > *self.clocks.end());
        was_live.map(|last| format!("a 404, but {} is stored", last.body))
    }
}

impl Expected {
    fn of(Instance { stored, caller, submission, .. }: &Instance) -> Self {
        let time = |time: Timestamp| time.to_string();
        let mut body = json!({
            "record_id": stored.order.record_id.as_str(),
            "parameter_1": stored.order.parameter_1.as_str(),
            "parameter_2": serde_json::from_str::<Value>(&stored.order.parameter_2.text()).unwrap(),
            "accepted_at": time(stored.accepted_at),
            "expires_at": time(stored.expires_at),
            "submitted_by": caller,
            "submission": {"status": submission.status()},
        });
        match submission {
            Submission::Pending => {}
            Submission::Submitted { slot, .. } => body["submission"]["slot"] = slot.to_string().into(),
            Submission::Refused { reason, .. } => body["submission"]["reason"] = reason.clone().into(),
        }
        Self { expires_at: stored.expires_at.unix_seconds(), body }
    }
}
