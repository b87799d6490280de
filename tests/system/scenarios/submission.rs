//! Orders on their way to the auction platform: effective once, never lost, whatever fails between.
//!
//! The first retry of a message comes after some seconds, so these scenarios wait.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use gridbid_devkit::clock;
use gridbid_local_cloud::client::Item;
use gridbid_local_cloud::simulators::{AuctionFault, AuctionRule, FaultKind, RuleDecision, SeenOrder};
use serde_json::{Value, json};

use crate::harness::{System, fresh_prefix, path, wait_until};

/// Time within which an order would be submitted if nothing was in its way.
const USUAL: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(90);

fn fault(prefix: &str, requests: u32, kind: FaultKind) -> AuctionFault {
    AuctionFault { containing: prefix.to_owned(), requests, kind }
}

fn status(status: u16, retry_after: Option<u32>) -> FaultKind {
    FaultKind::Status { status, retry_after }
}

/// The only order that the platform has processed with this prefix.
fn only_seen(system: &System, prefix: &str) -> SeenOrder {
    let mut seen = system.simulators.seen_orders(prefix).unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen.remove(0)
}

/// The message that the pipe sends for an item of the orders table.
fn stream_record(item: &Item) -> String {
    let image: Value = item.iter().map(|(name, (kind, text))| (name.clone(), json!({kind: text}))).collect();
    json!({"eventName": "INSERT", "dynamodb": {"NewImage": image}}).to_string()
}

/// The item as it was before the platform's response was stored.
fn as_pending(item: &Item) -> Item {
    let is_response = |name: &str| name.starts_with("submission_");
    let mut pending: Item = item.clone().into_iter().filter(|(name, _)| !is_response(name)).collect();
    pending.insert("submission_status".to_owned(), ("S".to_owned(), "pending".to_owned()));
    pending
}

#[test]
fn order_takes_part_in_the_slot_that_the_platform_names() {
    let (system, id) = (System::idle(), fresh_prefix());
    let before = clock::now();
    system.store(&id);

    let submission = system.submission(&id, "submitted");

    let seen = only_seen(&system, &id);
    assert_eq!((seen.record_id.as_str(), seen.parameter_2.as_str(), seen.requests), (id.as_str(), "2.1", 1));
    assert_eq!(submission["slot"], json!(seen.slot));
    let at = submission["at"].as_str().unwrap();
    assert!(at >= before.as_str() && at <= clock::now().as_str(), "{at}");
    system.assert_nothing_undelivered();
}

#[test]
fn order_is_effective_once_although_the_response_is_lost() {
    let (system, id) = (System::idle(), fresh_prefix());
    system.simulators.set_auction_faults(&[fault(&id, 2, FaultKind::LoseResponse)]).unwrap();
    system.store(&id);

    let submission = system.submission(&id, "submitted");

    let seen = only_seen(&system, &id);
    assert_eq!(seen.requests, 3, "two responses were lost");
    assert_eq!(submission["slot"], json!(seen.slot));
}

#[test]
fn order_is_effective_once_although_the_stream_delivers_it_twice() {
    let (system, id) = (System::idle(), fresh_prefix());
    system.store(&id);
    let submission = system.submission(&id, "submitted");
    let item = system.stored(&id)[&id].clone();

    system.cloud.send_message(&system.names.submission_queue_url, &stream_record(&as_pending(&item))).unwrap();

    wait_until(LIMIT, "the second request", || only_seen(&system, &id).requests == 2);
    wait_until(LIMIT, "an empty queue", || {
        system.cloud.message_count(&system.names.submission_queue_url).unwrap() == 0
    });
    assert_eq!(system.get(&id).1["submission"], submission);
    assert_eq!(system.stored(&id)[&id], item, "the second response changes nothing");
}

#[test]
fn order_is_effective_once_although_the_platforms_response_was_not_stored() {
    let (system, id) = (System::idle(), fresh_prefix());
    system.store(&id);
    let submission = system.submission(&id, "submitted");
    let item = system.stored(&id)[&id].clone();

    system.cloud.put_item(&system.names.orders_table, &as_pending(&item)).unwrap();

    wait_until(LIMIT, "the second request", || only_seen(&system, &id).requests == 2);
    assert_eq!(system.submission(&id, "submitted")["slot"], submission["slot"]);
}

#[test]
fn orders_wait_for_a_platform_that_is_away_and_none_is_lost() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    system.simulators.set_auction_faults(&[fault(&prefix, u32::MAX, FaultKind::Close)]).unwrap();
    let ids: BTreeSet<String> = (0..150).map(|index| format!("{prefix}{index:03}")).collect();
    let orders: Vec<Value> =
        ids.iter().map(|id| json!({"record_id": id, "parameter_1": "text", "parameter_2": 1})).collect();
    for batch in orders.chunks(100) {
        assert_eq!(system.post(Value::from(batch).to_string().as_bytes()).0, 201);
    }
    thread::sleep(USUAL);
    assert_eq!(system.simulators.seen_orders(&prefix).unwrap(), []);
    assert_eq!(system.get(&format!("{prefix}149")).1["submission"], json!({"status": "pending"}));
    assert!(system.cloud.message_count(&system.names.submission_queue_url).unwrap() >= 150);

    system.simulators.set_auction_faults(&[]).unwrap();

    for id in &ids {
        system.submission(id, "submitted");
    }
    let seen = system.simulators.seen_orders(&prefix).unwrap();
    assert_eq!(seen.len(), 150, "one key for each order");
    assert_eq!(seen.into_iter().map(|order| order.record_id).collect::<BTreeSet<_>>(), ids);
    system.assert_nothing_undelivered();
}

#[test]
fn orders_stored_while_the_pipe_is_stopped_are_submitted_when_it_runs_again() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let pipe = &system.names.submission_pipe_name;
    system.cloud.stop_pipe(pipe).unwrap();
    wait_until(LIMIT, "the stopped pipe", || system.cloud.pipe_state(pipe).unwrap() == "STOPPED");
    let ids = [0, 1, 2].map(|index| format!("{prefix}{index}"));
    for id in &ids {
        system.store(id);
    }
    thread::sleep(USUAL);
    assert_eq!(system.simulators.seen_orders(&prefix).unwrap(), []);
    assert_eq!(system.get(&ids[0]).1["submission"], json!({"status": "pending"}));

    system.cloud.start_pipe(pipe).unwrap();

    for id in &ids {
        system.submission(id, "submitted");
        assert_eq!(only_seen(&system, id).requests, 1);
    }
}

#[test]
fn refused_order_is_reported_once_and_not_sent_again() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let (id, other) = (format!("{prefix}refused"), format!("{prefix}other"));
    let rule = AuctionRule { prefix: id.clone(), decision: RuleDecision::Refuse("gate closed".to_owned()) };
    system.simulators.set_auction_rules(&[rule]).unwrap();
    let orders = [&id, &other].map(|id| json!({"record_id": id, "parameter_1": "text", "parameter_2": 1}));
    assert_eq!(system.post(json!(orders).to_string().as_bytes()).0, 201);

    let submission = system.submission(&id, "refused");

    assert_eq!(submission["reason"], "gate closed");
    system.submission(&other, "submitted");
    let posts = system.posts_about(&id, 1);
    assert_eq!(posts[0].message["text"], "1 order refused by the auction platform (local)");
    assert!(posts[0].message.to_string().contains("gate closed"), "{:?}", posts[0]);
    thread::sleep(USUAL);
    assert_eq!(only_seen(&system, &id).requests, 1);
    system.assert_nothing_undelivered();
}

#[test]
fn throttled_order_is_sent_again_after_the_time_that_the_platform_names() {
    const RETRY_AFTER: u32 = 12;
    let (system, id) = (System::idle(), fresh_prefix());
    system.simulators.set_auction_faults(&[fault(&id, 1, status(429, Some(RETRY_AFTER)))]).unwrap();
    system.store(&id);

    system.submission(&id, "submitted");

    let requests = system.simulators.seen_requests(&id).unwrap();
    let statuses: Vec<Option<u16>> = requests.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(429), Some(200)]);
    let waited = requests[1].at_millis - requests[0].at_millis;
    assert!(waited >= u64::from(RETRY_AFTER) * 1000, "{waited} ms");
}

#[test]
fn poisoned_message_delays_no_order_and_ends_whole_in_the_dead_letter_queue() {
    let (system, id) = (System::idle(), fresh_prefix());
    let poison = format!("{{\"not\": \"an order\", \"of\": \"{id}\"}}");
    system.cloud.send_message(&system.names.submission_queue_url, &poison).unwrap();
    system.store(&id);

    system.submission(&id, "submitted");

    let dead_letters = &system.names.submission_dead_letter_queue_url;
    wait_until(LIMIT, "the dead letter", || system.cloud.message_count(dead_letters).unwrap() > 0);
    let bodies: Vec<String> =
        system.cloud.take_messages(dead_letters).unwrap().into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, [poison]);
    assert_eq!(only_seen(&system, &id).requests, 1);
}

#[test]
fn reused_id_of_an_expired_order_is_submitted_again() {
    let (system, id) = (System::idle(), fresh_prefix());
    system.store(&id);
    system.submission(&id, "submitted");
    let mut expired = system.stored(&id)[&id].clone();
    let now = clock::unix_seconds();
    for (name, seconds) in [("accepted_at", now - 86_401), ("expires_at", now - 1)] {
        expired.insert(name.to_owned(), ("N".to_owned(), seconds.to_string()));
    }
    system.cloud.put_item(&system.names.orders_table, &expired).unwrap();
    assert_eq!(system.get(&id).0, 404);

    // Times have whole seconds, and the key contains the time of acceptance.
    thread::sleep(Duration::from_millis(1100));
    system.store(&id);

    system.submission(&id, "submitted");
    let seen = system.simulators.seen_orders(&id).unwrap();
    assert_eq!(seen.len(), 2, "the same content accepted at another time is another order: {seen:?}");
    assert!(seen.iter().all(|order| order.requests == 1), "{seen:?}");
}

#[test]
fn refused_token_is_a_broken_contract_and_loses_no_order() {
    let (system, id) = (System::idle(), fresh_prefix());
    let since = clock::unix_seconds() * 1000;
    system.simulators.set_auction_faults(&[fault(&id, 1, status(401, None))]).unwrap();
    system.store(&id);

    system.submission(&id, "submitted");

    assert_eq!(only_seen(&system, &id).requests, 1);
    let group = &system.names.function("submit-orders").unwrap().log_group_name;
    let lines = system.cloud.log_lines(group, since).unwrap();
    let is_broken = |line: &&str| line.contains("\"ContractBroken\"") && line.contains("status 401");
    let broken: Vec<&str> = lines.iter().map(|line| line.text.as_str()).filter(is_broken).collect();
    assert_eq!(broken.len(), 1, "{lines:?}");
    assert!(broken[0].contains("\"fault\""), "{broken:?}");
}

#[test]
fn slow_response_is_awaited() {
    let (system, id) = (System::idle(), fresh_prefix());
    let faults = [fault(&id, 1, FaultKind::Delay(2_000))];
    system.simulators.set_auction_faults(&faults).unwrap();
    system.store(&id);

    system.submission(&id, "submitted");

    assert_eq!(only_seen(&system, &id).requests, 1);
}

#[test]
fn results_run_decides_the_orders_that_were_submitted() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let (good, dear) = (format!("{prefix}good"), format!("{prefix}dear"));
    let rule = |prefix: &str, decision| AuctionRule { prefix: prefix.to_owned(), decision };
    let rules = [rule(&dear, RuleDecision::Reject("price too high".to_owned())), rule(&good, RuleDecision::Accept)];
    system.simulators.set_auction_rules(&rules).unwrap();
    // As many digits as an amount may have.
    let digits = "12345678901234567890.123456789012345678";
    let body = format!(
        r#"[{{"record_id":"{good}","parameter_1":"a","parameter_2":{digits}}},{{"record_id":"{dear}","parameter_1":"a","parameter_2":1}}]"#
    );
    assert_eq!(system.post(body.as_bytes()).0, 201);
    let slots = [&good, &dear].map(|id| system.submission(id, "submitted")["slot"].as_str().unwrap().to_owned());

    for slot in slots.iter().collect::<BTreeSet<_>>() {
        assert_eq!(system.run(slot).status(), Some("done"));
    }

    let files = system.filed(&slots[0]);
    let stored = format!(r#"{{"order":"accepted","power":{digits},"record_id":"{good}"}}"#);
    assert!(files.values().any(|content| content.lines().any(|line| *line == stored)), "{files:?}");
    let slot = &slots[1];
    assert!(!system.filed(slot).values().any(|content| content.contains(&dear)));
    let path = format!("/results/{}?limit=1000", path(slot));
    let response = system.cloud.http_api(&system.names.api_id, "GET", &path, &[], &[]).unwrap();
    let page: Value = serde_json::from_slice(&response.body).unwrap();
    let order = page["orders"].as_array().unwrap().iter().find(|order| order["record_id"] == dear.as_str()).unwrap();
    assert_eq!((&order["outcome"], &order["reason"]), (&json!("rejected"), &json!("price too high")));
}
