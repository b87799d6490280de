//! What the auction decided: the platform's answer as a whole, and what becomes of each order in it.
//!
//! An order of a result is an object with its status, `accepted` or `rejected`, under `order` (as the platform's text
//! has it) or `status` (as its code has it); its other members are kept. Step Functions carries an answer's numbers as
//! doubles, so a number with more than 15 significant digits is refused here instead of being rounded there. What is
//! filed are the order's canonical bytes: RFC 8785, with numbers as [`Amount`]'s canonical text.

mod answer;

pub use answer::{Answer, AnswerError, AnswerLimits, ResultOrder, read_answer};

use alloc::borrow::ToOwned;
use alloc::collections::BinaryHeap;
use alloc::string::String;
use core::cmp::Ordering;

use crate::amount::{Amount, AmountError};
use crate::json::{self, Member, Value};
use crate::name::Digest;
use crate::shortened;
use crate::text::text;

/// The most significant digits that every double keeps (C's `DBL_DIG`).
const DOUBLE_DIGITS: u32 = 15;
/// How deep an order of a result may be nested.
const DEPTH: u8 = 30;
/// The keys under which a status may stand.
const STATUS_KEYS: [&str; 2] = ["order", "status"];

/// What becomes of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is filed.
    Accepted(Accepted),
    /// People are told.
    Rejected(Rejected),
}

/// An order that the auction accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The bytes that are filed: the order as canonical JSON.
    pub canonical: String,
    /// The SHA-256 of those bytes.
    pub digest: Digest,
    /// The order's `power`, if it has one.
    pub power: Option<Amount>,
}

/// An order that the auction rejected; its text is one sentence of at most 90 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Rejected {
    record_id: Option<String>,
}

impl Rejected {
    pub(crate) fn sentence(&self) -> String {
        match &self.record_id {
            Some(record_id) => text!["the auction rejected `", shortened(record_id, 56), "`"],
            None => "the auction rejected the order".to_owned(),
        }
    }
}

/// Why an order of a result cannot be used; its text is one sentence of at most 90 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    code: &'static str,
    message: String,
}

/// Every code that a malformed order can have.
const CODES: [&str; 10] = [
    "not_json",
    "not_an_object",
    "missing_status",
    "conflicting_status",
    "unknown_status",
    "wrong_type",
    "duplicate_field",
    "invalid_characters",
    "too_precise",
    "out_of_range",
];

impl Malformed {
    /// The permanent code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// What stands in a passed-on answer in this order's place.
    fn write_json(&self, out: &mut String) {
        out.push_str("{\"malformed\":{\"code\":");
        json::write_string(out, self.code);
        out.push_str(",\"message\":");
        json::write_string(out, &self.message);
        out.push_str("}}");
    }

    /// The error that an answer has passed on in an order's place.
    fn passed_on(members: &[Member<'_>]) -> Option<Self> {
        let [Member { key, value: Value::Object(inner), .. }] = members else { return None };
        if key.characters != "malformed" {
            return None;
        }
        let text = |name: &str| {
            inner.iter().find(|member| member.key.characters == name).and_then(|member| match &member.value {
                Value::String(text) => Some(text.characters.as_ref()),
                _ => None,
            })
        };
        let code = CODES.into_iter().find(|code| Some(*code) == text("code"))?;
        Some(Self::new(code, shortened(text("message")?, 87)))
    }
}

/// Decides one order of a result, given as JSON.
///
/// # Errors
/// When it is not an order of a result, or is the mark that [`Answer::to_json`] left in the place of one.
pub fn decide(order: &[u8]) -> Result<Outcome, Malformed> {
    let value = json::read(order, DEPTH).map_err(|_| Malformed::new("not_json", "the order is not JSON"))?;
    decide_value(&value)
}

/// An order's canonical JSON, whatever became of it: the same bytes for the same order, however it was written.
///
/// # Errors
/// When it is not an order of a result.
pub fn canonical(order: &[u8]) -> Result<String, Malformed> {
    let value = json::read(order, DEPTH).map_err(|_| Malformed::new("not_json", "the order is not JSON"))?;
    decide_value(&value)?;
    let mut canonical = String::new();
    write_canonical(&mut canonical, &value)?;
    Ok(canonical)
}

/// [`decide`], for an order that has been read.
fn decide_value(order: &Value<'_>) -> Result<Outcome, Malformed> {
    let Value::Object(members) = order else {
        return Err(Malformed::new(
            "not_an_object",
            text!["an order is an object, not ", order.type_of().with_article()],
        ));
    };
    if let Some(malformed) = Malformed::passed_on(members) {
        return Err(malformed);
    }
    let mut canonical = String::new();
    write_canonical(&mut canonical, order)?;
    let member = |name: &str| members.iter().find(|member| member.key.characters == name).map(|member| &member.value);
    match status(STATUS_KEYS.map(member))? {
        Status::Accepted => {
            let power = match member("power") {
                None => None,
                Some(Value::Number(text)) => Some(number(text)?),
                Some(other) => {
                    return Err(Malformed::new(
                        "wrong_type",
                        text!["`power` is ", other.type_of().with_article(), ", not a number"],
                    ));
                }
            };
            Ok(Outcome::Accepted(Accepted { digest: Digest::of(canonical.as_bytes()), canonical, power }))
        }
        Status::Rejected => {
            let record_id = match member("record_id") {
                Some(Value::String(text)) => Some(text.characters.clone().into_owned()),
                _ => None,
            };
            Ok(Outcome::Rejected(Rejected { record_id }))
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Accepted,
    Rejected,
}

/// The status, which both keys must agree on when both are there.
fn status(given: [Option<&Value<'_>>; 2]) -> Result<Status, Malformed> {
    let mut found = None;
    for value in given.into_iter().flatten() {
        let Value::String(text) = value else {
            return Err(Malformed::new(
                "wrong_type",
                text!["the status is ", value.type_of().with_article(), ", not a string"],
            ));
        };
        let status = match text.characters.as_ref() {
            "accepted" => Status::Accepted,
            "rejected" => Status::Rejected,
            other => {
                let message = text!["the status `", shortened(other, 24), "` is neither `accepted` nor `rejected`"];
                return Err(Malformed::new("unknown_status", message));
            }
        };
        if found.is_some_and(|found| found != status) {
            return Err(Malformed::new("conflicting_status", "`order` and `status` say different things"));
        }
        found = Some(status);
    }
    found.ok_or_else(|| Malformed::new("missing_status", "neither `order` nor `status` is there"))
}

/// A number that the state machine carries unchanged.
fn number(text: &str) -> Result<Amount, Malformed> {
    let too_precise = |digits| {
        Malformed::new("too_precise", text!["a number has ", digits, " significant digits: at most ", DOUBLE_DIGITS])
    };
    match Amount::parse(text) {
        Ok(amount) if amount.significant_digits() > DOUBLE_DIGITS => Err(too_precise(amount.significant_digits())),
        Ok(amount) => Ok(amount),
        Err(AmountError::TooPrecise { digits }) => Err(too_precise(digits)),
        Err(AmountError::NotANumber | AmountError::OutOfRange) => {
            Err(Malformed::new("out_of_range", "a number is neither 0 nor from 1e-130 to below 1e126"))
        }
    }
}

/// Appends a value's canonical JSON: no white space, keys sorted by their UTF-16 code units, one text for each string
/// and each number.
fn write_canonical(out: &mut String, value: &Value<'_>) -> Result<(), Malformed> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(&number(text)?.text()),
        Value::String(text) => write_text(out, text)?,
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(out, value)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            // A heap's code is a tenth of a sort's, and every byte of the WASM module is downloaded by somebody.
            let sorted = BinaryHeap::from_iter(members.iter().map(ByKey)).into_sorted_vec();
            out.push('{');
            let mut before: Option<&Member<'_>> = None;
            for ByKey(member) in sorted {
                if before.is_some_and(|before| before.key.characters == member.key.characters) {
                    let message = text!["`", shortened(&member.key.characters, 40), "` is given more than once"];
                    return Err(Malformed::new("duplicate_field", message));
                }
                if before.is_some() {
                    out.push(',');
                }
                write_text(out, &member.key)?;
                out.push(':');
                write_canonical(out, &member.value)?;
                before = Some(member);
            }
            out.push('}');
        }
    }
    Ok(())
}

/// Members by RFC 8785's order of keys: by their UTF-16 code units.
struct ByKey<'m, 'a>(&'m Member<'a>);

impl Ord for ByKey<'_, '_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key.characters.encode_utf16().cmp(other.0.key.characters.encode_utf16())
    }
}

impl PartialOrd for ByKey<'_, '_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByKey<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ByKey<'_, '_> {}

fn write_text(out: &mut String, text: &json::Text<'_>) -> Result<(), Malformed> {
    if text.half_pair.is_some() {
        return Err(Malformed::new("invalid_characters", "a string holds half a surrogate pair"));
    }
    json::write_string(out, &text.characters);
    Ok(())
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
    fn the_status_stands_under_either_key() {
        assert_eq!(accepted(r#"{"order":"accepted"}"#).canonical, r#"{"order":"accepted"}"#);
        assert_eq!(accepted(r#"{"status":"accepted","power":1}"#).power.unwrap().to_string(), "1");
        assert!(matches!(decide(br#"{"order":"rejected"}"#), Ok(Outcome::Rejected(_))));
        assert!(matches!(decide(br#"{"status":"rejected","order":"rejected"}"#), Ok(Outcome::Rejected(_))));
    }

    #[test]
    fn canonical_bytes_do_not_depend_on_how_an_order_was_written() {
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
    fn each_malformed_order_has_its_code() {
        for (json, code) in [
            ("{", "not_json"),
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
            (r#"{"order":"accepted","power":1234567890.123456}"#, "too_precise"),
            (r#"{"order":"rejected","x":[1e126]}"#, "out_of_range"),
        ] {
            let malformed = decide(json.as_bytes()).unwrap_err();
            assert_eq!(malformed.code(), code, "{json}");
            assert!(CODES.contains(&code));
        }
    }

    #[test]
    fn sentences_stay_short_whatever_the_platform_sends() {
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
