//! The responses of the API to orders, and the resulting content of the table.

use std::collections::BTreeMap;

use gridbid_devkit::clock;
use gridbid_local_cloud::client::Item;
use gridbid_local_cloud::simulators::{AuctionRule, RuleDecision};
use serde_json::{Value, json};

use crate::harness::{System, fresh_prefix};

fn order(prefix: &str, index: usize) -> Value {
    json!({"record_id": format!("{prefix}{index:03}"), "parameter_1": format!("text {index}"), "parameter_2": index})
}

fn orders(prefix: &str, indexes: impl IntoIterator<Item = usize>) -> Value {
    indexes.into_iter().map(|index| order(prefix, index)).collect()
}

fn post(system: &System, orders: &Value) -> (u16, Value) {
    system.post(orders.to_string().as_bytes())
}

/// The content of the table: both parameters by id, after a check of both times.
fn contents(system: &System, prefix: &str) -> BTreeMap<String, (String, String)> {
    let stored = system.stored(prefix);
    let content = |(id, item): (String, Item)| {
        let text = |name: &str| item[name].1.clone();
        let times: Vec<u64> = ["accepted_at", "expires_at"].iter().map(|name| text(name).parse().unwrap()).collect();
        assert_eq!(times[1], times[0] + 86_400, "{id} lives for 24 hours");
        (id, (text("parameter_1"), text("parameter_2")))
    };
    stored.into_iter().map(content).collect()
}

fn expected(orders: &Value) -> BTreeMap<String, (String, String)> {
    let text = |order: &Value, name: &str| order[name].as_str().map_or_else(|| order[name].to_string(), str::to_owned);
    let orders = orders.as_array().unwrap().iter();
    orders.map(|order| (text(order, "record_id"), (text(order, "parameter_1"), text(order, "parameter_2")))).collect()
}

/// Items without the state of their submission, which submit-orders changes meanwhile.
fn without_submissions(mut items: BTreeMap<String, Item>) -> BTreeMap<String, Item> {
    items.values_mut().for_each(|item| item.retain(|name, _| !name.starts_with("submission_")));
    items
}

/// A refused request, which must store nothing; returns the problem.
fn refused(system: &System, prefix: &str, body: &[u8], status: u16) -> Value {
    let before = without_submissions(system.stored(prefix));
    let (found, problem) = system.post(body);
    assert_eq!(found, status, "{problem}");
    assert_eq!(problem["status"], status);
    assert_eq!(without_submissions(system.stored(prefix)), before, "a refused request must store nothing");
    problem
}

/// Index, field and code of each violation.
fn codes(problem: &Value) -> Vec<(Value, &str, &str)> {
    let violations = problem["violations"].as_array().unwrap().iter();
    let text = |value| Value::as_str(value).unwrap();
    violations.map(|one| (one["index"].clone(), text(&one["field"]), text(&one["code"]))).collect()
}

#[test]
fn hundred_orders_are_stored() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let file = orders(&prefix, 0..100);

    let (status, response) = post(&system, &file);

    assert_eq!(status, 201, "{response}");
    assert_eq!(
        (&response["accepted"], &response["stored"], &response["unchanged"]),
        (&json!(100), &json!(100), &json!(0))
    );
    assert_eq!(contents(&system, &prefix), expected(&file));
    let stored = system.stored(&prefix);
    for item in stored.values() {
        let expires_at: u64 = item["expires_at"].1.parse().unwrap();
        assert_eq!(response["expires_at"], clock::rfc3339(expires_at));
        let names: Vec<&str> =
            item.keys().map(String::as_str).filter(|name| !name.starts_with("submission_")).collect();
        assert_eq!(names, ["accepted_at", "expires_at", "parameter_1", "parameter_2", "record_id"]);
        assert!(item.contains_key("submission_status"), "{item:?}");
    }
    let (status, order) = system.get(&format!("{prefix}042"));
    assert_eq!((status, &order["parameter_1"], &order["parameter_2"]), (200, &json!("text 42"), &json!(42)));
}

#[test]
fn hundred_and_one_orders_are_refused() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let problem = refused(&system, &prefix, orders(&prefix, 0..101).to_string().as_bytes(), 400);
    assert_eq!(codes(&problem), [(Value::Null, "", "too_many_orders")]);
    assert_eq!(problem["total"], 1);
}

#[test]
fn duplicate_id_refuses_all_orders() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let problem = refused(&system, &prefix, orders(&prefix, [0, 1, 2, 1]).to_string().as_bytes(), 400);
    assert_eq!(codes(&problem), [(json!(3), "/3/record_id", "duplicate_record_id")]);
}

#[test]
fn number_of_thirty_nine_digits_is_refused_and_one_of_thirty_eight_is_kept_exactly() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let body = |digits: &str| format!(r#"[{{"record_id": "{prefix}0", "parameter_1": "a", "parameter_2": {digits}}}]"#);
    // The largest amount without an exponent in its canonical text.
    let digits = "123456789012345678901.23456789012345678";
    assert_eq!(digits.len(), 39, "38 digits and a point");

    let problem = refused(&system, &prefix, body(&format!("{digits}1")).as_bytes(), 400);
    assert_eq!(codes(&problem), [(json!(0), "/0/parameter_2", "too_precise")]);

    // A result with this many digits would fail the run of its slot.
    let rule = AuctionRule { prefix: prefix.clone(), decision: RuleDecision::Refuse("too precise".to_owned()) };
    system.simulators.set_auction_rules(&[rule]).unwrap();
    let (status, response) = system.post(body(digits).as_bytes());
    assert_eq!(status, 201, "{response}");
    system.submission(&format!("{prefix}0"), "refused");
    assert_eq!(system.stored(&prefix)[&format!("{prefix}0")]["parameter_2"].1, digits);
    let path = format!("/orders/{prefix}0");
    let read = system.cloud.http_api(&system.names.api_id, "GET", &path, &[], &[]).unwrap();
    assert!(read.text().contains(&format!("\"parameter_2\":{digits},")), "{}", read.text());
}

#[test]
fn empty_body_and_invalid_json_are_refused() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let problem = refused(&system, &prefix, b"", 400);
    assert_eq!(problem["errorMessage"], "Request body is empty");

    let trailing_comma = format!(r#"[{{"record_id": "{prefix}0", "parameter_1": "a", "parameter_2": 1}},]"#);
    for body in [trailing_comma.as_bytes(), b"orders", b"[{\"record_id\": "] {
        let problem = refused(&system, &prefix, body, 400);
        assert_eq!(codes(&problem), [(Value::Null, "", "not_json")]);
    }
}

#[test]
fn all_violations_are_reported_at_once() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let body = json!([
        {"record_id": format!("{prefix}0"), "parameter_1": "fine", "parameter_2": 1},
        {"record_id": "not an id", "parameter_1": "", "parameter_2": "1"},
        {"record_id": format!("{prefix}2"), "parameter_2": 1, "more": true},
        7,
    ]);
    let problem = refused(&system, &prefix, body.to_string().as_bytes(), 400);
    let expected = [
        (json!(1), "/1/record_id", "invalid_characters"),
        (json!(1), "/1/parameter_1", "empty"),
        (json!(1), "/1/parameter_2", "wrong_type"),
        (json!(2), "/2/more", "unknown_field"),
        (json!(2), "/2/parameter_1", "missing_field"),
        (json!(3), "/3", "not_an_object"),
    ];
    let mut found = codes(&problem);
    found.sort_by_key(|(_, field, _)| (*field).to_owned());
    let mut expected = expected.to_vec();
    expected.sort_by_key(|(_, field, _)| (*field).to_owned());
    assert_eq!(found, expected);
    assert_eq!(problem["total"], 6);
}

#[test]
fn repeated_file_changes_nothing() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let file = orders(&prefix, 0..100);
    let (_, first) = post(&system, &file);
    let stored = without_submissions(system.stored(&prefix));

    // One second later a new expiry would be later.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (status, again) = post(&system, &file);

    assert_eq!(status, 201, "{again}");
    assert_eq!((&again["accepted"], &again["stored"], &again["unchanged"]), (&json!(100), &json!(0), &json!(100)));
    assert_eq!(again["expires_at"], first["expires_at"]);
    assert_eq!(without_submissions(system.stored(&prefix)), stored);
}

#[test]
fn partly_repeated_file_stores_only_new_orders() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let (_, first) = post(&system, &orders(&prefix, 0..100));
    let before = without_submissions(system.stored(&prefix));

    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (status, second) = post(&system, &orders(&prefix, 50..150));

    assert_eq!(status, 201, "{second}");
    assert_eq!((&second["accepted"], &second["stored"], &second["unchanged"]), (&json!(100), &json!(50), &json!(50)));
    assert_eq!(second["expires_at"], first["expires_at"], "the earliest expiry");
    assert_eq!(contents(&system, &prefix), expected(&orders(&prefix, 0..150)));
    let after = without_submissions(system.stored(&prefix));
    for (id, item) in &before {
        assert_eq!(&after[id], item, "stored orders keep their expiry");
    }
}

#[test]
fn same_ids_with_other_content_conflict() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    post(&system, &orders(&prefix, 0..10));
    let mut file = orders(&prefix, 0..12);
    for index in [3, 7] {
        file[index]["parameter_2"] = json!(1000);
    }

    let problem = refused(&system, &prefix, file.to_string().as_bytes(), 409);

    let conflict = |index: usize| json!({"index": index, "record_id": format!("{prefix}{index:03}")});
    assert_eq!(problem["conflicts"], json!([conflict(3), conflict(7)]));
    assert_eq!(contents(&system, &prefix), expected(&orders(&prefix, 0..10)));
}

#[test]
fn equal_amounts_in_other_notations_are_the_same_order() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let body = |amount: &str| format!(r#"[{{"record_id": "{prefix}0", "parameter_1": "a", "parameter_2": {amount}}}]"#);
    assert_eq!(system.post(body("2.10").as_bytes()).0, 201);
    for same in ["2.1", "21e-1", "0.21E+1", "2.1000"] {
        let (status, response) = system.post(body(same).as_bytes());
        assert_eq!((status, &response["stored"], &response["unchanged"]), (201, &json!(0), &json!(1)), "{same}");
    }
    assert_eq!(system.post(body("2.11").as_bytes()).0, 409);
    assert_eq!(system.stored(&prefix)[&format!("{prefix}0")]["parameter_2"].1, "2.1");
}

#[test]
fn large_body_and_other_media_type_are_refused() {
    let (system, prefix) = (System::idle(), fresh_prefix());
    let large = format!("[{}]", " ".repeat(262_144));
    refused(&system, &prefix, large.as_bytes(), 413);

    let file = orders(&prefix, 0..1).to_string();
    let headers = [("content-type", "text/plain")];
    let answer = system.cloud.http_api(&system.names.api_id, "POST", "/orders", &headers, file.as_bytes()).unwrap();
    assert_eq!(answer.status, 415, "{}", answer.text());
    assert!(system.stored(&prefix).is_empty());
}

#[test]
fn missing_order_is_not_found() {
    let system = System::idle();
    let (status, problem) = system.get(&fresh_prefix());
    assert_eq!((status, &problem["status"]), (404, &json!(404)));
}
