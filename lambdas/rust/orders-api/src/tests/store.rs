//! The table after requests that are repeated, conflict, are throttled or lose their response.

use gridbid_adapters::submissions::SubmissionTable as _;
use gridbid_core::{name::Slot, submission::Submission};

use super::*;

#[tokio::test]
async fn repeated_request_writes_nothing() {
    let api = api();
    post(&api, EXAMPLE).await;
    let before = api.table().items();
    let response = send(&api, NOW + 3_600, posting(EXAMPLE)).await;
    assert_eq!(response.status, 201);
    assert_eq!(response.body, json!({"accepted": 2, "stored": 0, "unchanged": 2, "expires_at": END}));
    assert_eq!(api.table().items(), before);
    // One transaction for the first request, one that found every order unchanged.
    assert_eq!(api.table().transactions(), 2);
}

#[tokio::test]
async fn partly_repeated_request_stores_only_new_orders() {
    let api = api();
    post(&api, &batch_of(0..60, 1)).await;
    let response = send(&api, NOW + 3_600, posting(&batch_of(30..90, 1))).await;
    assert_eq!(response.body, json!({"accepted": 60, "stored": 30, "unchanged": 30, "expires_at": END}));
    let items = api.table().items();
    assert_eq!(items.len(), 90);
    assert_eq!(items["id-59"].stored.accepted_at.unix_seconds(), NOW);
    assert_eq!(items["id-60"].stored.accepted_at.unix_seconds(), NOW + 3_600);
}

#[tokio::test]
async fn conflicting_content_refuses_the_whole_request() {
    let api = api();
    post(&api, EXAMPLE).await;
    let before = api.table().items();
    let body = r#"[{"record_id":"new","parameter_1":"abc","parameter_2":4},
                   {"record_id":"unique_id_1","parameter_1":"abc","parameter_2":5},
                   {"record_id":"unique_id_2","parameter_1":"xyz","parameter_2":2.1}]"#;
    let response = post(&api, body).await;
    assert_eq!(response.status, 409);
    assert_eq!(response.headers, json!({"content-type": "application/problem+json"}));
    assert_eq!(
        response.body,
        json!({
            "type": "urn:problem-type:gridbid:conflicting-orders",
            "title": "Orders are there already with other content",
            "status": 409,
            "detail": "nothing is stored, because of `unique_id_1`, `unique_id_2`",
            "conflicts": [{"index": 1, "record_id": "unique_id_1"}, {"index": 2, "record_id": "unique_id_2"}],
        })
    );
    assert_eq!(response.invocation.log.outcome, Outcome::Refused);
    assert_eq!(response.invocation.log.conflicts, Some(2));
    assert_eq!(api.table().items(), before);
}

#[tokio::test]
async fn expired_order_is_gone_and_its_id_reusable() {
    let api = api();
    post(&api, r#"[{"record_id":"a","parameter_1":"x","parameter_2":1}]"#).await;
    assert_eq!(send(&api, NOW + 86_399, getting("a")).await.status, 200);
    assert_eq!(send(&api, NOW + 86_400, getting("a")).await.status, 404);
    let response = send(&api, NOW + 86_400, posting(r#"[{"record_id":"a","parameter_1":"y","parameter_2":2}]"#)).await;
    assert_eq!((response.status, &response.body["stored"]), (201, &json!(1)));
    assert_eq!(api.table().items()["a"].stored.order.parameter_1.as_str(), "y");
}

#[tokio::test]
async fn caller_and_submission_are_stored_and_shown() {
    let api = api().submitting(true);
    let mut event = posting(r#"[{"record_id":"a","parameter_1":"x","parameter_2":1}]"#);
    event["requestContext"]["authorizer"] = json!({"iam": {"userArn": "arn:aws:iam::123456789012:user/desk"}});
    let response = send(&api, NOW, event.clone()).await;
    assert_eq!(response.status, 201);
    assert_eq!(response.invocation.log.submitted_by.as_deref(), Some("arn:aws:iam::123456789012:user/desk"));
    let stored = api.table().items()["a"].stored.clone();
    let read = async || send(&api, NOW, getting("a")).await.body;
    assert_eq!(
        read().await,
        json!({
            "record_id": "a", "parameter_1": "x", "parameter_2": 1,
            "accepted_at": "2026-11-22T07:05:00Z", "expires_at": END,
            "submitted_by": "arn:aws:iam::123456789012:user/desk",
            "submission": {"status": "pending"},
        })
    );
    let at = Timestamp::from_unix_seconds(NOW + 2);
    let deadline = Deadline::after(Duration::from_secs(1));
    let submitted = Submission::Submitted { at, slot: Slot::parse("2026-11-22T07:10:00Z").unwrap() };
    api.table().record(&stored, &submitted, "m", &deadline).await.unwrap();
    assert_eq!(
        read().await["submission"],
        json!({"status": "submitted", "at": "2026-11-22T07:05:02Z", "slot": "2026-11-22T07:10:00Z"})
    );
    // The same request again changes nothing.
    assert_eq!(send(&api, NOW + 5, event.clone()).await.body["unchanged"], 1);
    assert_eq!(read().await["submission"]["status"], "submitted");
    // An expired order is replaced with all its attributes.
    event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": "someone else"}}});
    assert_eq!(send(&api, NOW + 86_400, event).await.body["stored"], 1);
    let item = api.table().items()["a"].clone();
    assert_eq!(item.submission, Some(Submission::Pending));
    assert_eq!(item.submitted_by.as_deref(), Some("someone else"));
}

#[tokio::test]
async fn refusal_is_shown_with_its_reason() {
    let api = api().submitting(true);
    post(&api, r#"[{"record_id":"a","parameter_1":"x","parameter_2":1}]"#).await;
    let stored = api.table().items()["a"].stored.clone();
    let refused = Submission::Refused { at: Timestamp::from_unix_seconds(NOW + 2), reason: "gate closed".into() };
    api.table().record(&stored, &refused, "m", &Deadline::after(Duration::from_secs(1))).await.unwrap();
    assert_eq!(
        send(&api, NOW, getting("a")).await.body["submission"],
        json!({"status": "refused", "at": "2026-11-22T07:05:02Z", "reason": "gate closed"})
    );
}

#[tokio::test]
async fn without_a_platform_no_submission_is_stored() {
    let api = api();
    post(&api, EXAMPLE).await;
    assert_eq!(api.table().items()["unique_id_1"].submission, None);
    let body = send(&api, NOW, getting("unique_id_1")).await.body;
    assert_eq!((body.get("submission"), body.get("submitted_by")), (None, None));
}

#[tokio::test]
async fn expires_at_is_the_earliest() {
    let early = r#"[{"record_id":"a","parameter_1":"x","parameter_2":1}]"#;
    let both =
        r#"[{"record_id":"b","parameter_1":"x","parameter_2":1},{"record_id":"a","parameter_1":"x","parameter_2":1}]"#;
    let api = api();
    send(&api, NOW, posting(early)).await;
    assert_eq!(send(&api, NOW + 7_200, posting(both)).await.body["expires_at"], END);
}

#[tokio::test]
async fn throttle_is_503_and_stores_nothing() {
    let api = OrdersApi::new(MemoryOrders::new().with_fault(Fault::Throttle));
    let response = post(&api, EXAMPLE).await;
    assert_eq!(response.status, 503);
    assert_eq!(response.headers, json!({"content-type": "application/problem+json", "retry-after": "1"}));
    assert_eq!(response.body["detail"], "the same request can safely be sent again");
    assert_eq!(response.invocation.log.outcome, Outcome::Fault);
    assert_eq!(response.invocation.log.why.as_deref(), Some("the table throttles"));
    assert!(api.table().items().is_empty());
    assert_eq!(post(&api, EXAMPLE).await.body["stored"], 2);
}

#[tokio::test]
async fn refusing_table_is_500() {
    let api = OrdersApi::new(MemoryOrders::new().with_fault(Fault::Deny).with_fault(Fault::Deny));
    for event in [posting(EXAMPLE), getting("a")] {
        let response = send(&api, NOW, event).await;
        assert_eq!((response.status, response.invocation.log.outcome), (500, Outcome::Fault));
        assert!(!response.text.contains("the table refuses"));
    }
}

#[tokio::test]
async fn lost_response_loses_and_duplicates_nothing() {
    let api = OrdersApi::new(MemoryOrders::new().with_fault(Fault::LoseResponse));
    assert_eq!(post(&api, EXAMPLE).await.status, 503);
    let stored = api.table().items();
    assert_eq!(stored.len(), 2);
    let response = send(&api, NOW + 2, posting(EXAMPLE)).await;
    assert_eq!(response.body, json!({"accepted": 2, "stored": 0, "unchanged": 2, "expires_at": END}));
    assert_eq!(api.table().items(), stored);
}

#[tokio::test(start_paused = true)]
async fn contention_is_retried_a_bounded_number_of_times() {
    let table = (0..3).fold(MemoryOrders::new(), |table, _| table.with_fault(Fault::Conflict));
    let api = OrdersApi::new(table);
    let response = post(&api, EXAMPLE).await;
    assert_eq!((response.status, response.invocation.log.attempts), (201, Some(4)));

    let table = (0..100).fold(MemoryOrders::new(), |table, _| table.with_fault(Fault::Conflict));
    let api = OrdersApi::new(table);
    let response = post(&api, EXAMPLE).await;
    assert_eq!((response.status, api.table().transactions()), (503, 6));
    assert_eq!(response.invocation.log.why.as_deref(), Some("other writers contend for the orders"));
    assert!(api.table().items().is_empty());
}

#[tokio::test(start_paused = true)]
async fn retries_end_at_the_deadline() {
    let table = (0..100).fold(MemoryOrders::new(), |table, _| table.with_fault(Fault::Conflict));
    let api = OrdersApi::new(table);
    let mut invocation = Invocation::new(Deadline::after(Duration::ZERO), Timestamp::from_unix_seconds(NOW));
    let response = api.respond(&posting(EXAMPLE).to_string(), &mut invocation).await.unwrap();
    assert!(response.starts_with(r#"{"statusCode":503"#), "{response}");
    assert_eq!(api.table().transactions(), 1);
}

#[tokio::test]
async fn identical_concurrent_order_is_confirmed() {
    let other = concurrent_write(r#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4.0}]"#, NOW - 100);
    let api = OrdersApi::new(MemoryOrders::new().with_fault(Fault::ConcurrentWrite(Box::new(other))));
    let response = post(&api, EXAMPLE).await;
    let body = json!({"accepted": 2, "stored": 1, "unchanged": 1, "expires_at": "2026-11-23T07:03:20Z"});
    assert_eq!((response.status, response.body), (201, body));
    assert_eq!(api.table().items()["unique_id_1"].stored.accepted_at.unix_seconds(), NOW - 100);
}

#[tokio::test]
async fn conflicting_concurrent_order_stores_nothing() {
    // The first transaction finds unique_id_1; before the second, another writer stores unique_id_2.
    let same = r#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4}]"#;
    let other = concurrent_write(r#"[{"record_id":"unique_id_2","parameter_1":"other","parameter_2":1}]"#, NOW - 1);
    let table = MemoryOrders::new()
        .with_fault(Fault::ConcurrentWrite(Box::new(concurrent_write(same, NOW - 100))))
        .with_fault(Fault::ConcurrentWrite(Box::new(other)));
    let api = OrdersApi::new(table);
    let response = post(&api, EXAMPLE).await;
    assert_eq!(response.status, 409);
    assert_eq!(response.body["conflicts"], json!([{"index": 1, "record_id": "unique_id_2"}]));
    assert_eq!(api.table().items()["unique_id_2"].stored.order.parameter_1.as_str(), "other");
}

#[tokio::test]
async fn order_deleted_before_its_confirmation_is_stored_again() {
    let same = r#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4}]"#;
    let table = MemoryOrders::new()
        .with_fault(Fault::ConcurrentWrite(Box::new(concurrent_write(same, NOW - 100))))
        .with_fault(Fault::ConcurrentWrite(Box::new(|items| items.clear())));
    let api = OrdersApi::new(table);
    let response = post(&api, EXAMPLE).await;
    assert_eq!(response.body, json!({"accepted": 2, "stored": 2, "unchanged": 0, "expires_at": END}));
    assert_eq!(api.table().items().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_sequence_of_faults_keeps_requests_atomic() {
    fn fault(kind: u32) -> Fault<Items> {
        match kind {
            0 => Fault::None,
            1 => Fault::Throttle,
            2 => Fault::LoseResponse,
            3 => Fault::Conflict,
            4 => Fault::ConcurrentWrite(Box::new(concurrent_write(
                r#"[{"record_id":"unique_id_2","parameter_1":"def","parameter_2":2.1}]"#,
                NOW - 5,
            ))),
            _ => Fault::ConcurrentWrite(Box::new(concurrent_write(
                r#"[{"record_id":"unique_id_1","parameter_1":"other","parameter_2":9}]"#,
                NOW - 5,
            ))),
        }
    }
    /// Whether an order has this content.
    fn holds(items: &Items, id: &str, text: &str) -> bool {
        items.get(id).is_some_and(|item| item.stored.order.parameter_1.as_str() == text)
    }
    /// Whether all or nothing of our request is stored.
    fn is_whole(items: &Items) -> bool {
        let all = holds(items, "unique_id_1", "abc") && holds(items, "unique_id_2", "def");
        all || items.values().all(|item| item.stored.accepted_at.unix_seconds() == NOW - 5)
    }
    let mut counts = [0; 2];
    for sequence in 0..6_u32.pow(4) {
        let api = api();
        (0..4).for_each(|index| api.table().inject(fault(sequence / 6_u32.pow(index) % 6)));
        // The client retries on 503.
        let response = loop {
            let response = post(&api, EXAMPLE).await;
            assert!(is_whole(&api.table().items()), "{sequence}: {:?}", api.table().items());
            if response.status != 503 {
                break response;
            }
        };
        let items = api.table().items();
        match response.status {
            201 => {
                counts[0] += 1;
                assert_eq!((items.len(), &response.body["accepted"]), (2, &json!(2)), "{sequence}");
                assert!(holds(&items, "unique_id_1", "abc") && holds(&items, "unique_id_2", "def"), "{sequence}");
            }
            other => {
                counts[1] += 1;
                assert_eq!((other, &response.body["conflicts"][0]["record_id"]), (409, &json!("unique_id_1")));
                assert!(items.values().all(|item| item.stored.accepted_at.unix_seconds() == NOW - 5), "{sequence}");
            }
        }
    }
    assert!(counts[0] > 500 && counts[1] > 200, "{counts:?}");
}
