//! Tests of the function on a table, a platform, a topic and a queue in memory.

use gridbid_adapters::{
    deadline::Deadline,
    memory::{
        Fault, Items, MemoryLog, MemoryNotifier, MemoryOrders, MemoryQueue, MemorySubmissionPlatform, SubmissionFault,
    },
    orders::OrderItem,
};
use gridbid_core::{
    amount::Amount,
    expiry::Timestamp,
    name::Slot,
    order::{Order, RecordId, Text},
};
use serde_json::{Value, json};

use super::*;

/// 2026-11-22T07:01:02Z.
const NOW: u64 = 1_795_330_862;
const SLOT: &str = "2026-11-22T07:05:00Z";
const REFUSAL: &str = "gate closed";

type TestFunction = SubmitOrders<MemoryOrders, MemorySubmissionPlatform, MemoryNotifier, MemoryQueue>;

fn item(record_id: &str, accepted_at: u64) -> OrderItem {
    let accepted_at = Timestamp::from_unix_seconds(accepted_at);
    let order = Order {
        record_id: RecordId::parse(record_id).unwrap(),
        parameter_1: Text::parse("abc").unwrap(),
        parameter_2: Amount::parse("12345678901234567890.123456789012345678").unwrap(),
    };
    let stored = StoredOrder { order: order.into_owned(), accepted_at, expires_at: expiry::expires_at(accepted_at) };
    OrderItem { stored, submitted_by: None, submission: Some(Submission::Pending) }
}

/// A table with these pending orders, accepted now.
fn table(record_ids: &[&str]) -> MemoryOrders {
    record_ids.iter().fold(MemoryOrders::new(), |table, record_id| table.with_item(item(record_id, NOW)))
}

fn platform() -> MemorySubmissionPlatform {
    MemorySubmissionPlatform::new(SLOT)
}

fn function(table: MemoryOrders, platform: MemorySubmissionPlatform) -> TestFunction {
    SubmitOrders::new(table, platform, MemoryNotifier::new(), MemoryQueue::new(), "test".into())
}

/// A message with the stream record of an order.
fn message(id: &str, record_id: &str, accepted_at: u64) -> Value {
    let body = json!({
        "eventName": "INSERT",
        "dynamodb": {"NewImage": {
            "record_id": {"S": record_id}, "parameter_1": {"S": "abc"},
            "parameter_2": {"N": "12345678901234567890.123456789012345678"},
            "accepted_at": {"N": accepted_at.to_string()}, "expires_at": {"N": (accepted_at + 86_400).to_string()},
            "submission_status": {"S": "pending"},
        }},
    });
    raw_message(id, &body.to_string())
}

fn raw_message(id: &str, body: &str) -> Value {
    json!({
        "messageId": id, "receiptHandle": format!("receipt-{id}"), "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
    })
}

struct Submitted {
    /// The ids of the failed messages.
    failures: Vec<String>,
    log: InvocationLog,
}

async fn submit_at(function: &TestFunction, now: u64, messages: &[Value]) -> Submitted {
    let mut invocation = Invocation::new(Deadline::after(Duration::from_secs(20)), Timestamp::from_unix_seconds(now));
    let event = json!({ "Records": messages }).to_string();
    let output = function.submit(&event, &mut invocation).await.unwrap();
    let output: Value = serde_json::from_str(&output).unwrap();
    let failures = output["batchItemFailures"].as_array().unwrap();
    let failures = failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect();
    Submitted { failures, log: invocation.log }
}

async fn submit(function: &TestFunction, messages: &[Value]) -> Submitted {
    submit_at(function, NOW, messages).await
}

fn submission(function: &TestFunction, record_id: &str) -> Option<Submission> {
    function.table().items()[record_id].submission.clone()
}

fn received() -> Option<Submission> {
    Some(Submission::Submitted { at: Timestamp::from_unix_seconds(NOW), slot: Slot::parse(SLOT).unwrap() })
}

fn refused() -> Option<Submission> {
    Some(Submission::Refused { at: Timestamp::from_unix_seconds(NOW), reason: REFUSAL.into() })
}

fn notifications(function: &TestFunction) -> Vec<Value> {
    function.notifier().messages().iter().map(|message| serde_json::from_str(message).unwrap()).collect()
}

#[tokio::test]
async fn received_orders_are_submitted() {
    let function = function(table(&["a", "b"]), platform());
    let submitted = submit(&function, &[message("1", "a", NOW), message("2", "b", NOW)]).await;
    assert_eq!(submitted.failures, [""; 0]);
    assert_eq!((submission(&function, "a"), submission(&function, "b")), (received(), received()));
    assert_eq!((submitted.log.outcome, submitted.log.orders, submitted.log.submitted), (Outcome::Ok, Some(2), Some(2)));
    let request = function.platform().requests().remove(0);
    assert!(
        request
            .contains(r#""record_id":"a","parameter_1":"abc","parameter_2":12345678901234567890.123456789012345678,"#)
    );
    assert!(function.queue().deferrals().is_empty() && function.notifier().messages().is_empty());
}

#[tokio::test]
async fn repeated_message_changes_nothing() {
    let function = function(table(&["a"]), platform());
    submit(&function, &[message("1", "a", NOW)]).await;
    let submitted = submit_at(&function, NOW + 60, &[message("1", "a", NOW), message("2", "a", NOW)]).await;
    assert_eq!(submitted.failures, [""; 0]);
    assert_eq!(submission(&function, "a"), received());
    assert_eq!(function.platform().received().into_values().collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn refused_order_is_reported_once() {
    let function = function(table(&["a", "b"]), platform().refusing("b", REFUSAL));
    let messages = [message("1", "a", NOW), message("2", "b", NOW)];
    let submitted = submit(&function, &messages).await;
    assert_eq!(submitted.failures, [""; 0]);
    assert_eq!((submission(&function, "a"), submission(&function, "b")), (received(), refused()));
    let expected = json!({
        "kind": "orders_refused", "environment": "test", "total": 1,
        "orders": [{"record_id": "b", "reason": "gate closed"}],
    });
    assert_eq!(notifications(&function), std::slice::from_ref(&expected));
    assert_eq!((submitted.log.refused, submitted.log.published), (Some(1), Some(1)));
    assert_eq!(submitted.log.outcome, Outcome::Ok);
    // The order is in a second message, too.
    assert_eq!(submit(&function, &[message("3", "b", NOW)]).await.failures, [""; 0]);
    assert_eq!(notifications(&function), [expected]);
}

#[tokio::test]
async fn refusal_whose_report_failed_is_reported_by_the_same_message() {
    let notifier = MemoryNotifier::new().with_fault(Fault::Throttle);
    let platform = platform().refusing("a", REFUSAL);
    let function = SubmitOrders::new(table(&["a"]), platform, notifier, MemoryQueue::new(), "test".into());
    let submitted = submit(&function, &[message("1", "a", NOW)]).await;
    assert_eq!((submitted.failures, submitted.log.outcome), (vec!["1".to_owned()], Outcome::Fault));
    assert_eq!(submit(&function, &[message("2", "a", NOW)]).await.failures, [""; 0]);
    assert_eq!(notifications(&function).len(), 0);
    assert_eq!(submit(&function, &[message("1", "a", NOW)]).await.failures, [""; 0]);
    assert_eq!(notifications(&function).len(), 1);
}

#[tokio::test]
async fn outage_defers_messages_and_is_not_a_fault() {
    let function = function(table(&["a"]), platform().with_fault(SubmissionFault::Unavailable));
    let mut repeated = message("1", "a", NOW);
    repeated["attributes"]["ApproximateReceiveCount"] = json!("5");
    let submitted = submit(&function, &[repeated]).await;
    assert_eq!(submitted.failures, ["1"]);
    assert_eq!(submission(&function, "a"), Some(Submission::Pending));
    assert_eq!((submitted.log.outcome, submitted.log.deferred), (Outcome::Ok, Some(1)));
    assert_eq!(submitted.log.why.as_deref(), Some("auction platform: no connection"));
    let deferral = function.queue().deferrals().remove(0);
    assert_eq!(deferral.receipt_handle, "receipt-1");
    assert!((40..=80).contains(&deferral.delay.as_secs()), "{deferral:?}");
    assert_eq!(submit(&function, &[message("1", "a", NOW)]).await.failures, [""; 0]);
    assert_eq!(submission(&function, "a"), received());
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let throttle = SubmissionFault::Throttle(Duration::from_secs(120));
    let function = function(table(&["a"]), platform().with_fault(throttle));
    assert_eq!(submit(&function, &[message("1", "a", NOW)]).await.failures, ["1"]);
    let delay = function.queue().deferrals().remove(0).delay.as_secs();
    assert!((120..=123).contains(&delay), "{delay}");
}

#[tokio::test]
async fn lost_response_is_effective_once() {
    let function = function(table(&["a"]), platform().with_fault(SubmissionFault::LoseResponse));
    assert_eq!(submit(&function, &[message("1", "a", NOW)]).await.failures, ["1"]);
    assert_eq!(submission(&function, "a"), Some(Submission::Pending));
    assert_eq!(submit_at(&function, NOW, &[message("1", "a", NOW)]).await.failures, [""; 0]);
    assert_eq!(submission(&function, "a"), received());
    // Twice under one key.
    assert_eq!(function.platform().received().into_values().collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn refused_request_breaks_the_contract() {
    for status in [401, 403, 413] {
        let function = function(table(&["a"]), platform().with_fault(SubmissionFault::Deny(status)));
        let submitted = submit(&function, &[message("1", "a", NOW)]).await;
        assert_eq!(submitted.failures, ["1"]);
        assert_eq!((submitted.log.outcome, submitted.log.error), (Outcome::Fault, Some("ContractBroken")));
        assert_eq!(submitted.log.why, Some(format!("auction platform: status {status}")));
        assert_eq!(submission(&function, "a"), Some(Submission::Pending));
        assert_eq!(function.queue().deferrals().len(), 1);
    }
}

#[tokio::test]
async fn malformed_response_breaks_the_contract() {
    for (response, code) in
        [("<html>", "not_json"), ("[]", "wrong_count"), (r#"[{"record_id":"b"}]"#, "wrong_record_id")]
    {
        let function = function(table(&["a"]), platform().with_fault(SubmissionFault::Respond(response.into())));
        let submitted = submit(&function, &[message("1", "a", NOW)]).await;
        assert_eq!(submitted.failures, ["1"]);
        assert_eq!((submitted.log.outcome, submitted.log.error), (Outcome::Fault, Some("ContractBroken")));
        assert_eq!(submitted.log.code, Some(code));
        assert_eq!(submission(&function, "a"), Some(Submission::Pending));
    }
}

#[tokio::test]
async fn unknown_status_concerns_its_order_alone() {
    let response = json!([
        {"record_id": "a", "status": "queued"},
        {"record_id": "b", "status": "received", "slot": SLOT},
    ]);
    let fault = SubmissionFault::Respond(response.to_string());
    let function = function(table(&["a", "b"]), platform().with_fault(fault));
    let submitted = submit(&function, &[message("1", "a", NOW), message("2", "b", NOW)]).await;
    assert_eq!(submitted.failures, ["1"]);
    assert_eq!((submitted.log.error, submitted.log.code), (Some("ContractBroken"), Some("unknown_status")));
    assert_eq!((submission(&function, "a"), submission(&function, "b")), (Some(Submission::Pending), received()));
}

#[tokio::test]
async fn failed_write_back_is_repeated() {
    for (fault, name) in
        [(Fault::Throttle, "Unavailable"), (Fault::LoseResponse, "Unavailable"), (Fault::Deny, "ContractBroken")]
    {
        let function = function(table(&["a"]).with_fault(fault), platform());
        let submitted = submit(&function, &[message("1", "a", NOW)]).await;
        assert_eq!((submitted.failures, submitted.log.error), (vec!["1".to_owned()], Some(name)));
        assert_eq!(submitted.log.outcome, Outcome::Fault);
        assert_eq!(submit(&function, &[message("1", "a", NOW)]).await.failures, [""; 0]);
        assert_eq!(submission(&function, "a"), received());
        assert_eq!(function.platform().received().into_values().collect::<Vec<_>>(), [2]);
    }
}

#[tokio::test]
async fn expired_order_is_reported_once_and_not_submitted() {
    let function = function(table(&["a"]), platform());
    let submitted = submit_at(&function, NOW + 86_400, &[message("1", "a", NOW), message("2", "a", NOW)]).await;
    assert_eq!(submitted.failures, [""; 0]);
    let expected = json!({
        "kind": "orders_expired", "environment": "test", "total": 1,
        "orders": [{"record_id": "a", "accepted_at": "2026-11-22T07:01:02Z"}],
    });
    assert_eq!(notifications(&function), std::slice::from_ref(&expected));
    assert_eq!((submitted.log.expired, submitted.log.outcome), (Some(1), Outcome::Ok));
    // The claim changed the item, which the stream reports, too.
    assert_eq!(submit_at(&function, NOW + 86_401, &[message("3", "a", NOW)]).await.failures, [""; 0]);
    assert_eq!(notifications(&function), [expected]);
    assert!(function.platform().requests().is_empty());
    assert_eq!(submission(&function, "a"), Some(Submission::Pending));
}

#[tokio::test]
async fn expired_order_whose_report_failed_is_reported_by_the_same_message() {
    for fault in [Fault::Throttle, Fault::Deny] {
        let notifier = MemoryNotifier::new().with_fault(fault);
        let function = SubmitOrders::new(table(&["a"]), platform(), notifier, MemoryQueue::new(), "test".into());
        assert_eq!(submit_at(&function, NOW + 86_400, &[message("1", "a", NOW)]).await.failures, ["1"]);
        assert_eq!(submit_at(&function, NOW + 86_400, &[message("2", "a", NOW)]).await.failures, [""; 0]);
        assert_eq!(notifications(&function).len(), 0);
        assert_eq!(submit_at(&function, NOW + 86_400, &[message("1", "a", NOW)]).await.failures, [""; 0]);
        assert_eq!(notifications(&function).len(), 1);
    }
}

#[tokio::test]
async fn refusal_whose_report_failed_until_the_order_expired_is_reported() {
    let mut function = function(table(&["a"]), platform().refusing("a", REFUSAL));
    function.notifier = MemoryNotifier::new().with_fault(Fault::Throttle).with_fault(Fault::Throttle);
    assert_eq!(submit(&function, &[message("1", "a", NOW)]).await.failures, ["1"]);
    assert_eq!(submission(&function, "a"), refused());
    let end = NOW + expiry::LIFETIME_SECONDS;
    assert_eq!(submit_at(&function, end, &[message("1", "a", NOW)]).await.failures, ["1"]);
    // Another message with the order does not report it.
    assert_eq!(submit_at(&function, end, &[message("2", "a", NOW)]).await.failures, [""; 0]);
    assert_eq!(notifications(&function), [Value::Null; 0]);
    assert_eq!(submit_at(&function, end, &[message("1", "a", NOW)]).await.failures, [""; 0]);
    let reported = notifications(&function);
    assert_eq!(
        (&reported[0]["kind"], &reported[0]["orders"][0]["reason"]),
        (&json!("orders_refused"), &json!(REFUSAL))
    );
    assert_eq!(reported.len(), 1);
}

#[tokio::test]
async fn expired_order_that_is_deleted_or_replaced_is_reported() {
    for table in [MemoryOrders::new(), MemoryOrders::new().with_item(item("a", NOW + 86_400))] {
        let function = function(table, platform());
        assert_eq!(submit_at(&function, NOW + 86_400, &[message("1", "a", NOW)]).await.failures, [""; 0]);
        assert_eq!(notifications(&function)[0]["kind"], "orders_expired");
    }
}

#[tokio::test]
async fn expired_order_that_was_submitted_is_not_reported() {
    let function = function(table(&["a"]), platform());
    submit(&function, &[message("1", "a", NOW)]).await;
    assert_eq!(submit_at(&function, NOW + 86_400, &[message("1", "a", NOW)]).await.failures, [""; 0]);
    assert!(notifications(&function).is_empty());
}

#[tokio::test]
async fn response_is_not_written_to_a_later_order() {
    // Before the write-back, the order expires and its id is used again.
    let later = |items: &mut Items| {
        items.insert("a".into(), item("a", NOW + 86_400));
    };
    let function = function(table(&["a"]).with_fault(Fault::ConcurrentWrite(Box::new(later))), platform());
    assert_eq!(submit_at(&function, NOW + 86_399, &[message("1", "a", NOW)]).await.failures, [""; 0]);
    assert_eq!(submission(&function, "a"), Some(Submission::Pending));
}

#[tokio::test]
async fn poisoned_message_holds_up_no_other() {
    let function = function(table(&["a"]), platform());
    let poison = "{\"dynamodb\": é";
    let submitted = submit(&function, &[raw_message("1", poison), message("2", "a", NOW)]).await;
    assert_eq!(submitted.failures, [""; 0]);
    assert_eq!(function.queue().dead_letters(), [poison]);
    assert_eq!(submission(&function, "a"), received());
    assert_eq!((submitted.log.dead_letters, submitted.log.error), (Some(1), Some("ContractBroken")));
}

#[tokio::test]
async fn poisoned_message_stays_until_it_is_a_dead_letter() {
    let queue = MemoryQueue::new().with_fault(Fault::Throttle);
    let function = SubmitOrders::new(table(&[]), platform(), MemoryNotifier::new(), queue, "test".into());
    assert_eq!(submit(&function, &[raw_message("1", "{}")]).await.failures, ["1"]);
    assert_eq!(submit(&function, &[raw_message("1", "{}")]).await.failures, [""; 0]);
    assert_eq!(function.queue().dead_letters(), ["{}"]);
}

#[tokio::test]
async fn messages_that_cannot_be_deferred_are_failures_all_the_same() {
    let queue = MemoryQueue::new().with_fault(Fault::Deny);
    let platform = platform().with_fault(SubmissionFault::Unavailable);
    let function = SubmitOrders::new(table(&["a"]), platform, MemoryNotifier::new(), queue, "test".into());
    let submitted = submit(&function, &[message("1", "a", NOW)]).await;
    assert_eq!((submitted.failures, submitted.log.outcome), (vec!["1".to_owned()], Outcome::Fault));
}

#[tokio::test]
async fn request_has_at_most_100_orders() {
    let ids: Vec<String> = (0..250).map(|id| format!("id-{id}")).collect();
    let messages: Vec<Value> = ids.iter().map(|id| message(id, id, NOW)).collect();
    let table = table(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let function = function(table, platform());
    assert_eq!(submit(&function, &messages).await.failures, [""; 0]);
    let sizes: Vec<usize> = function
        .platform()
        .requests()
        .iter()
        .map(|request| serde_json::from_str::<Vec<Value>>(request).unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert!(function.table().items().values().all(|item| item.submission == received()));
}

#[tokio::test]
async fn outage_ends_the_requests_of_an_event() {
    let ids: Vec<String> = (0..250).map(|id| format!("id-{id}")).collect();
    let messages: Vec<Value> = ids.iter().map(|id| message(id, id, NOW)).collect();
    let function = function(MemoryOrders::new(), platform().with_fault(SubmissionFault::Unavailable));
    assert_eq!(submit(&function, &messages).await.failures, ids);
    assert_eq!(function.platform().requests().len(), 1);
}

#[tokio::test]
async fn log_lines_hold_no_content_of_orders() {
    const MARKER: &str = "MARKER";
    let messages = [message("1", MARKER, NOW), raw_message("2", MARKER), message("3", MARKER, 1)];
    let event = json!({ "Records": messages }).to_string();
    for platform in [
        platform(),
        platform().refusing(MARKER, MARKER),
        platform().with_fault(SubmissionFault::Respond(format!("[\"{MARKER}\"]"))),
        platform().with_fault(SubmissionFault::Respond(json!([{"record_id": MARKER, "status": MARKER}]).to_string())),
    ] {
        let function = function(table(&[MARKER]), platform);
        let log = MemoryLog::default();
        let _output = log
            .invoke(&event, async |event, invocation| {
                invocation.now = Timestamp::from_unix_seconds(NOW);
                function.submit(event, invocation).await
            })
            .await;
        let line: Value = serde_json::from_str(&log.text()).unwrap();
        assert!(!line.to_string().contains(MARKER), "{line}");
        assert_eq!((&line["outcome"], &line["error"]), (&json!("fault"), &json!("ContractBroken")), "{line}");
    }
}

#[tokio::test]
async fn other_events_break_the_contract() {
    for event in [json!({}), json!([]), json!({"Records": [{"Sns": {}}]}), json!({"Records": [{"messageId": "1"}]})] {
        let mut invocation =
            Invocation::new(Deadline::after(Duration::from_secs(1)), Timestamp::from_unix_seconds(NOW));
        let error = function(table(&[]), platform()).submit(&event.to_string(), &mut invocation).await.unwrap_err();
        assert_eq!(error.name(), "ContractBroken", "{event}");
    }
}

#[tokio::test]
async fn missing_variables_are_listed() {
    let error = SubmitOrders::start(&mut Environment::from_pairs(&[("AUCTION_PLATFORM_URL", "nowhere")]))
        .await
        .map(|_: SubmitOrders<DynamoOrders, HttpPlatform, SnsNotifier, SqsQueue>| ())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment is not complete: AWS_REGION is missing, AWS_ACCESS_KEY_ID is missing, \
         AWS_SECRET_ACCESS_KEY is missing, ORDERS_TABLE is missing, NOTIFICATIONS_TOPIC_ARN is missing, \
         SUBMISSION_QUEUE_URL is missing, SUBMISSION_DEAD_LETTER_QUEUE_URL is missing, GRIDBID_ENVIRONMENT is missing, \
         AUCTION_PLATFORM_URL is not an http or https URL"
    );
}
