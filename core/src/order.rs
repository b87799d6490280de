//! An order and its fields. Values of these types are valid by construction.
//!
//! ```
//! use gridbid_core::order::RecordId;
//!
//! assert_eq!(RecordId::parse("unique_id_1")?.as_str(), "unique_id_1");
//! assert_eq!(RecordId::parse("").unwrap_err().code(), "empty");
//! # Ok::<(), gridbid_core::order::FieldError>(())
//! ```

use alloc::borrow::Cow;
use alloc::string::String;

use crate::amount::Amount;
use crate::field::Field;
use crate::rule::{self, TextRule};
use crate::violation::{Code, ViolationKind};

/// The identity of an order: 1 to 128 of `A-Z a-z 0-9 _ . : -`, the first a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId<'a>(Cow<'a, str>);

/// The text of `parameter_1`: 1 to 256 characters, not blank, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(Cow<'a, str>);

/// A valid order. Amounts are compared by value, not by notation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order<'a> {
    /// The order's identity.
    pub record_id: RecordId<'a>,
    /// `parameter_1`.
    pub parameter_1: Text<'a>,
    /// `parameter_2`.
    pub parameter_2: Amount,
}

/// The violation in the text of a field; its sentence is the one of a request's report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    code: Code,
    message: String,
}

impl FieldError {
    /// The permanent code of the violation.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code.as_str()
    }

    fn new(kind: ViolationKind, field: Field) -> Self {
        Self { code: kind.code(), message: kind.message(Some(field), b"") }
    }
}

/// The text, if it obeys every rule of a list.
fn validate<'a>(text: &'a str, rules: &[TextRule], field: Field) -> Result<Cow<'a, str>, FieldError> {
    let string = text.into();
    match rules.iter().find_map(|rule| (rule.check)(&string)) {
        Some(kind) => Err(FieldError::new(kind, field)),
        None => Ok(text.into()),
    }
}

impl<'a> RecordId<'a> {
    /// Parses a `record_id`.
    ///
    /// # Errors
    /// The violation of the first rule that the text breaks.
    pub fn parse(text: &'a str) -> Result<Self, FieldError> {
        validate(text, rule::RECORD_ID, Field::RecordId).map(Self)
    }

    /// Wraps a text that obeys every rule.
    pub(crate) fn from_validated(text: Cow<'a, str>) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same identity without a borrow.
    #[must_use]
    pub fn into_owned(self) -> RecordId<'static> {
        RecordId(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> Text<'a> {
    /// Parses a `parameter_1`.
    ///
    /// # Errors
    /// The violation of the first rule that the text breaks.
    pub fn parse(text: &'a str) -> Result<Self, FieldError> {
        validate(text, rule::PARAMETER_1, Field::Parameter1).map(Self)
    }

    /// Wraps a text that obeys every rule.
    pub(crate) fn from_validated(text: Cow<'a, str>) -> Self {
        Self(text)
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl Order<'_> {
    /// The same order without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Order<'static> {
        Order {
            record_id: self.record_id.into_owned(),
            parameter_1: self.parameter_1.into_owned(),
            parameter_2: self.parameter_2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_id_is_an_identifier_of_at_most_128_characters() {
        for good in ["a", "0", "unique_id_1", "A.b:c-d_e", &"x".repeat(128)] {
            assert_eq!(RecordId::parse(good).unwrap().as_str(), good);
        }
        for (bad, code) in [
            ("", "empty"),
            ("_a", "invalid_characters"),
            ("a b", "invalid_characters"),
            ("é", "invalid_characters"),
            ("a/b", "invalid_characters"),
            (&"x".repeat(129), "too_long"),
        ] {
            assert_eq!(RecordId::parse(bad).unwrap_err().code(), code, "{bad}");
        }
    }

    #[test]
    fn text_is_counted_in_characters_not_bytes() {
        assert!(Text::parse(&"😀".repeat(256)).is_ok());
        assert_eq!(
            Text::parse(&"😀".repeat(257)).unwrap_err().to_string(),
            "`parameter_1` has 257 characters: at most 256"
        );
        assert_eq!(Text::parse(" \u{2003}\t").unwrap_err().code(), "empty");
        assert_eq!(Text::parse("a\u{85}").unwrap_err().code(), "invalid_characters");
    }
}
