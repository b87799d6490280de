//! The HTTP contract of the auction platform, its faults, and its state after a kill.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gridbid_simulator_protocol::is_synthetic_rejection;
use serde_json::{Value, json};

use crate::harness::Simulators;

const ALWAYS_READY: [&str; 2] = ["--ready-percent", "100"];

fn key(number: usize) -> String {
    format!("{number:064x}")
}

/// An order whose amount has these digits.
fn order(number: usize, digits: &str) -> String {
    let key = key(number);
    format!(r#"{{"record_id":"id-{number}","parameter_1":"a","parameter_2":{digits},"idempotency_key":"{key}"}}"#)
}

fn post(simulators: &Simulators, orders: &[String]) -> (u16, Value) {
    let response = simulators.call("POST", "/auction/orders", &format!("[{}]", orders.join(",")));
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn results(simulators: &Simulators, slot: &str) -> String {
    let response = simulators.call("GET", &format!("/auction/results?slot={slot}"), "");
    assert_eq!(response.status, 200, "{}", response.text());
    response.text()
}

fn seen(simulators: &Simulators, what: &str, containing: &str) -> Value {
    let response = simulators.call("GET", &format!("/control/auction/{what}?containing={containing}"), "");
    serde_json::from_slice(&response.body).unwrap()
}

/// Posts an order, and returns its slot.
fn slot_of(simulators: &Simulators, order: String) -> String {
    let (status, response) = post(simulators, &[order]);
    assert_eq!((status, &response[0]["status"]), (200, &json!("received")), "{response}");
    response[0]["slot"].as_str().unwrap().to_owned()
}

#[test]
fn orders_are_received_and_appear_in_the_results_of_their_slot() {
    let simulators = Simulators::start_with("orders", 1, &ALWAYS_READY);
    let rules =
        json!([{"prefix": "id-2", "decision": {"reject": "too dear"}}, {"prefix": "id-", "decision": "accept"}]);
    simulators.set("auction/rules", &rules);
    let digits = "12345678901234567890.123456789012345678";

    let (status, response) = post(&simulators, &[order(1, digits), order(2, "2.10")]);

    assert_eq!(status, 200, "{response}");
    let slot = response[0]["slot"].as_str().unwrap();
    let received = |id: &str| json!({"record_id": id, "status": "received", "slot": slot});
    assert_eq!(response, json!([received("id-1"), received("id-2")]));
    let document = format!(
        r#"{{"results":true,"orders":[{{"order":"accepted","record_id":"id-1","power":{digits}}},{}]}}"#,
        r#"{"order":"rejected","record_id":"id-2","reason":"too dear"}"#
    );
    assert_eq!(results(&simulators, &slot.replace(':', "%3A")), document);
    let next = slot_of(&simulators, order(3, "1"));
    assert!(next.as_str() > slot, "{next}: the results of {slot} have been asked for");
    assert_eq!(results(&simulators, slot), document, "the same slot has the same results");
}

#[test]
fn known_key_has_the_same_response_and_other_content_is_refused() {
    let simulators = Simulators::start("keys", 1);
    let first = post(&simulators, &[order(1, "2.1"), order(2, "1")]);
    assert_eq!(post(&simulators, &[order(1, "2.1"), order(2, "1")]), first);

    let (status, response) = post(&simulators, &[order(1, "2.2"), order(2, "1")]);

    assert_eq!(status, 200);
    let reason = "the idempotency key belongs to another order";
    assert_eq!(response[0], json!({"record_id": "id-1", "status": "refused", "reason": reason}));
    assert_eq!(response[1], first.1[1]);
    let orders = seen(&simulators, "orders", "id-");
    let counts: Vec<&Value> = orders.as_array().unwrap().iter().map(|order| &order["requests"]).collect();
    assert_eq!(counts, [&json!(2), &json!(3)]);
    assert_eq!(orders[0]["idempotency_key"], key(1));
}

#[test]
fn state_survives_a_kill() {
    let mut simulators = Simulators::start_with("kill", 1, &ALWAYS_READY);
    let refuse = json!([{"prefix": "id-3", "decision": {"refuse": "gate closed"}}]);
    simulators.set("auction/rules", &refuse);
    let orders: Vec<String> = (0..20).map(|number| order(number, "0.5")).collect();
    let posted = post(&simulators, &orders);
    let slot = posted.1[0]["slot"].as_str().unwrap().to_owned();
    let document = results(&simulators, &slot);
    let scripted = "2026-11-22T07:05:00Z";
    simulators.set("auction", &json!({"slot": scripted, "responses": [{"synthetic": {"orders": 1}}]}));

    simulators.restart();

    assert_eq!(results(&simulators, &slot), document);
    assert!(results(&simulators, scripted).contains("synthetic-0000000"));
    assert!(
        document.contains("accepted") && document.contains("rejected") && !document.contains("id-3\""),
        "{document}"
    );
    assert_eq!(post(&simulators, &orders), posted, "a refused order stays refused without the rule");
    assert!(slot_of(&simulators, order(20, "1")) > slot);
    assert_eq!(seen(&simulators, "orders", "id-7")[0]["requests"], 2);
}

#[test]
fn malformed_requests_are_refused() {
    let simulators = Simulators::start("malformed", 1);
    let many: Vec<String> = (0..101).map(|number| order(number, "1")).collect();
    for (body, status, message) in [
        ("{}".to_owned(), 400, "not an array of orders"),
        ("[]".to_owned(), 400, "there is no order"),
        (format!("[{}]", many.join(",")), 413, "101 orders in one request; at most 100 are allowed"),
        (format!("[{}]", order(1, "\"2\"")), 400, "`parameter_2` of order `id-1` is not a number"),
        (format!("[{}]", order(1, "1").replace(&key(1), "abc")), 400, "`abc` is not a SHA-256"),
        (format!("[{}]", order(1, "1").replace("parameter_1", "text")), 400, "unknown field `text`"),
    ] {
        let response = simulators.call("POST", "/auction/orders", &body);
        assert_eq!(response.status, status, "{body}");
        assert!(response.text().contains(message), "{}", response.text());
    }
    assert_eq!(seen(&simulators, "orders", ""), json!([]));
    assert_eq!(simulators.call("GET", "/auction/results?slot=soon", "").status, 400);
    assert_eq!(simulators.call("GET", "/auction/orders", "").status, 405);
}

#[test]
fn token_is_required_where_there_is_one() {
    let simulators = Simulators::start_with("token", 1, &["--token", "secret"]);
    let body = format!("[{}]", order(1, "1"));
    for (authorization, status) in [("Bearer secret", 200), ("Bearer secrets", 401), ("secret", 401), ("", 401)] {
        let headers = [("content-type", "application/json"), ("authorization", authorization)];
        let response = simulators.send("POST", "/auction/orders", &headers, &body).unwrap();
        assert_eq!(response.status, status, "{authorization}");
        let headers = [("authorization", authorization)];
        let response = simulators.send("GET", "/auction/results?slot=2026-11-22T07:05:00Z", &headers, "").unwrap();
        assert_eq!(response.status, status, "{authorization}");
    }
}

#[test]
fn script_is_followed_and_polls_are_counted() {
    let simulators = Simulators::start("script", 1);
    let slot = slot_of(&simulators, order(1, "2.1"));
    let responses =
        json!([{"scripted": {"status": 503, "body": "busy"}}, "not_ready", "results", {"synthetic": {"orders": 2}}]);
    simulators.set("auction", &json!({"slot": slot, "responses": responses}));
    assert_eq!(simulators.call("PUT", "/control/auction", "{}").status, 422);
    let polls: Vec<(u16, String)> = (0..5)
        .map(|_| simulators.call("GET", &format!("/auction/results?slot={slot}"), ""))
        .map(|response| (response.status, response.text()))
        .collect();
    assert_eq!(polls[0], (503, "busy".to_owned()));
    assert_eq!(polls[1], (200, r#"{"results":false}"#.to_owned()));
    assert!(polls[2].1.contains(r#""record_id":"id-1""#), "{polls:?}");
    let synthetic = json!({"results": true, "orders": [
        {"order": "rejected", "record_id": "synthetic-0000000", "reason": "price too high"},
        {"order": "accepted", "record_id": "synthetic-0000001", "power": 0.5},
    ]});
    assert_eq!(serde_json::from_str::<Value>(&polls[3].1).unwrap(), synthetic);
    assert_eq!(polls[4], polls[3]);
    let counted = simulators.call("GET", &format!("/control/auction?slot={slot}"), "").text();
    assert_eq!(counted, r#"{"polls":5}"#);
}

#[test]
fn many_generated_orders_are_streamed_whole() {
    const COUNT: u32 = 100_001;
    let simulators = Simulators::start("synthetic", 1);
    let slot = "2026-11-22T07:05:00Z";
    simulators.set("auction", &json!({"slot": slot, "responses": [{"synthetic": {"orders": COUNT}}]}));
    let document: Value = serde_json::from_str(&results(&simulators, slot)).unwrap();
    let orders = document["orders"].as_array().unwrap();
    let rejected = orders.iter().filter(|order| order["order"] == "rejected").count();
    assert_eq!(orders.len(), COUNT as usize);
    assert_eq!(rejected, (0..COUNT).filter(|position| is_synthetic_rejection(*position)).count());
    assert_eq!(orders[100_000]["record_id"], "synthetic-0100000");
}

#[test]
fn faults_apply_to_their_requests_in_turn() {
    let simulators = Simulators::start("faults", 1);
    let status =
        |status: u16, retry_after: Option<u32>| json!({"status": {"status": status, "retry_after": retry_after}});
    let fault = |kind: Value, requests: u32| json!({"containing": "id-1", "requests": requests, "kind": kind});
    let faults = json!([fault(status(429, Some(2)), 1), fault(status(503, None), 2), fault(status(401, None), 1)]);
    simulators.set("auction/faults", &faults);
    let body = format!("[{}]", order(1, "1"));

    assert_eq!(post(&simulators, &[order(2, "1")]).0, 200, "another order has no fault");
    let responses: Vec<_> = (0..5).map(|_| simulators.call("POST", "/auction/orders", &body)).collect();

    assert_eq!(responses.iter().map(|response| response.status).collect::<Vec<_>>(), [429, 503, 503, 401, 200]);
    assert_eq!(responses[0].header("retry-after"), Some("2"));
    let orders = seen(&simulators, "orders", "id-1");
    assert_eq!((orders.as_array().unwrap().len(), &orders[0]["requests"]), (1, &json!(1)), "{orders}");
    let requests = seen(&simulators, "requests", "id-1");
    let statuses: Vec<&Value> = requests.as_array().unwrap().iter().map(|request| &request["status"]).collect();
    assert_eq!(json!(statuses), json!([429, 503, 503, 401, 200]));
    assert_eq!(requests[0]["target"], "POST /auction/orders");
}

/// The bytes of the response to a request with one order, until the connection ends.
fn raw_response(simulators: &Simulators, order: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", simulators.port)).unwrap();
    let body = format!("[{order}]");
    let head = format!(
        "POST /auction/orders HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    // A reset ends it too.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn connection_is_closed_before_or_after_processing() {
    let simulators = Simulators::start("closed", 1);
    let fault = |kind: &str| json!({"containing": "id-1", "requests": 1, "kind": kind});
    simulators.set("auction/faults", &json!([fault("close"), fault("lose_response")]));
    let count = || seen(&simulators, "orders", "id-1").as_array().unwrap().len();

    assert_eq!(raw_response(&simulators, &order(1, "1")), "");
    assert_eq!(count(), 0, "the order was not processed");
    assert_eq!(raw_response(&simulators, &order(1, "1")), "");
    assert_eq!(count(), 1, "the order was processed, and the response lost");
    let response = raw_response(&simulators, &order(1, "1"));
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    let requests = seen(&simulators, "requests", "id-1");
    let statuses: Vec<&Value> = requests.as_array().unwrap().iter().map(|request| &request["status"]).collect();
    assert_eq!(json!(statuses), json!([null, null, 200]));
}

#[test]
fn responses_are_delayed_and_dripped() {
    let simulators = Simulators::start("slow", 1);
    let slot = "2026-11-22T07:05:00Z";
    simulators.set("auction", &json!({"slot": slot, "responses": ["not_ready"]}));
    let fault = |kind: Value| json!({"containing": slot, "requests": 1, "kind": kind});
    simulators.set("auction/faults", &json!([fault(json!({"delay": 300})), fault(json!({"drip": 20}))]));
    for _ in 0..2 {
        let started = Instant::now();
        assert_eq!(results(&simulators, slot), r#"{"results":false}"#);
        assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
    }
}
