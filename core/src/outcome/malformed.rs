//! An order of a result that cannot be used.

use alloc::string::String;

use crate::json::{Member, Value, string_member, write_string};
use crate::text::truncate;

/// Why an order of a result cannot be used, as one sentence of at most 90 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MalformedOrder {
    code: &'static str,
    message: String,
}

/// Every code of a malformed order.
pub(super) const CODES: [&str; 11] = [
    "not_json",
    "nested_too_deep",
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

impl MalformedOrder {
    /// The permanent code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&code), "`{code}` is not a code of a malformed order");
        Self { code, message: message.into() }
    }

    /// The marker that takes the order's place in the results: `{"malformed":{"code":…,"message":…}}`.
    pub(super) fn marker(&self) -> String {
        let mut marker = String::from("{\"malformed\":{\"code\":");
        write_string(&mut marker, self.code);
        marker.push_str(",\"message\":");
        write_string(&mut marker, &self.message);
        marker.push_str("}}");
        marker
    }

    /// The error in a marker.
    pub(super) fn from_marker(members: &[Member<'_>]) -> Option<Self> {
        let [Member { key, value: Value::Object(details), .. }] = members else { return None };
        if key.text != "malformed" {
            return None;
        }
        let code = CODES.into_iter().find(|code| Some(*code) == string_member(details, "code"))?;
        Some(Self::new(code, truncate(string_member(details, "message")?, 87)))
    }
}
