//! Results of every size: objects, reports, summary and notification agree to the order.

use std::collections::BTreeMap;
use std::time::Duration;

use gridbid_local_cloud::simulators::{
    AuctionFault, AuctionResponse, FaultKind, SYNTHETIC_REASON, is_synthetic_rejection,
};
use serde_json::{Value, json};

use crate::harness::{System, fresh_slot, path, wait_until};

/// Results above it travel in batches.
const MAX_INLINE: u32 = 500;

/// The canonical line of an accepted generated order.
fn accepted_line(position: u32) -> String {
    format!(r#"{{"order":"accepted","power":0.5,"record_id":"synthetic-{position:07}"}}"#)
}

/// The total power of a number of accepted generated orders.
fn total_power(accepted: u32) -> String {
    let half = if accepted.is_multiple_of(2) { "" } else { ".5" };
    format!("{}{half}", accepted / 2)
}

/// Runs a slot with this number of generated orders, and checks everything that the run has written.
fn check(count: u32) {
    let (system, slot) = (System::idle(), fresh_slot());
    let rejected = (0..count).filter(|position| is_synthetic_rejection(*position)).count() as u32;
    let accepted = count - rejected;

    let ended = system.run_synthetic(&slot, count);

    let expected = json!({
        "slot": slot, "attempt": 1, "status": "done", "polls": 1,
        "accepted": accepted, "rejected": rejected, "failed": 0, "total_power": total_power(accepted),
    });
    assert_eq!(ended.execution.output, expected, "{}", ended.summary());
    let lines: Vec<String> =
        (0..count).filter(|position| !is_synthetic_rejection(*position)).map(accepted_line).collect();
    assert_eq!(stored_lines(&system.filed(&slot), count), lines);
    check_reports(&system, &slot, count, accepted, rejected);
    let summary = system.summary(&slot).unwrap();
    let counts = ["accepted", "rejected", "failed"].map(|name| summary[name].clone());
    assert_eq!(counts, [json!(accepted), json!(rejected), json!(0)]);
    assert_eq!(summary["total_power"], total_power(accepted));
    assert_eq!(summary["rejections"].as_array().unwrap().len() as u32, rejected.min(500));
    assert_eq!(summary["more_rejections"], rejected.saturating_sub(500));
    if rejected == 0 {
        assert!(system.posts_about(&ended.arn, 0).is_empty());
    } else {
        let text = system.only_post_about(&ended.arn);
        assert_eq!(text, format!("Results run {slot} (local): {accepted} accepted, {rejected} rejected, 0 failed"));
    }
    check_pages(&system, &slot, count);
    system.assert_nothing_undelivered();
    assert!(system.is_done(&slot));
}

/// The lines of the stored results in the order of their positions.
fn stored_lines(files: &BTreeMap<String, String>, count: u32) -> Vec<String> {
    if count <= MAX_INLINE {
        // One object per order; its key begins with the position.
        return files.values().cloned().collect();
    }
    let number = |key: &str| {
        let name = key.rsplit('/').next().unwrap();
        name.strip_suffix(".jsonl").unwrap().parse::<u32>().unwrap()
    };
    let batches: BTreeMap<u32, &String> = files.iter().map(|(key, content)| (number(key), content)).collect();
    batches.values().flat_map(|content| content.lines()).map(str::to_owned).collect()
}

fn check_reports(system: &System, slot: &str, count: u32, accepted: u32, rejected: u32) {
    let reports = system.objects("reports", slot);
    let reports: Vec<Value> = reports.values().map(|report| serde_json::from_str(report).unwrap()).collect();
    if count <= MAX_INLINE {
        assert!(reports.is_empty(), "{reports:?}");
        return;
    }
    let sum = |name: &str| reports.iter().map(|report| report[name].as_u64().unwrap()).sum::<u64>();
    let all = [u64::from(count), accepted.into(), rejected.into(), 0];
    assert_eq!(["count", "accepted", "rejected", "failed"].map(sum), all);
    assert_eq!(reports.len(), count.div_ceil(MAX_INLINE) as usize);
}

/// Checks the slot's orders as the API returns them, page by page.
fn check_pages(system: &System, slot: &str, count: u32) {
    let (mut position, mut cursor) = (0, String::new());
    loop {
        let path = format!("/results/{}?limit=1000{cursor}", path(slot));
        let response = system.cloud.http_api(&system.names.api_id, "GET", &path, &[], &[]).unwrap();
        assert_eq!(response.status, 200, "{}", response.text());
        let page: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!((&page["status"], &page["total"]), (&json!("done"), &json!(count)));
        for order in page["orders"].as_array().unwrap() {
            assert_eq!(order["position"], position);
            assert_eq!(order["record_id"], format!("synthetic-{position:07}"));
            if is_synthetic_rejection(position) {
                assert_eq!((&order["outcome"], &order["reason"]), (&json!("rejected"), &json!(SYNTHETIC_REASON)));
            } else {
                assert_eq!((&order["outcome"], &order["power"]), (&json!("accepted"), &json!(0.5)));
            }
            position += 1;
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(position, count);
}

#[test]
fn no_order() {
    check(0);
}

#[test]
fn one_order() {
    check(1);
}

#[test]
fn most_orders_without_batches() {
    check(MAX_INLINE);
}

#[test]
fn fewest_orders_in_batches() {
    check(MAX_INLINE + 1);
}

#[test]
fn twenty_thousand_orders() {
    check(20_000);
}

/// Runs a slot whose platform fails at first; the run must not.
fn outage(faults: &dyn Fn(&str) -> Vec<AuctionFault>, responses: &[AuctionResponse]) {
    let (system, slot) = (System::idle(), fresh_slot());
    system.simulators.set_auction_responses(&slot, responses.to_vec()).unwrap();
    system.simulators.set_auction_faults(&faults(&slot)).unwrap();

    let ended = system.run(&slot);

    assert_eq!(ended.status(), Some("done"), "{}", ended.summary());
    assert_eq!((ended.count("accepted"), ended.count("rejected")), (4, 1));
    assert_eq!(system.filed(&slot).len(), 4);
    wait_until(Duration::from_secs(30), "the notification", || system.posts_about(&ended.arn, 1).len() == 1);
    assert!(system.is_done(&slot));
}

#[test]
fn errors_of_the_platform_are_waited_out() {
    let away = AuctionResponse::Scripted { status: 503, body: "away".to_owned() };
    let mut responses = vec![away; 4];
    responses.extend([AuctionResponse::NotReady, AuctionResponse::Synthetic { orders: 5 }]);
    outage(&|_| Vec::new(), &responses);
}

#[test]
fn closed_connections_are_waited_out() {
    let fault = |slot: &str| vec![AuctionFault { containing: slot.to_owned(), requests: 4, kind: FaultKind::Close }];
    outage(&fault, &[AuctionResponse::Synthetic { orders: 5 }]);
}

#[test]
fn dripping_response_is_abandoned_and_polled_again() {
    let fault =
        |slot: &str| vec![AuctionFault { containing: slot.to_owned(), requests: 1, kind: FaultKind::Drip(1_000) }];
    outage(&fault, &[AuctionResponse::Synthetic { orders: 5 }]);
}
