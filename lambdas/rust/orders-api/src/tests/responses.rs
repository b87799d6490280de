//! The responses, byte for byte.

use super::*;

#[tokio::test]
async fn example_request_is_stored_and_read_back() {
    let api = api();
    let response = post(&api, EXAMPLE).await;
    assert_eq!(response.status, 201);
    assert_eq!(response.headers, json!({"content-type": "application/json"}));
    assert_eq!(response.text, format!(r#"{{"accepted":2,"stored":2,"unchanged":0,"expires_at":"{END}"}}"#));
    assert_eq!(response.invocation.log.outcome, Outcome::Ok);
    assert_eq!((response.invocation.log.stored, response.invocation.log.attempts), (Some(2), Some(1)));

    let response = send(&api, NOW + 60, getting("unique_id_2")).await;
    assert_eq!(response.status, 200);
    assert_eq!(
        response.text,
        r#"{"record_id":"unique_id_2","parameter_1":"def","parameter_2":2.1,"accepted_at":"2026-11-22T07:05:00Z","expires_at":"2026-11-23T07:05:00Z"}"#
    );
}

#[tokio::test]
async fn amounts_are_never_rounded() {
    let api = api();
    let digits = "12345678901234567890.123456789012345678";
    post(&api, &format!(r#"[{{"record_id":"a","parameter_1":"x","parameter_2":{digits}}}]"#)).await;
    post(&api, r#"[{"record_id":"b","parameter_1":"x","parameter_2":-1.50E+30}]"#).await;
    assert!(send(&api, NOW, getting("a")).await.text.contains(&format!(r#""parameter_2":{digits},"#)));
    assert!(send(&api, NOW, getting("b")).await.text.contains(r#""parameter_2":-1.5e+30,"#));
}

#[tokio::test]
async fn many_conflicts_are_truncated_in_the_detail_only() {
    let api = api();
    post(&api, &batch_of(0..100, 1)).await;
    let response = post(&api, &batch_of(0..100, 2)).await;
    assert_eq!(
        response.body["detail"],
        "nothing is stored, because of `id-0`, `id-1`, `id-2`, `id-3`, `id-4`, and 95 more"
    );
    assert_eq!(response.body["conflicts"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn missing_and_undecodable_bodies_are_400() {
    for (body, message) in [(json!(null), "Request body is empty"), (json!(""), "Request body is empty")] {
        let mut event = posting("");
        event["body"] = body;
        // A request without a body has no content type.
        event["headers"] = json!({});
        let response = send(&api(), NOW, event).await;
        assert_eq!(response.status, 400);
        assert_eq!(
            response.body,
            json!({
                "type": "urn:problem-type:gridbid:empty-body",
                "title": "The request has no body",
                "status": 400,
                "detail": message,
                "errorMessage": message,
            })
        );
    }
    let mut event = posting("[]");
    event["isBase64Encoded"] = json!(true);
    assert_eq!(send(&api(), NOW, event).await.body["errorMessage"], "Request body is not base64");
}

#[tokio::test]
async fn all_violations_are_listed() {
    let body =
        r#"[{"record_id":"a","parameter_1":"","parameter_2":"4"},{"record_id":"a","parameter_1":"x","parameter_2":1}]"#;
    let response = post(&api(), body).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.headers, json!({"content-type": "application/problem+json"}));
    let sentence = "/0/parameter_1: `parameter_1` must not be empty or blank (and 2 more)";
    assert_eq!(
        response.body,
        json!({
            "type": "urn:problem-type:gridbid:invalid-orders",
            "title": "The orders are not valid",
            "status": 400,
            "detail": sentence,
            "errorMessage": sentence,
            "total": 3,
            "violations": [
                {"index": 0, "field": "/0/parameter_1", "code": "empty", "message": "`parameter_1` must not be empty or blank"},
                {"index": 0, "field": "/0/parameter_2", "code": "wrong_type", "message": "`parameter_2` must be a number, not a string"},
                {"index": 1, "field": "/1/record_id", "code": "duplicate_record_id", "message": "`record_id` is the same as that of the order at /0"},
            ],
        })
    );
    assert_eq!(response.invocation.log.violations, Some(3));
    assert_eq!(response.invocation.log.code, Some("empty"));
}

#[tokio::test]
async fn violation_of_the_body_has_no_index() {
    let response = post(&api(), "[1,]").await;
    assert_eq!(response.body["violations"][0]["index"], Value::Null);
    assert_eq!(response.body["violations"][0]["field"], "");
    assert_eq!(response.body["violations"][0]["code"], "not_json");
    let message = response.body["violations"][0]["message"].clone();
    assert_eq!(response.body["errorMessage"], message);
}

#[tokio::test]
async fn size_limits_are_enforced() {
    assert_eq!(post(&api(), &batch_of(0..100, 1)).await.status, 201);
    let response = post(&api(), &batch_of(0..101, 1)).await;
    assert_eq!((response.status, &response.body["violations"][0]["code"]), (400, &json!("too_many_orders")));
    let fits = format!("{}{}", " ".repeat(262_144 - EXAMPLE.len()), EXAMPLE);
    assert_eq!(post(&api(), &fits).await.status, 201);
    let response = post(&api(), &format!(" {fits}")).await;
    assert_eq!(response.status, 413);
    assert_eq!(
        response.body,
        json!({
            "type": "urn:problem-type:gridbid:body-too-large",
            "title": "The request's body is too large",
            "status": 413,
            "detail": "262145 bytes are too many for one request: at most 262144",
        })
    );
    let response = post(&api(), &"x".repeat(20_000_000)).await;
    assert_eq!(response.body["detail"], "20000000 bytes are too many for one request: at most 262144");
}

#[tokio::test]
async fn base64_body_is_decoded() {
    // base64 of [{"record_id":"a","parameter_1":"é","parameter_2":1}]
    let mut event = posting("W3sicmVjb3JkX2lkIjoiYSIsInBhcmFtZXRlcl8xIjoiw6kiLCJwYXJhbWV0ZXJfMiI6MX1d");
    event["isBase64Encoded"] = json!(true);
    let api = api();
    assert_eq!(send(&api, NOW, event).await.status, 201);
    assert_eq!(api.table().items()["a"].stored.order.parameter_1.as_str(), "é");
}

#[tokio::test]
async fn other_content_types_are_415() {
    for headers in [json!({"content-type": "text/plain"}), json!({})] {
        let mut event = posting(EXAMPLE);
        event["headers"] = headers;
        let api = api();
        let response = send(&api, NOW, event).await;
        assert_eq!(response.status, 415);
        assert_eq!(response.body["detail"], "the content type must be `application/json`");
        assert_eq!(response.body.get("errorMessage"), None);
        assert!(api.table().items().is_empty());
    }
}

#[tokio::test]
async fn unknown_and_invalid_record_ids_are_404() {
    for record_id in ["nobody", "_", "a/b", "", &"x".repeat(129)] {
        let response = send(&api(), NOW, getting(record_id)).await;
        assert_eq!(response.status, 404, "{record_id}");
        assert_eq!(response.body["type"], "urn:problem-type:gridbid:no-such-order");
    }
}

#[tokio::test]
async fn other_events_break_the_contract() {
    for event in [
        json!({}),
        json!([]),
        json!({"version": "1.0", "routeKey": "POST /orders"}),
        json!({"version": "2.0", "routeKey": "$default"}),
        json!({"version": "2.0", "routeKey": "GET /orders/{record_id}"}),
    ] {
        let mut invocation =
            Invocation::new(Deadline::after(Duration::from_secs(1)), Timestamp::from_unix_seconds(NOW));
        let error = api().respond(&event.to_string(), &mut invocation).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken", "{event}");
    }
}

#[tokio::test]
async fn missing_variables_are_listed() {
    let error =
        OrdersApi::start(&mut Environment::from_pairs(&[("AWS_ENDPOINT_URL", "nowhere"), ("SUBMIT_ORDERS", "yes")]))
            .await
            .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment is not complete: AWS_REGION is missing, AWS_ENDPOINT_URL is not an http or https URL, \
         AWS_ACCESS_KEY_ID is missing, AWS_SECRET_ACCESS_KEY is missing, ORDERS_TABLE is missing, SUBMIT_ORDERS is neither true nor false"
    );
}
