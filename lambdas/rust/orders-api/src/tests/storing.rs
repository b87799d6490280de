//! What the table holds after requests that are repeated, collide, are throttled or lose their answers.

use super::*;

#[tokio::test]
async fn a_request_sent_again_is_answered_without_writing() {
    let api = api();
    post(&api, EXAMPLE).await;
    let before = api.table().items();
    let answer = send(&api, NOW + 3_600, posting(EXAMPLE)).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body, json!({"accepted": 2, "stored": 0, "unchanged": 2, "expires_at": END}));
    assert_eq!(api.table().items(), before);
    // One transaction for the first request, and one that learned that everything is there.
    assert_eq!(api.table().transactions(), 2);
}

#[tokio::test]
async fn half_a_request_again_stores_the_other_half() {
    let api = api();
    post(&api, &batch_of(0..60, 1)).await;
    let answer = send(&api, NOW + 3_600, posting(&batch_of(30..90, 1))).await;
    assert_eq!(answer.body, json!({"accepted": 60, "stored": 30, "unchanged": 30, "expires_at": END}));
    let items = api.table().items();
    assert_eq!(items.len(), 90);
    assert_eq!(items["id-59"].accepted_at.unix_seconds(), NOW);
    assert_eq!(items["id-60"].accepted_at.unix_seconds(), NOW + 3_600);
}

#[tokio::test]
async fn other_content_is_refused_whole_and_named() {
    let api = api();
    post(&api, EXAMPLE).await;
    let before = api.table().items();
    let body = r#"[{"record_id":"new","parameter_1":"abc","parameter_2":4},
                   {"record_id":"unique_id_1","parameter_1":"abc","parameter_2":5},
                   {"record_id":"unique_id_2","parameter_1":"xyz","parameter_2":2.1}]"#;
    let answer = post(&api, body).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.headers, json!({"content-type": "application/problem+json"}));
    assert_eq!(
        answer.body,
        json!({
            "type": "urn:problem-type:gridbid:conflicting-orders",
            "title": "Orders are there already with other content",
            "status": 409,
            "detail": "nothing is stored, because of `unique_id_1`, `unique_id_2`",
            "conflicts": [{"index": 1, "record_id": "unique_id_1"}, {"index": 2, "record_id": "unique_id_2"}],
        })
    );
    assert_eq!(answer.call.notes.outcome, Outcome::Refused);
    assert_eq!(answer.call.notes.conflicts, Some(2));
    assert_eq!(api.table().items(), before);
}

#[tokio::test]
async fn an_expired_order_is_gone_and_its_id_free() {
    let api = api();
    post(&api, r#"[{"record_id":"a","parameter_1":"x","parameter_2":1}]"#).await;
    assert_eq!(send(&api, NOW + 86_399, getting("a")).await.status, 200);
    assert_eq!(send(&api, NOW + 86_400, getting("a")).await.status, 404);
    let answer = send(&api, NOW + 86_400, posting(r#"[{"record_id":"a","parameter_1":"y","parameter_2":2}]"#)).await;
    assert_eq!((answer.status, &answer.body["stored"]), (201, &json!(1)));
    assert_eq!(api.table().items()["a"].order.parameter_1.as_str(), "y");
}

#[tokio::test]
async fn the_earliest_end_is_told() {
    let early = r#"[{"record_id":"a","parameter_1":"x","parameter_2":1}]"#;
    let both =
        r#"[{"record_id":"b","parameter_1":"x","parameter_2":1},{"record_id":"a","parameter_1":"x","parameter_2":1}]"#;
    let api = api();
    send(&api, NOW, posting(early)).await;
    assert_eq!(send(&api, NOW + 7_200, posting(both)).await.body["expires_at"], END);
}

#[tokio::test]
async fn a_throttle_is_answered_503_with_nothing_stored() {
    let api = OrdersApi::new(MemoryOrders::new().then(Disturbance::Throttle));
    let answer = post(&api, EXAMPLE).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers, json!({"content-type": "application/problem+json", "retry-after": "1"}));
    assert_eq!(answer.body["detail"], "the same request can safely be sent again");
    assert_eq!(answer.call.notes.outcome, Outcome::Fault);
    assert_eq!(answer.call.notes.why.as_deref(), Some("the table throttles"));
    assert!(api.table().items().is_empty());
    assert_eq!(post(&api, EXAMPLE).await.body["stored"], 2);
}

#[tokio::test]
async fn a_table_that_refuses_is_answered_500() {
    let api = OrdersApi::new(MemoryOrders::new().then(Disturbance::Deny).then(Disturbance::Deny));
    for event in [posting(EXAMPLE), getting("a")] {
        let answer = send(&api, NOW, event).await;
        assert_eq!((answer.status, answer.call.notes.outcome), (500, Outcome::Fault));
        assert!(!answer.text.contains("the table refuses"));
    }
}

#[tokio::test]
async fn a_lost_answer_loses_and_doubles_nothing() {
    let api = OrdersApi::new(MemoryOrders::new().then(Disturbance::LoseAnswer));
    assert_eq!(post(&api, EXAMPLE).await.status, 503);
    let stored = api.table().items();
    assert_eq!(stored.len(), 2);
    let answer = send(&api, NOW + 2, posting(EXAMPLE)).await;
    assert_eq!(answer.body, json!({"accepted": 2, "stored": 0, "unchanged": 2, "expires_at": END}));
    assert_eq!(api.table().items(), stored);
}

#[tokio::test(start_paused = true)]
async fn other_writers_are_waited_out_a_bounded_number_of_times() {
    let table = (0..3).fold(MemoryOrders::new(), |table, _| table.then(Disturbance::Contend));
    let api = OrdersApi::new(table);
    let answer = post(&api, EXAMPLE).await;
    assert_eq!((answer.status, answer.call.notes.attempts), (201, Some(4)));

    let table = (0..100).fold(MemoryOrders::new(), |table, _| table.then(Disturbance::Contend));
    let api = OrdersApi::new(table);
    let answer = post(&api, EXAMPLE).await;
    assert_eq!((answer.status, api.table().transactions()), (503, 6));
    assert_eq!(answer.call.notes.why.as_deref(), Some("other writers are in the way"));
    assert!(api.table().items().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_wait_goes_beyond_the_deadline() {
    let table = (0..100).fold(MemoryOrders::new(), |table, _| table.then(Disturbance::Contend));
    let api = OrdersApi::new(table);
    let mut call = Call::new(Deadline::after(Duration::ZERO), Instant::from_unix_seconds(NOW));
    let response = api.answer(&posting(EXAMPLE).to_string(), &mut call).await.unwrap();
    assert!(response.starts_with(r#"{"statusCode":503"#), "{response}");
    assert_eq!(api.table().transactions(), 1);
}

#[tokio::test]
async fn a_writer_who_comes_first_with_the_same_order_is_confirmed() {
    let other = written(r#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4.0}]"#, NOW - 100);
    let api = OrdersApi::new(MemoryOrders::new().then(Disturbance::Interfere(Box::new(other))));
    let answer = post(&api, EXAMPLE).await;
    let body = json!({"accepted": 2, "stored": 1, "unchanged": 1, "expires_at": "2026-11-23T07:03:20Z"});
    assert_eq!((answer.status, answer.body), (201, body));
    assert_eq!(api.table().items()["unique_id_1"].accepted_at.unix_seconds(), NOW - 100);
}

#[tokio::test]
async fn a_writer_who_comes_between_with_other_content_leaves_nothing_half_stored() {
    // The first transaction learns that unique_id_1 is there; before the second, somebody stores another unique_id_2.
    let same = r#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4}]"#;
    let other = written(r#"[{"record_id":"unique_id_2","parameter_1":"other","parameter_2":1}]"#, NOW - 1);
    let table = MemoryOrders::new()
        .then(Disturbance::Interfere(Box::new(written(same, NOW - 100))))
        .then(Disturbance::Interfere(Box::new(other)));
    let api = OrdersApi::new(table);
    let answer = post(&api, EXAMPLE).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.body["conflicts"], json!([{"index": 1, "record_id": "unique_id_2"}]));
    assert_eq!(api.table().items()["unique_id_2"].order.parameter_1.as_str(), "other");
}

#[tokio::test]
async fn an_order_that_vanishes_before_it_is_confirmed_is_stored_anew() {
    let same = r#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4}]"#;
    let table = MemoryOrders::new()
        .then(Disturbance::Interfere(Box::new(written(same, NOW - 100))))
        .then(Disturbance::Interfere(Box::new(|items| items.clear())));
    let api = OrdersApi::new(table);
    let answer = post(&api, EXAMPLE).await;
    assert_eq!(answer.body, json!({"accepted": 2, "stored": 2, "unchanged": 0, "expires_at": END}));
    assert_eq!(api.table().items().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_sequence_of_disturbances_keeps_requests_whole() {
    fn disturbance(kind: u32) -> Disturbance<Items> {
        match kind {
            0 => Disturbance::None,
            1 => Disturbance::Throttle,
            2 => Disturbance::LoseAnswer,
            3 => Disturbance::Contend,
            4 => Disturbance::Interfere(Box::new(written(
                r#"[{"record_id":"unique_id_2","parameter_1":"def","parameter_2":2.1}]"#,
                NOW - 5,
            ))),
            _ => Disturbance::Interfere(Box::new(written(
                r#"[{"record_id":"unique_id_1","parameter_1":"other","parameter_2":9}]"#,
                NOW - 5,
            ))),
        }
    }
    /// Whether an order has this content.
    fn holds(items: &Items, id: &str, text: &str) -> bool {
        items.get(id).is_some_and(|item| item.order.parameter_1.as_str() == text)
    }
    /// Whether our request is there as a whole, if anything of it is.
    fn is_whole(items: &Items) -> bool {
        let all = holds(items, "unique_id_1", "abc") && holds(items, "unique_id_2", "def");
        all || items.values().all(|item| item.accepted_at.unix_seconds() == NOW - 5)
    }
    let mut ends = [0; 2];
    for sequence in 0..6_u32.pow(4) {
        let api = api();
        (0..4).for_each(|place| api.table().disturb(disturbance(sequence / 6_u32.pow(place) % 6)));
        // A client that sends again for as long as it is told to.
        let answer = loop {
            let answer = post(&api, EXAMPLE).await;
            assert!(is_whole(&api.table().items()), "{sequence}: {:?}", api.table().items());
            if answer.status != 503 {
                break answer;
            }
        };
        let items = api.table().items();
        match answer.status {
            201 => {
                ends[0] += 1;
                assert_eq!((items.len(), &answer.body["accepted"]), (2, &json!(2)), "{sequence}");
                assert!(holds(&items, "unique_id_1", "abc") && holds(&items, "unique_id_2", "def"), "{sequence}");
            }
            other => {
                ends[1] += 1;
                assert_eq!((other, &answer.body["conflicts"][0]["record_id"]), (409, &json!("unique_id_1")));
                assert!(items.values().all(|item| item.accepted_at.unix_seconds() == NOW - 5), "{sequence}");
            }
        }
    }
    assert!(ends[0] > 500 && ends[1] > 200, "{ends:?}");
}
