//! Decides one order of a result.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::canonical::{parse_number, write_canonical};
use super::malformed::MalformedOrder;
use crate::amount::Amount;
use crate::json::{self, JsonError, Value, member, string_member};
use crate::name::Digest;
use crate::text::{text, truncate};

/// Maximum number of levels of nesting in an order of a result.
pub(super) const MAX_DEPTH: u8 = 30;
/// The keys that may hold the status.
const STATUS_KEYS: [&str; 2] = ["order", "status"];

/// The decision on an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The order is stored.
    Accepted(Accepted),
    /// The order is reported to people.
    Rejected(Rejected),
}

/// An order that the auction accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The order as canonical JSON: the content of the stored file.
    pub canonical: String,
    /// The SHA-256 of the canonical JSON.
    pub digest: Digest,
    /// The order's `power`, if it has one.
    pub power: Option<Amount>,
}

/// An order that the auction rejected, as one sentence of at most 90 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct Rejected {
    record_id: Option<String>,
}

impl Rejected {
    pub(crate) fn message(&self) -> String {
        match &self.record_id {
            Some(record_id) => text!["the auction rejected `", truncate(record_id, 56), "`"],
            None => "the auction rejected the order".to_owned(),
        }
    }
}

/// Decides one order of a result, given as JSON.
///
/// # Errors
/// When it is not an order of a result, or is the marker that [`ResultOrder::to_json`](super::ResultOrder::to_json)
/// left in the place of one.
pub fn decide(order: &[u8]) -> Result<Outcome, MalformedOrder> {
    decide_value(&parse(order)?)
}

/// The canonical JSON of an order, accepted or rejected: the same bytes for every notation of the same order.
///
/// # Errors
/// When it is not an order of a result.
pub fn canonicalize(order: &[u8]) -> Result<String, MalformedOrder> {
    let order = parse(order)?;
    decide_value(&order)?;
    let mut canonical = String::new();
    write_canonical(&mut canonical, &order)?;
    Ok(canonical)
}

fn parse(order: &[u8]) -> Result<Value<'_>, MalformedOrder> {
    json::parse(order, MAX_DEPTH).map_err(|error| match error {
        JsonError::TooDeep { max, .. } => {
            MalformedOrder::new("nested_too_deep", text!["the order is nested more than ", max, " levels deep"])
        }
        _ => MalformedOrder::new("not_json", "the order is not JSON"),
    })
}

/// [`decide`] for a parsed order.
fn decide_value(order: &Value<'_>) -> Result<Outcome, MalformedOrder> {
    let Value::Object(members) = order else {
        let message = text!["an order is an object, not ", order.json_type().with_article()];
        return Err(MalformedOrder::new("not_an_object", message));
    };
    if let Some(malformed) = MalformedOrder::from_marker(members) {
        return Err(malformed);
    }
    let mut canonical = String::new();
    write_canonical(&mut canonical, order)?;
    match parse_status(STATUS_KEYS.map(|key| member(members, key)))? {
        Status::Accepted => {
            let power = match member(members, "power") {
                None => None,
                Some(Value::Number(text)) => Some(parse_number(text)?),
                Some(other) => {
                    let message = text!["`power` is ", other.json_type().with_article(), ", not a number"];
                    return Err(MalformedOrder::new("wrong_type", message));
                }
            };
            Ok(Outcome::Accepted(Accepted { digest: Digest::of(canonical.as_bytes()), canonical, power }))
        }
        Status::Rejected => {
            let record_id = string_member(members, "record_id").map(ToOwned::to_owned);
            Ok(Outcome::Rejected(Rejected { record_id }))
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Accepted,
    Rejected,
}

/// Parses the status, which must be the same under both keys if both are present.
fn parse_status(values: [Option<&Value<'_>>; 2]) -> Result<Status, MalformedOrder> {
    let mut found = None;
    for value in values.into_iter().flatten() {
        let Value::String(string) = value else {
            let message = text!["the status is ", value.json_type().with_article(), ", not a string"];
            return Err(MalformedOrder::new("wrong_type", message));
        };
        let status = match string.text.as_ref() {
            "accepted" => Status::Accepted,
            "rejected" => Status::Rejected,
            other => {
                let message = text!["the status `", truncate(other, 24), "` is neither `accepted` nor `rejected`"];
                return Err(MalformedOrder::new("unknown_status", message));
            }
        };
        if found.is_some_and(|found| found != status) {
            return Err(MalformedOrder::new("conflicting_status", "`order` and `status` say different things"));
        }
        found = Some(status);
    }
    found.ok_or_else(|| MalformedOrder::new("missing_status", "neither `order` nor `status` is there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(json: &str) -> Accepted {
        match decide(json.as_bytes()) {
            Ok(Outcome::Accepted(accepted)) => accepted,
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn status_may_have_either_key() {
        assert_eq!(accepted(r#"{"order":"accepted"}"#).canonical, r#"{"order":"accepted"}"#);
        assert_eq!(accepted(r#"{"status":"accepted","power":1}"#).power.unwrap().to_string(), "1");
        assert!(matches!(decide(br#"{"order":"rejected"}"#), Ok(Outcome::Rejected(_))));
        assert!(matches!(decide(br#"{"status":"rejected","order":"rejected"}"#), Ok(Outcome::Rejected(_))));
    }

    #[test]
    fn canonical_bytes_do_not_depend_on_notation() {
        let one = accepted("{ \"power\" : 2.10, \"order\":\"accepted\", \"note\": \"\\u00e9\\/\" }");
        let other = accepted(r#"{"order":"accepted","note":"é/","power":21e-1}"#);
        assert_eq!(one.canonical, r#"{"note":"é/","order":"accepted","power":2.1}"#);
        assert_eq!(one, other);
        // RFC 8785 sorts by UTF-16 code units: a character beyond the basic plane comes before U+FB33.
        assert_eq!(
            accepted("{\"\u{fb33}\":1,\"\u{1f600}\":2,\"order\":\"accepted\"}").canonical,
            "{\"order\":\"accepted\",\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn malformed_orders_have_their_codes() {
        for (json, code) in [
            ("{", "not_json"),
            (&*format!("{{\"order\":{}{}}}", "[".repeat(30), "]".repeat(30)), "nested_too_deep"),
            ("1", "not_an_object"),
            ("{}", "missing_status"),
            (r#"{"order":"accepted","status":"rejected"}"#, "conflicting_status"),
            (r#"{"order":"pending"}"#, "unknown_status"),
            (r#"{"order":"Accepted"}"#, "unknown_status"),
            (r#"{"order":true}"#, "wrong_type"),
            (r#"{"order":"accepted","power":"1"}"#, "wrong_type"),
            (r#"{"order":"accepted","order":"accepted"}"#, "duplicate_field"),
            (r#"{"order":"accepted","x":[{"a":1,"\u0061":1}]}"#, "duplicate_field"),
            (r#"{"order":"accepted","x":"\ud800"}"#, "invalid_characters"),
            (&*format!("{{\"order\":\"accepted\",\"power\":{}}}", "1".repeat(39)), "too_precise"),
            (r#"{"order":"rejected","x":[1e126]}"#, "out_of_range"),
        ] {
            let malformed = decide(json.as_bytes()).unwrap_err();
            assert_eq!(malformed.code(), code, "{json}");
        }
    }

    #[test]
    fn sentences_of_long_input_stay_short() {
        let long = "😀".repeat(500);
        for json in [
            format!(r#"{{"order":"rejected","record_id":"{long}"}}"#),
            format!(r#"{{"order":"{long}"}}"#),
            format!(r#"{{"order":"accepted","{long}":1,"{long}":1}}"#),
            format!(r#"{{"malformed":{{"code":"not_json","message":"{long}"}}}}"#),
        ] {
            let sentence = match decide(json.as_bytes()) {
                Ok(Outcome::Rejected(rejected)) => rejected.to_string(),
                Err(malformed) => malformed.to_string(),
                other => panic!("{other:?}"),
            };
            assert!(sentence.len() <= 90, "{} bytes: {sentence}", sentence.len());
        }
    }
}
