//! Tests of the API on a table in memory.

mod events;
mod logs;
mod responses;
mod store;

use std::time::Duration;

use gridbid_adapters::{
    Invocation,
    deadline::Deadline,
    environment::Environment,
    memory::{Fault, Items, MemoryLog, MemoryOrders},
    orders::OrderItem,
    telemetry::Outcome,
};
use gridbid_core::{batch, expiry::Timestamp, stored::StoredOrder};
use serde_json::{Value, json};

use super::*;

/// 2026-11-22T07:05:00Z.
const NOW: u64 = 1_795_331_100;
const END: &str = "2026-11-23T07:05:00Z";
const EXAMPLE: &str = r#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4},
                          {"record_id":"unique_id_2","parameter_1":"def","parameter_2":2.10}]"#;

struct Received {
    status: u64,
    headers: Value,
    body: Value,
    /// The body, byte for byte.
    text: String,
    invocation: Invocation,
}

async fn send(api: &OrdersApi<MemoryOrders>, now: u64, event: Value) -> Received {
    let mut invocation = Invocation::new(Deadline::after(Duration::from_secs(10)), Timestamp::from_unix_seconds(now));
    let response = api.respond(&event.to_string(), &mut invocation).await.unwrap();
    let response: Value = serde_json::from_str(&response).unwrap();
    assert_eq!(response["isBase64Encoded"], false);
    let text = response["body"].as_str().unwrap().to_owned();
    Received {
        status: response["statusCode"].as_u64().unwrap(),
        headers: response["headers"].clone(),
        body: serde_json::from_str(&text).unwrap(),
        text,
        invocation,
    }
}

fn posting(body: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "POST /orders",
        "rawPath": "/orders",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST"}},
        "body": body,
        "isBase64Encoded": false,
    })
}

fn getting(record_id: &str) -> Value {
    json!({"version": "2.0", "routeKey": "GET /orders/{record_id}", "pathParameters": {"record_id": record_id}})
}

async fn post(api: &OrdersApi<MemoryOrders>, body: &str) -> Received {
    send(api, NOW, posting(body)).await
}

fn api() -> OrdersApi<MemoryOrders> {
    OrdersApi::new(MemoryOrders::new())
}

fn batch_of(ids: std::ops::Range<u32>, amount: u32) -> String {
    let orders: Vec<Value> =
        ids.map(|id| json!({"record_id": format!("id-{id}"), "parameter_1": "x", "parameter_2": amount})).collect();
    Value::Array(orders).to_string()
}

/// A concurrent write of these orders, under the same conditions: no existing order is overwritten.
fn concurrent_write(body: &str, accepted_at: u64) -> impl FnOnce(&mut Items) + use<> {
    let accepted_at = Timestamp::from_unix_seconds(accepted_at);
    let batch = batch::parse(body.as_bytes(), &Limits::default()).unwrap();
    let orders: Vec<StoredOrder> = batch
        .orders()
        .iter()
        .map(|order| StoredOrder {
            order: order.clone().into_owned(),
            accepted_at,
            expires_at: expiry::expires_at(accepted_at),
        })
        .collect();
    move |items| {
        for stored in orders {
            let record_id = stored.order.record_id.as_str().to_owned();
            items.entry(record_id).or_insert(OrderItem { stored, submitted_by: None, submission: None });
        }
    }
}
