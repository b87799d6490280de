//! The submission of orders to the auction platform: the request, the platform's response, and an order's status.
//!
//! Submission is at least once. Every request carries an idempotency key per order, which depends on the order's content and
//! the time of its acceptance, so that the platform counts a repeated order once, and an order that reuses an expired
//! `record_id` as another one. The response has one entry per order, in request order. If entries cannot be attributed to
//! orders, the whole response is an error; an entry that is malformed in itself concerns its order alone.
//!
//! ```
//! use gridbid_core::submission::{Verdict, idempotency_key, parse_response, request_json};
//! # use gridbid_core::{amount::Amount, expiry::{Timestamp, expires_at}, order::{Order, RecordId, Text}, stored::StoredOrder};
//! # let order = Order {
//! #     record_id: RecordId::parse("a").unwrap(),
//! #     parameter_1: Text::parse("x").unwrap(),
//! #     parameter_2: Amount::parse("2.10").unwrap(),
//! # };
//! # let accepted_at = Timestamp::parse("2026-11-22T07:01:02Z").unwrap();
//! # let stored = StoredOrder { order, accepted_at, expires_at: expires_at(accepted_at) };
//!
//! let key = idempotency_key(&stored.order, stored.accepted_at);
//! assert_eq!(
//!     request_json(&[&stored]),
//!     format!(r#"[{{"record_id":"a","parameter_1":"x","parameter_2":2.1,"idempotency_key":"{key}"}}]"#)
//! );
//! let response = br#"[{"record_id":"a","status":"refused","reason":"gate closed"}]"#;
//! assert_eq!(parse_response(response, &[&stored]), Ok(vec![Verdict::Refused { reason: "gate closed".into() }]));
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::expiry::Timestamp;
use crate::json::{self, Member, Value, write_string};
use crate::name::{Digest, Slot};
use crate::order::Order;
use crate::stored::StoredOrder;
use crate::text::truncate;

/// Maximum number of orders per request to the platform.
pub const MAX_ORDERS: usize = 100;
/// Maximum length of the platform's response, in bytes. 100 entries need less than 40,000.
pub const MAX_RESPONSE_BYTES: usize = 256 * 1024;
/// Maximum length of a stored reason, in bytes; a longer one is cut.
const MAX_REASON_BYTES: usize = 200;
/// Nesting of a response: the array, its entries, and what other members of an entry may contain.
const MAX_DEPTH: u8 = 16;

/// The status of an order's submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// The platform has not answered yet.
    Pending,
    /// The platform received the order.
    Submitted {
        /// When the response arrived.
        at: Timestamp,
        /// The auction that the order takes part in.
        slot: Slot,
    },
    /// The platform refused the order, which is final.
    Refused {
        /// When the response arrived.
        at: Timestamp,
        /// The platform's reason, cut to 200 bytes.
        reason: String,
    },
}

impl Submission {
    /// The permanent name of the status.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Submitted { .. } => "submitted",
            Self::Refused { .. } => "refused",
        }
    }
}

/// The platform's verdict on one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The order takes part in this auction. A repeated order gets the same verdict.
    Received {
        /// The auction.
        slot: Slot,
    },
    /// The order takes part in no auction.
    Refused {
        /// Why, cut to 200 bytes and without control characters.
        reason: String,
    },
    /// The entry breaks the platform's contract; the order's status is unknown.
    Malformed(MalformedVerdict),
}

/// Why an entry of the response is not a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedVerdict {
    /// A member occurs more than once.
    #[error("an entry of the platform's response repeats `{0}`")]
    DuplicateField(&'static str),
    /// The status is neither `received` nor `refused`.
    #[error("an entry of the platform's response has no status `received` or `refused`")]
    UnknownStatus,
    /// A received order has no valid slot.
    #[error("a received order of the platform's response has no valid `slot`")]
    InvalidSlot,
    /// A refused order has no reason.
    #[error("a refused order of the platform's response has no `reason`")]
    MissingReason,
}

impl MalformedVerdict {
    /// The permanent code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DuplicateField(_) => "duplicate_field",
            Self::UnknownStatus => "unknown_status",
            Self::InvalidSlot => "invalid_slot",
            Self::MissingReason => "missing_reason",
        }
    }
}

/// Why no verdict of a response can be used. The message quotes nothing of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// It has more bytes than [`MAX_RESPONSE_BYTES`].
    #[error("the platform's response has more than {MAX_RESPONSE_BYTES} bytes")]
    TooLarge,
    /// It is not JSON, or nested too deep.
    #[error("the platform's response is not JSON")]
    NotJson,
    /// It is not an array.
    #[error("the platform's response is not an array")]
    NotAnArray,
    /// It has more or fewer entries than the request has orders.
    #[error("the platform's response has {actual} entries for {expected} orders")]
    WrongCount {
        /// Number of entries.
        actual: usize,
        /// Number of orders.
        expected: usize,
    },
    /// An entry does not name the order at its position.
    #[error("entry {index} of the platform's response does not name order {index} of the request")]
    WrongRecordId {
        /// The position, from 0.
        index: usize,
    },
}

impl ResponseError {
    /// The permanent code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "response_too_large",
            Self::NotJson => "not_json",
            Self::NotAnArray => "not_an_array",
            Self::WrongCount { .. } => "wrong_count",
            Self::WrongRecordId { .. } => "wrong_record_id",
        }
    }
}

/// An order's canonical JSON (RFC 8785, with the amount in core's canonical text): the same bytes for the same content.
#[must_use]
pub fn canonical(order: &Order<'_>) -> String {
    let mut out = "{\"parameter_1\":".to_owned();
    write_string(&mut out, order.parameter_1.as_str());
    out.push_str(",\"parameter_2\":");
    out.push_str(&order.parameter_2.text());
    out.push_str(",\"record_id\":");
    write_string(&mut out, order.record_id.as_str());
    out.push('}');
    out
}

/// The key under which the platform counts an order once: the SHA-256, as 64 lower-case hexadecimal digits, of the order's
/// canonical bytes, a zero byte, and its `accepted_at` in RFC 3339.
#[must_use]
pub fn idempotency_key(order: &Order<'_>, accepted_at: Timestamp) -> String {
    Digest::of(alloc::format!("{}\0{accepted_at}", canonical(order)).as_bytes()).text()
}

/// The request for these orders, at most [`MAX_ORDERS`]: a JSON array with amounts in their exact digits.
#[must_use]
pub fn request_json(orders: &[&StoredOrder]) -> String {
    debug_assert!(orders.len() <= MAX_ORDERS, "{} orders in one request", orders.len());
    let mut out = "[".to_owned();
    for (index, StoredOrder { order, accepted_at, .. }) in orders.iter().enumerate() {
        out.push_str(if index == 0 { "{\"record_id\":" } else { ",{\"record_id\":" });
        write_string(&mut out, order.record_id.as_str());
        out.push_str(",\"parameter_1\":");
        write_string(&mut out, order.parameter_1.as_str());
        out.push_str(",\"parameter_2\":");
        out.push_str(&order.parameter_2.text());
        out.push_str(",\"idempotency_key\":\"");
        out.push_str(&idempotency_key(order, *accepted_at));
        out.push_str("\"}");
    }
    out.push(']');
    out
}

/// Parses the response to the request for these orders into one verdict per order. Unknown members are ignored.
///
/// # Errors
/// The first problem that makes it uncertain which entry belongs to which order.
pub fn parse_response(response: &[u8], orders: &[&StoredOrder]) -> Result<Vec<Verdict>, ResponseError> {
    if response.len() > MAX_RESPONSE_BYTES {
        return Err(ResponseError::TooLarge);
    }
    let value = json::parse(response, MAX_DEPTH).map_err(|_| ResponseError::NotJson)?;
    let Value::Array(entries) = value else { return Err(ResponseError::NotAnArray) };
    if entries.len() != orders.len() {
        return Err(ResponseError::WrongCount { actual: entries.len(), expected: orders.len() });
    }
    let verdict = |(index, (entry, stored)): (usize, (&Value<'_>, &&StoredOrder))| {
        let names_order =
            |members: &[Member<'_>]| string(members, "record_id") == Ok(Some(stored.order.record_id.as_str()));
        match entry {
            Value::Object(members) if names_order(members) => {
                Ok(parse_verdict(members).unwrap_or_else(Verdict::Malformed))
            }
            _ => Err(ResponseError::WrongRecordId { index }),
        }
    };
    entries.iter().zip(orders).enumerate().map(verdict).collect()
}

fn parse_verdict(members: &[Member<'_>]) -> Result<Verdict, MalformedVerdict> {
    match string(members, "status")? {
        Some("received") => {
            let slot = string(members, "slot")?.and_then(|slot| Slot::parse(slot).ok());
            Ok(Verdict::Received { slot: slot.ok_or(MalformedVerdict::InvalidSlot)? })
        }
        Some("refused") => {
            let reason = string(members, "reason")?.filter(|reason| !reason.trim().is_empty());
            let reason = truncate(reason.ok_or(MalformedVerdict::MissingReason)?, MAX_REASON_BYTES);
            Ok(Verdict::Refused { reason })
        }
        _ => Err(MalformedVerdict::UnknownStatus),
    }
}

/// The string member of this name; `None` if it is missing or of another type.
fn string<'v>(members: &'v [Member<'_>], name: &'static str) -> Result<Option<&'v str>, MalformedVerdict> {
    let mut named = members.iter().filter(|member| member.key.text == name);
    let first = named.next();
    if named.next().is_some() {
        return Err(MalformedVerdict::DuplicateField(name));
    }
    Ok(first.and_then(|member| match &member.value {
        Value::String(text) => Some(text.text.as_ref()),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Amount;
    use crate::expiry::expires_at;
    use crate::order::{RecordId, Text};

    fn stored(record_id: &'static str, amount: &str) -> StoredOrder {
        let accepted_at = Timestamp::parse("2026-11-22T07:01:02Z").unwrap();
        let order = Order {
            record_id: RecordId::parse(record_id).unwrap(),
            parameter_1: Text::parse("é\"").unwrap(),
            parameter_2: Amount::parse(amount).unwrap(),
        };
        StoredOrder { order, accepted_at, expires_at: expires_at(accepted_at) }
    }

    fn parse(response: &str) -> Result<Vec<Verdict>, ResponseError> {
        let (first, second) = (stored("a", "1"), stored("b", "2"));
        parse_response(response.as_bytes(), &[&first, &second])
    }

    #[test]
    fn key_hashes_content_and_acceptance() {
        let a = stored("a", "2.10");
        assert_eq!(canonical(&a.order), r#"{"parameter_1":"é\"","parameter_2":2.1,"record_id":"a"}"#);
        let key = idempotency_key(&a.order, a.accepted_at);
        // printf '{"parameter_1":"é\\"","parameter_2":2.1,"record_id":"a"}\0%s' 2026-11-22T07:01:02Z | sha256sum
        assert_eq!(key, "674cea66cb36e89afdc69ad4c8f1dbe81918a44e84f4d6fa7eba4ed9d199afab");
        assert_eq!(key, idempotency_key(&stored("a", "21e-1").order, a.accepted_at));
        assert_ne!(key, idempotency_key(&stored("a", "2.2").order, a.accepted_at));
        assert_ne!(key, idempotency_key(&stored("b", "2.1").order, a.accepted_at));
        assert_ne!(key, idempotency_key(&a.order, Timestamp::from_unix_seconds(a.accepted_at.unix_seconds() + 1)));
    }

    #[test]
    fn request_keeps_every_digit() {
        let amount = "12345678901234567890.123456789012345678";
        let (first, second) = (stored("a", amount), stored("b", "1e21"));
        let [first_key, second_key] =
            [&first, &second].map(|stored| idempotency_key(&stored.order, stored.accepted_at));
        assert_eq!(
            request_json(&[&first, &second]),
            alloc::format!(
                concat!(
                    r#"[{{"record_id":"a","parameter_1":"é\"","parameter_2":{},"idempotency_key":"{}"}},"#,
                    r#"{{"record_id":"b","parameter_1":"é\"","parameter_2":1e+21,"idempotency_key":"{}"}}]"#,
                ),
                amount,
                first_key,
                second_key
            )
        );
        assert_eq!(request_json(&[]), "[]");
    }

    #[test]
    fn verdicts_are_in_request_order() {
        let response = r#"[{"record_id":"a","status":"received","slot":"2026-11-22T07:05:00Z","note":[{}]},
                           {"record_id":"b","status":"refused","reason":"gate\nclosed"}]"#;
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        assert_eq!(
            parse(response),
            Ok(vec![Verdict::Received { slot }, Verdict::Refused { reason: "gate?closed".into() }])
        );
    }

    #[test]
    fn malformed_verdict_concerns_its_order_alone() {
        let received = r#"{"record_id":"b","status":"received","slot":"2026-11-22T07:05:00Z"}"#;
        for (entry, code) in [
            (r#"{"record_id":"a"}"#, "unknown_status"),
            (r#"{"record_id":"a","status":null}"#, "unknown_status"),
            (r#"{"record_id":"a","status":"queued"}"#, "unknown_status"),
            (r#"{"record_id":"a","status":"received"}"#, "invalid_slot"),
            (r#"{"record_id":"a","status":"received","slot":"soon"}"#, "invalid_slot"),
            (r#"{"record_id":"a","status":"refused"}"#, "missing_reason"),
            (r#"{"record_id":"a","status":"refused","reason":" "}"#, "missing_reason"),
            (r#"{"record_id":"a","status":"refused","status":"received"}"#, "duplicate_field"),
        ] {
            let verdicts = parse(&alloc::format!("[{entry},{received}]")).unwrap();
            let [Verdict::Malformed(malformed), Verdict::Received { .. }] = verdicts[..] else { panic!("{entry}") };
            assert_eq!(malformed.code(), code, "{entry}");
        }
    }

    #[test]
    fn response_that_cannot_be_attributed_is_an_error() {
        let refused = |id: &str| alloc::format!(r#"{{"record_id":"{id}","status":"refused","reason":"x"}}"#);
        for (response, code) in [
            (String::new(), "not_json"),
            ("<html>".into(), "not_json"),
            ("{}".into(), "not_an_array"),
            ("[]".into(), "wrong_count"),
            (alloc::format!("[{}]", refused("a")), "wrong_count"),
            (alloc::format!("[{},{}]", refused("b"), refused("a")), "wrong_record_id"),
            (alloc::format!("[{},7]", refused("a")), "wrong_record_id"),
            (alloc::format!("[{},{{}}]", refused("a")), "wrong_record_id"),
            (alloc::format!(r#"[{},{{"record_id":"b","record_id":"b"}}]"#, refused("a")), "wrong_record_id"),
            (" ".repeat(MAX_RESPONSE_BYTES + 1), "response_too_large"),
        ] {
            assert_eq!(parse(&response).unwrap_err().code(), code);
        }
    }

    #[test]
    fn long_reason_is_cut() {
        let response = alloc::format!(r#"[{{"record_id":"a","status":"refused","reason":"{}"}}]"#, "é".repeat(500));
        let verdicts = parse_response(response.as_bytes(), &[&stored("a", "1")]).unwrap();
        assert_eq!(verdicts, [Verdict::Refused { reason: alloc::format!("{}…", "é".repeat(100)) }]);
    }
}
