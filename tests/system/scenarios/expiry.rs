//! Orders older than 24 hours, whether DynamoDB has removed them or not.

use gridbid_devkit::clock;
use gridbid_local_cloud::client::Item;
use serde_json::{Value, json};

use crate::harness::{System, fresh_prefix};

/// An order as an item of the table.
fn item(record_id: &str, parameter_2: &str, accepted_at: u64, expires_at: u64) -> Item {
    let attributes = [
        ("record_id", "S", record_id.to_owned()),
        ("parameter_1", "S", "old".to_owned()),
        ("parameter_2", "N", parameter_2.to_owned()),
        ("accepted_at", "N", accepted_at.to_string()),
        ("expires_at", "N", expires_at.to_string()),
    ];
    attributes.into_iter().map(|(name, kind, text)| (name.to_owned(), (kind.to_owned(), text))).collect()
}

#[test]
fn expired_order_is_not_found_and_its_id_is_reusable() {
    let (system, id) = (System::idle(), fresh_prefix());
    let now = clock::unix_seconds();
    let old = item(&id, "1", now - 86_401, now - 1);
    system.cloud.put_item(&system.names.orders_table, &old).unwrap();
    assert_eq!(system.get(&id).0, 404, "an expired order is not found");

    // Put again, because the local cloud may have removed the expired item.
    system.cloud.put_item(&system.names.orders_table, &old).unwrap();
    let (status, response) =
        system.post(json!([{"record_id": id, "parameter_1": "new", "parameter_2": 2}]).to_string().as_bytes());

    assert_eq!(status, 201, "{response}");
    assert_eq!((&response["stored"], &response["unchanged"]), (&json!(1), &json!(0)));
    let stored = system.stored(&id);
    assert_eq!(stored.len(), 1);
    let stored = &stored[&id];
    assert_eq!((stored["parameter_1"].1.as_str(), stored["parameter_2"].1.as_str()), ("new", "2"));
    let (accepted_at, expires_at) = (seconds(stored, "accepted_at"), seconds(stored, "expires_at"));
    assert!(accepted_at >= now);
    assert_eq!(expires_at, accepted_at + 86_400);
    assert_eq!(response["expires_at"], clock::rfc3339(expires_at));
    let expected: Value = json!({
        "record_id": id, "parameter_1": "new", "parameter_2": 2,
        "accepted_at": clock::rfc3339(accepted_at), "expires_at": clock::rfc3339(expires_at),
    });
    let (status, mut order) = system.get(&id);
    order.as_object_mut().unwrap().remove("submission");
    assert_eq!((status, order), (200, expected));
}

#[test]
fn repeated_order_after_expiry_is_stored_again() {
    let (system, id) = (System::idle(), fresh_prefix());
    let now = clock::unix_seconds();
    system.cloud.put_item(&system.names.orders_table, &item(&id, "1", now - 86_401, now - 1)).unwrap();

    let (status, response) =
        system.post(json!([{"record_id": id, "parameter_1": "old", "parameter_2": 1}]).to_string().as_bytes());

    assert_eq!(status, 201, "{response}");
    assert_eq!((&response["stored"], &response["unchanged"]), (&json!(1), &json!(0)));
    let stored = system.stored(&id);
    assert!(seconds(&stored[&id], "expires_at") >= now + 86_400);
}

#[test]
fn unexpired_order_keeps_its_id() {
    let (system, id) = (System::idle(), fresh_prefix());
    let now = clock::unix_seconds();
    let living = item(&id, "1", now - 86_000, now + 400);
    system.cloud.put_item(&system.names.orders_table, &living).unwrap();

    let (status, response) =
        system.post(json!([{"record_id": id, "parameter_1": "new", "parameter_2": 2}]).to_string().as_bytes());

    assert_eq!(status, 409, "{response}");
    assert_eq!(response["conflicts"], json!([{"index": 0, "record_id": id}]));
    assert_eq!(system.stored(&id)[&id], living);
}

fn seconds(item: &Item, name: &str) -> u64 {
    item[name].1.parse().unwrap()
}
