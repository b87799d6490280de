//! An order and its parts, each valid once it is there.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::amount::Amount;
use crate::json;
use crate::rule;
use crate::violation::{Breach, Field};

/// The most characters of a `record_id`.
pub const RECORD_ID_CHARACTERS: usize = 128;
/// The most characters of a `parameter_1`.
pub const TEXT_CHARACTERS: usize = 256;

/// What makes an order the same order: 1 to 128 of `A-Z a-z 0-9 _ . : -`, the first a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId<'a>(Cow<'a, str>);

/// The text of `parameter_1`: 1 to 256 characters, not blank, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(Cow<'a, str>);

/// An order, valid in itself. Equal orders have equal content: the amount counts by its value, not by how it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order<'a> {
    /// Its identity.
    pub record_id: RecordId<'a>,
    /// `parameter_1`.
    pub parameter_1: Text<'a>,
    /// `parameter_2`.
    pub parameter_2: Amount,
}

/// Why a text is no `record_id`, or no `parameter_1`; the sentence is the one that a request's report has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    code: &'static str,
    message: String,
}

impl FieldError {
    /// The permanent code of the violation.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    fn new(breach: Breach, field: Field) -> Self {
        Self { code: breach.code.as_str(), message: breach.sentence(field.into(), b"") }
    }
}

/// The text, if no rule of the list finds anything.
fn obeying<'a>(text: &'a str, rules: &[rule::TextRule], field: Field) -> Result<Cow<'a, str>, FieldError> {
    let text = json::Text { characters: Cow::Borrowed(text), half_pair: None };
    match rules.iter().find_map(|rule| (rule.check)(&text)) {
        Some(breach) => Err(FieldError::new(breach, field)),
        None => Ok(text.characters),
    }
}

impl<'a> RecordId<'a> {
    /// Reads a `record_id`.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &'a str) -> Result<Self, FieldError> {
        obeying(text, rule::RECORD_ID, Field::RecordId).map(Self)
    }

    /// Takes a text that the rules have passed.
    pub(crate) fn checked(text: Cow<'a, str>) -> Self {
        Self(text)
    }

    /// The identity's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same identity, on its own.
    #[must_use]
    pub fn into_owned(self) -> RecordId<'static> {
        RecordId(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> Text<'a> {
    /// Reads a `parameter_1`.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &'a str) -> Result<Self, FieldError> {
        obeying(text, rule::PARAMETER_1, Field::Parameter1).map(Self)
    }

    /// Takes a text that the rules have passed.
    pub(crate) fn checked(text: Cow<'a, str>) -> Self {
        Self(text)
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, on its own.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl Order<'_> {
    /// The same order, on its own.
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
    fn a_record_id_is_an_identifier_of_at_most_128_characters() {
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
    fn a_text_is_counted_in_characters_not_bytes() {
        assert!(Text::parse(&"😀".repeat(256)).is_ok());
        assert_eq!(
            Text::parse(&"😀".repeat(257)).unwrap_err().to_string(),
            "`parameter_1` has 257 characters: at most 256"
        );
        assert_eq!(Text::parse(" \u{2003}\t").unwrap_err().code(), "empty");
        assert_eq!(Text::parse("a\u{85}").unwrap_err().code(), "invalid_characters");
    }
}
