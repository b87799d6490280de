//! The auction platform's answer as a whole: not ready, or ready with its orders.
//!
//! The answer is checked before it is passed on to the state machine. One order that is malformed does not spoil the
//! others: it is passed on as what is wrong with it.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Malformed, decide_value, write_canonical};
use crate::json::{self, Value};
use crate::text::text;
use crate::violation::{Breach, Place};

/// How deep an answer may be nested: its orders' depth, the array and the object around them.
const DEPTH: u8 = super::DEPTH + 2;

/// How large an answer may be while it travels through the state machine itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// The most orders: 500.
    pub orders: u32,
    /// The most bytes: 204,800. Step Functions stops at 256 KiB of state, in which the answer is not alone.
    pub bytes: u32,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self { orders: 500, bytes: 200 * 1024 }
    }
}

/// The platform's answer for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The results are not ready: to be asked again.
    NotReady,
    /// The results are ready.
    Ready(Vec<ResultOrder>),
}

/// One order of a ready answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultOrder {
    /// An order that can be decided, as its canonical JSON.
    Whole(String),
    /// An order that cannot.
    Malformed(Malformed),
}

/// Why an answer as a whole breaks the platform's contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum AnswerError {
    /// It cannot be read.
    Unreadable {
        /// `not_json`, `not_utf8` or `nested_too_deep`.
        code: &'static str,
        /// What is wrong, and where.
        sentence: String,
    },
    /// It is JSON but no object.
    NotAnObject(&'static str),
    /// `results` or `orders` stands in it twice.
    DuplicateField(&'static str),
    /// `results` is not there.
    MissingResults,
    /// `results` is no boolean.
    WrongResults(&'static str),
    /// `results` is true and `orders` is not there.
    MissingOrders,
    /// `orders` is no array.
    WrongOrders(&'static str),
    /// More orders or bytes than a run can carry.
    TooLarge {
        /// How many there are; `None` if nobody counted beyond the limit.
        given: Option<usize>,
        /// `orders`, `bytes`, or `canonical bytes` for the answer as it would be passed on.
        what: &'static str,
        /// How many there may be.
        limit: u32,
    },
}

impl AnswerError {
    /// The permanent code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { code, .. } => code,
            Self::NotAnObject(_) => "not_an_object",
            Self::DuplicateField(_) => "duplicate_field",
            Self::MissingResults => "missing_results",
            Self::WrongResults(_) => "wrong_results",
            Self::MissingOrders => "missing_orders",
            Self::WrongOrders(_) => "wrong_orders",
            Self::TooLarge { .. } => "results_too_large",
        }
    }

    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Unreadable { sentence, .. } => text!["the platform's answer is ", sentence],
            Self::NotAnObject(given) => text!["the platform's answer must be an object, not ", given],
            Self::DuplicateField(name) => text!["the platform's answer has `", name, "` more than once"],
            Self::MissingResults => "the platform's answer lacks `results`".to_owned(),
            Self::WrongResults(given) => text!["the platform's `results` must be a boolean, not ", given],
            Self::MissingOrders => "the platform's answer is ready but lacks `orders`".to_owned(),
            Self::WrongOrders(given) => text!["the platform's `orders` must be an array, not ", given],
            Self::TooLarge { given: Some(given), what, limit } => {
                text!["the platform's answer has ", given, " ", what, ": at most ", limit]
            }
            Self::TooLarge { given: None, what, limit } => {
                text!["the platform's answer has more than ", limit, " ", what]
            }
        }
    }
}

/// Reads the platform's answer. Members other than `results` and `orders` are left out of account.
///
/// # Errors
/// What breaks the contract for the answer as a whole; a malformed order does not.
pub fn read_answer(bytes: &[u8], limits: &AnswerLimits) -> Result<Answer, AnswerError> {
    within(bytes.len(), "bytes", limits.bytes)?;
    let value = json::read(bytes, DEPTH).map_err(|fault| {
        let breach = Breach::of_fault(fault, DEPTH);
        AnswerError::Unreadable { code: breach.code.as_str(), sentence: breach.sentence(Place::Whole, bytes) }
    })?;
    let Value::Object(members) = value else {
        return Err(AnswerError::NotAnObject(value.type_of().with_article()));
    };
    let (mut results, mut orders) = (None, None);
    for member in members {
        let (name, place) = match member.key.characters.as_ref() {
            "results" => ("results", &mut results),
            "orders" => ("orders", &mut orders),
            _ => continue,
        };
        if place.replace(member.value).is_some() {
            return Err(AnswerError::DuplicateField(name));
        }
    }
    match results.ok_or(AnswerError::MissingResults)? {
        Value::Bool(false) => return Ok(Answer::NotReady),
        Value::Bool(true) => {}
        other => return Err(AnswerError::WrongResults(other.type_of().with_article())),
    }
    let orders = match orders.ok_or(AnswerError::MissingOrders)? {
        Value::Array(orders) => orders,
        other => return Err(AnswerError::WrongOrders(other.type_of().with_article())),
    };
    within(orders.len(), "orders", limits.orders)?;
    let answer = Answer::Ready(orders.iter().map(ResultOrder::of).collect());
    // Canonical numbers and marks of malformed orders can be longer than what was sent.
    within(answer.to_json().len(), "canonical bytes", limits.bytes)?;
    Ok(answer)
}

fn within(given: usize, what: &'static str, limit: u32) -> Result<(), AnswerError> {
    if u32::try_from(given).is_ok_and(|given| given <= limit) {
        return Ok(());
    }
    Err(AnswerError::TooLarge { given: Some(given), what, limit })
}

impl ResultOrder {
    fn of(order: &Value<'_>) -> Self {
        let canonical = || {
            decide_value(order)?;
            let mut canonical = String::new();
            write_canonical(&mut canonical, order)?;
            Ok(canonical)
        };
        canonical().map_or_else(Self::Malformed, Self::Whole)
    }
}

impl Answer {
    /// The answer as it is passed on: `{"results":false}`, or `{"results":true,"orders":[…]}` with each order's
    /// canonical JSON, and `{"malformed":{"code":…,"message":…}}` in the place of an order that is malformed.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self::Ready(orders) = self else { return "{\"results\":false}".to_owned() };
        let mut out = "{\"results\":true,\"orders\":[".to_owned();
        for (index, order) in orders.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            match order {
                ResultOrder::Whole(canonical) => out.push_str(canonical),
                ResultOrder::Malformed(malformed) => malformed.write_json(&mut out),
            }
        }
        out.push_str("]}");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Answer, AnswerError> {
        read_answer(json.as_bytes(), &AnswerLimits::default())
    }

    #[test]
    fn the_tasks_two_documents_are_read() {
        assert_eq!(read(r#"{"results": false}"#), Ok(Answer::NotReady));
        let ready = read(r#"{"results": true, "orders": [{"order": "accepted"}, {"order": "rejected"}]}"#).unwrap();
        assert_eq!(ready.to_json(), r#"{"results":true,"orders":[{"order":"accepted"},{"order":"rejected"}]}"#);
    }

    #[test]
    fn a_malformed_order_is_passed_on_as_what_is_wrong_with_it() {
        let json = read(
            r#"{"results":true,"orders":[{"order":"accepted","power":0.12345678901234567},{"order":"accepted"}]}"#,
        )
        .unwrap()
        .to_json();
        assert_eq!(
            json,
            r#"{"results":true,"orders":[{"malformed":{"code":"too_precise","message":"a number has 17 significant digits: at most 15"}},{"order":"accepted"}]}"#
        );
        let mark = r#"{"malformed":{"code":"too_precise","message":"a number has 17 significant digits: at most 15"}}"#;
        let malformed = super::super::decide(mark.as_bytes()).unwrap_err();
        assert_eq!(malformed.code(), "too_precise");
        assert_eq!(malformed.to_string(), "a number has 17 significant digits: at most 15");
    }

    #[test]
    fn an_answer_that_nobody_counted_has_more_than_the_limit() {
        let error = AnswerError::TooLarge { given: None, what: "bytes", limit: 204_800 };
        assert_eq!(error.to_string(), "the platform's answer has more than 204800 bytes");
        assert_eq!(error.code(), "results_too_large");
    }

    #[test]
    fn each_broken_answer_has_its_code() {
        let many = format!(r#"{{"results":true,"orders":[{}]}}"#, vec!["{}"; 501].join(","));
        let large = format!(r#"{{"results":false,"x":"{}"}}"#, "x".repeat(200 * 1024));
        let growing =
            format!(r#"{{"results":true,"orders":[{{"order":"accepted","x":[{}]}}]}}"#, vec!["1e20"; 30_000].join(","));
        for (json, code) in [
            ("{\"results\":true,}", "not_json"),
            ("[]", "not_an_object"),
            ("{}", "missing_results"),
            (r#"{"results":"true"}"#, "wrong_results"),
            (r#"{"results":null}"#, "wrong_results"),
            (r#"{"results":true}"#, "missing_orders"),
            (r#"{"results":true,"orders":{}}"#, "wrong_orders"),
            (r#"{"results":false,"results":true}"#, "duplicate_field"),
            (many.as_str(), "results_too_large"),
            (large.as_str(), "results_too_large"),
            (growing.as_str(), "results_too_large"),
        ] {
            assert_eq!(read(json).unwrap_err().code(), code, "{}", &json[..json.len().min(60)]);
        }
        let sentence = read(&growing).unwrap_err().to_string();
        assert_eq!(sentence, "the platform's answer has 660054 canonical bytes: at most 204800");
        assert_eq!(read_answer(b"\xff", &AnswerLimits::default()).unwrap_err().code(), "not_utf8");
        assert_eq!(read(&"[".repeat(100)).unwrap_err().code(), "nested_too_deep");
    }
}
