//! Log lines contain counts and codes, and no content of an order.

use super::*;

const MARKER: &str = "MARKER";

/// The log line of one request.
async fn log_line(api: &OrdersApi<MemoryOrders>, event: &Value) -> Value {
    let log = MemoryLog::default();
    let _output = log.invoke(&event.to_string(), async |event, invocation| api.respond(event, invocation).await).await;
    serde_json::from_str(&log.text()).unwrap()
}

#[tokio::test]
async fn log_lines_hold_no_content_of_a_request() {
    let order = r#"[{"record_id":"MARKER","parameter_1":"MARKER","parameter_2":1}]"#;
    let other_amount = order.replace(":1}", ":2}");
    let api = api();
    for (event, outcome, status) in [
        (posting(order), "ok", 201),
        (posting(&other_amount), "refused", 409),
        (
            posting(r#"[{"record_id":"MARKER!","parameter_1":"MARKER\n","parameter_2":"MARKER","MARKER":1}]"#),
            "refused",
            400,
        ),
        (posting("MARKER"), "refused", 400),
        (posting(&MARKER.repeat(100_000)), "refused", 413),
        (getting(MARKER), "ok", 200),
        (getting("MARKER-2"), "refused", 404),
        (getting("MARKER!"), "refused", 404),
        (marked(order), "refused", 415),
    ] {
        let line = log_line(&api, &event).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!((&line["outcome"], &line["status"]), (&json!(outcome), &json!(status)), "{event}: {line}");
    }
}

#[tokio::test]
async fn log_lines_of_faults_hold_no_content() {
    let order = posting(r#"[{"record_id":"MARKER","parameter_1":"MARKER","parameter_2":1}]"#);
    for (fault, status) in [(Fault::Throttle, 503), (Fault::LoseResponse, 503), (Fault::Deny, 500)] {
        let line = log_line(&OrdersApi::new(MemoryOrders::new().with_fault(fault)), &order).await;
        assert!(!line.to_string().contains(MARKER), "{line}");
        assert_eq!((&line["outcome"], &line["status"]), (&json!("fault"), &json!(status)), "{line}");
    }
    let mut elsewhere = order;
    elsewhere["routeKey"] = json!(MARKER);
    for event in [elsewhere, json!({"version": MARKER, "routeKey": MARKER}), json!({MARKER: MARKER}), json!(MARKER)] {
        let line = log_line(&api(), &event).await;
        assert!(!line.to_string().contains(MARKER), "{event}: {line}");
        assert_eq!(line["error"], "ContractBroken", "{event}: {line}");
    }
}

/// A request with the marker in every place that a client controls.
fn marked(body: &str) -> Value {
    let mut event = posting(body);
    event["rawPath"] = json!("/orders/MARKER");
    event["rawQueryString"] = json!("MARKER=MARKER");
    event["headers"] = json!({"content-type": "text/MARKER", "MARKER": MARKER, "authorization": MARKER});
    event["queryStringParameters"] = json!({MARKER: MARKER});
    event["cookies"] = json!([MARKER]);
    event
}
