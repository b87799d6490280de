//! The platform's results for a slot as a whole.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use super::decision::{MAX_DEPTH as ORDER_MAX_DEPTH, canonicalize};
use super::malformed::MalformedOrder;
use crate::json::{JsonError, JsonType, Reader};
use crate::span::Span;
use crate::text::text;
use crate::violation::ViolationKind;

/// Maximum number of levels of nesting: those of an order, and the array and the object around it.
const MAX_DEPTH: u8 = ORDER_MAX_DEPTH + 2;

/// The size of the results that the state machine carries itself; larger ones travel by reference (see
/// [`Answer`](super::Answer)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultsLimits {
    /// Maximum number of orders; default 500.
    pub orders: u32,
    /// Maximum number of bytes; default 204,800. Step Functions limits the input and output of a state to 256 KiB, which the results share
    /// with the run's other data.
    pub bytes: u32,
}

impl Default for ResultsLimits {
    fn default() -> Self {
        Self { orders: 500, bytes: 200 * 1024 }
    }
}

/// The platform's results for one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformResults {
    /// The results are not ready: the platform is polled again.
    NotReady,
    /// The results are ready.
    Ready(Vec<ResultOrder>),
}

/// One order of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultOrder {
    /// The canonical JSON of an order that can be decided.
    Valid(String),
    /// An order that cannot.
    Malformed(MalformedOrder),
}

/// Why the results as a whole break the platform's contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub enum ResultsError {
    /// The results cannot be read.
    Unreadable {
        /// `not_json`, `not_utf8` or `nested_too_deep`.
        code: &'static str,
        /// What is wrong, and where.
        message: String,
    },
    /// The results are JSON but not an object. The operand of this and of the following variants is the actual type.
    NotAnObject(&'static str),
    /// `results` or `orders` is repeated.
    DuplicateField(&'static str),
    /// `results` is missing.
    MissingResults,
    /// `results` is not a boolean.
    WrongResults(&'static str),
    /// `results` is true and `orders` is missing.
    MissingOrders,
    /// `orders` is not an array.
    WrongOrders(&'static str),
    /// More orders or bytes than a run can carry.
    TooLarge {
        /// The actual number; `None` if it was not counted beyond the limit.
        actual: Option<usize>,
        /// `orders`, `bytes`, or `canonical bytes` of [`ResultOrder::to_json`].
        unit: &'static str,
        /// The limit.
        max: u32,
    },
}

impl ResultsError {
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

    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unreadable { message, .. } => text!["the platform's answer is ", message],
            Self::NotAnObject(actual) => text!["the platform's answer must be an object, not ", actual],
            Self::DuplicateField(name) => text!["the platform's answer has `", name, "` more than once"],
            Self::MissingResults => "the platform's answer lacks `results`".to_owned(),
            Self::WrongResults(actual) => text!["the platform's `results` must be a boolean, not ", actual],
            Self::MissingOrders => "the platform's answer is ready but lacks `orders`".to_owned(),
            Self::WrongOrders(actual) => text!["the platform's `orders` must be an array, not ", actual],
            Self::TooLarge { actual: Some(actual), unit, max } => {
                text!["the platform's answer has ", actual, " ", unit, ": at most ", max]
            }
            Self::TooLarge { actual: None, unit, max } => text!["the platform's answer has more than ", max, " ", unit],
        }
    }
}

/// Parses the platform's results. Members other than `results` and `orders` are ignored.
///
/// # Errors
/// What breaks the contract for the results as a whole. A malformed order does not: it becomes [`ResultOrder::Malformed`].
pub fn parse_results(bytes: &[u8], limits: &ResultsLimits) -> Result<PlatformResults, ResultsError> {
    let Some(orders) = scan_results(bytes, limits.bytes)? else { return Ok(PlatformResults::NotReady) };
    check_size(orders.len(), "orders", limits.orders)?;
    let orders: Vec<_> = orders.iter().collect();
    // Canonical numbers and the markers of malformed orders can be longer than the platform's bytes.
    check_size(orders.iter().map(|order| order.to_json().len()).sum(), "canonical bytes", limits.bytes)?;
    Ok(PlatformResults::Ready(orders))
}

/// Finds the orders in the platform's results without copying them; `None` if the results are not ready. An order is checked
/// when [`ResultOrders::iter`] reaches it.
///
/// # Errors
/// As [`parse_results`], except for a limit on the number of orders.
pub fn scan_results(bytes: &[u8], max_bytes: u32) -> Result<Option<ResultOrders<'_>>, ResultsError> {
    check_size(bytes.len(), "bytes", max_bytes)?;
    let mut reader = Reader::new(bytes, MAX_DEPTH);
    let document = Document::read(&mut reader).map_err(|error| {
        let kind = ViolationKind::from(reader.encoding_error().unwrap_or(error));
        ResultsError::Unreadable { code: kind.code().as_str(), message: kind.message(None, bytes) }
    })?;
    if document.json_type != JsonType::Object {
        return Err(ResultsError::NotAnObject(document.json_type.with_article()));
    }
    if let Some(name) = document.duplicate {
        return Err(ResultsError::DuplicateField(name));
    }
    match document.results.ok_or(ResultsError::MissingResults)? {
        (JsonType::Boolean, b'f') => return Ok(None),
        (JsonType::Boolean, _) => {}
        (other, _) => return Err(ResultsError::WrongResults(other.with_article())),
    }
    match document.orders.ok_or(ResultsError::MissingOrders)? {
        Ok(spans) => Ok(Some(ResultOrders { bytes, spans })),
        Err(other) => Err(ResultsError::WrongOrders(other.with_article())),
    }
}

/// The orders of ready results, in the platform's document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultOrders<'a> {
    bytes: &'a [u8],
    spans: Vec<Span>,
}

impl ResultOrders<'_> {
    /// Number of orders.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no order.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Checks each order.
    pub fn iter(&self) -> impl Iterator<Item = ResultOrder> {
        self.spans.iter().map(|span| ResultOrder::parse(span.slice(self.bytes)))
    }
}

/// The members of the platform's document that count.
struct Document {
    json_type: JsonType,
    /// Type and first byte of `results`.
    results: Option<(JsonType, u8)>,
    /// The elements of `orders`, or its type if it is not an array.
    orders: Option<Result<Vec<Span>, JsonType>>,
    /// The first of the two that is repeated.
    duplicate: Option<&'static str>,
}

impl Document {
    fn read(reader: &mut Reader<'_>) -> Result<Self, JsonError> {
        let mut document = Self { json_type: JsonType::Object, results: None, orders: None, duplicate: None };
        reader.skip_whitespace();
        if reader.peek() == Some(b'{') {
            reader.enter()?;
            document.read_members(reader)?;
            reader.leave();
        } else {
            document.json_type = reader.skip()?;
        }
        reader.end()?;
        Ok(document)
    }

    fn read_members(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        if reader.take(b'}') {
            return Ok(());
        }
        loop {
            let (key, _) = reader.key()?;
            reader.skip_whitespace();
            let duplicate = match key.text.as_ref() {
                "results" => {
                    let first = reader.peek().unwrap_or_default();
                    self.results.replace((reader.skip()?, first)).map(|_| "results")
                }
                "orders" => self.orders.replace(read_orders(reader)?).map(|_| "orders"),
                _ => {
                    reader.skip()?;
                    None
                }
            };
            self.duplicate = self.duplicate.or(duplicate);
            if reader.ends(b'}')? {
                return Ok(());
            }
        }
    }
}

/// Reads `orders`. An order may be nested to any depth here: one that is nested too deep is malformed, the others are not.
fn read_orders(reader: &mut Reader<'_>) -> Result<Result<Vec<Span>, JsonType>, JsonError> {
    if reader.peek() != Some(b'[') {
        return Ok(Err(reader.skip()?));
    }
    reader.enter()?;
    let mut spans = Vec::new();
    if !reader.take(b']') {
        loop {
            reader.skip_whitespace();
            let start = reader.at;
            reader.skip_any_depth()?;
            spans.push(Span::between(start, reader.at));
            if reader.ends(b']')? {
                break;
            }
        }
    }
    reader.leave();
    Ok(Ok(spans))
}

pub(super) fn check_size(actual: usize, unit: &'static str, max: u32) -> Result<(), ResultsError> {
    if actual > max as usize {
        return Err(ResultsError::TooLarge { actual: Some(actual), unit, max });
    }
    Ok(())
}

impl ResultOrder {
    fn parse(order: &[u8]) -> Self {
        canonicalize(order).map_or_else(Self::Malformed, Self::Valid)
    }

    /// The order's canonical JSON, or `{"malformed":{"code":…,"message":…}}` in its place.
    #[must_use]
    pub fn to_json(&self) -> Cow<'_, str> {
        match self {
            Self::Valid(canonical) => Cow::Borrowed(canonical),
            Self::Malformed(malformed) => Cow::Owned(malformed.marker()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::decision::decide;

    fn parse(json: &str) -> Result<PlatformResults, ResultsError> {
        parse_results(json.as_bytes(), &ResultsLimits::default())
    }

    #[test]
    fn example_documents_are_parsed() {
        assert_eq!(parse(r#"{"results": false}"#), Ok(PlatformResults::NotReady));
        let ready = parse(r#"{"results": true, "orders": [{"order": "accepted"}, {"order": "rejected"}]}"#);
        let orders =
            [r#"{"order":"accepted"}"#, r#"{"order":"rejected"}"#].map(|order| ResultOrder::Valid(order.into()));
        assert_eq!(ready, Ok(PlatformResults::Ready(orders.into())));
    }

    #[test]
    fn malformed_order_becomes_a_marker() {
        let json = format!(r#"{{"results":true,"orders":[{{"order":"accepted","power":0.{}}}]}}"#, "3".repeat(39));
        let Ok(PlatformResults::Ready(orders)) = parse(&json) else { panic!("{json}") };
        let marker =
            r#"{"malformed":{"code":"too_precise","message":"a number has 39 significant digits: at most 38"}}"#;
        assert_eq!(orders[0].to_json(), marker);
        let malformed = decide(marker.as_bytes()).unwrap_err();
        assert_eq!(malformed.code(), "too_precise");
        assert_eq!(malformed.to_string(), "a number has 39 significant digits: at most 38");
    }

    #[test]
    fn order_nested_too_deep_fails_alone() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let json = format!(r#"{{"results":true,"orders":[{{"order":"accepted","x":{deep}}},{{"order":"rejected"}}]}}"#);
        let orders = scan_results(json.as_bytes(), u32::MAX).unwrap().unwrap();
        let codes: Vec<_> = orders
            .iter()
            .map(|order| match order {
                ResultOrder::Malformed(malformed) => malformed.code(),
                ResultOrder::Valid(_) => "valid",
            })
            .collect();
        assert_eq!(codes, ["nested_too_deep", "valid"]);
        // Outside of an order it is the document that is nested too deep.
        for json in [format!(r#"{{"results":false,"x":{deep}}}"#), format!(r#"{{"results":{deep}}}"#), deep] {
            assert_eq!(scan_results(json.as_bytes(), u32::MAX).unwrap_err().code(), "nested_too_deep");
        }
    }

    #[test]
    fn results_that_were_not_counted_exceed_the_limit() {
        let error = ResultsError::TooLarge { actual: None, unit: "bytes", max: 204_800 };
        assert_eq!(error.to_string(), "the platform's answer has more than 204800 bytes");
        assert_eq!(error.code(), "results_too_large");
    }

    #[test]
    fn broken_results_have_their_codes() {
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
            assert_eq!(parse(json).unwrap_err().code(), code, "{}", &json[..json.len().min(60)]);
        }
        let sentence = parse(&growing).unwrap_err().to_string();
        assert_eq!(sentence, "the platform's answer has 660026 canonical bytes: at most 204800");
        assert_eq!(parse_results(b"\xff", &ResultsLimits::default()).unwrap_err().code(), "not_utf8");
        assert_eq!(parse(&"[".repeat(100)).unwrap_err().code(), "nested_too_deep");
    }
}
