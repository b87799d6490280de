//! What is wrong with a request: permanent codes, the place in the request, and one sentence for people.
//!
//! A published code never changes its meaning. The sentence of a code exists only here and reads the same in Rust,
//! TypeScript, Python, logs and vectors. Rules return a typed [`ViolationKind`]; its sentence is built only if it is reported.
//!
//! ```
//! use gridbid_core::batch::{self, Limits};
//!
//! let report = batch::parse(br#"[{"record_id":"a","parameter_1":" ","parameter_2":1}]"#, &Limits::default()).unwrap_err();
//! let violation = &report.violations[0];
//! assert_eq!((violation.code.as_str(), violation.field.as_str()), ("empty", "/0/parameter_1"));
//! assert_eq!(violation.message, "`parameter_1` must not be empty or blank");
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::field::Field;
pub use crate::json::{Expected, JsonType};
use crate::json::{JsonError, decode_string, write_string};
use crate::span::Span;
use crate::text::{append, append_number, is_continuation, text, truncate};

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $text:literal,)+) => {
        /// The permanent name of a kind of violation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])+ $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code in responses and logs: snake_case, permanent.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON (RFC 8259); nothing else is reported.
    NotJson = "not_json",
    /// The body is not UTF-8; nothing else is reported.
    NotUtf8 = "not_utf8",
    /// The body is JSON but not an array.
    NotAnArray = "not_an_array",
    /// The array is empty.
    EmptyBatch = "empty_batch",
    /// More orders than one request may contain.
    TooManyOrders = "too_many_orders",
    /// More bytes than one request may have; nothing else is reported.
    BodyTooLarge = "body_too_large",
    /// Arrays and objects are nested deeper than the limit; nothing else is reported.
    NestedTooDeep = "nested_too_deep",
    /// An element of the array is not an object.
    NotAnObject = "not_an_object",
    /// A field is missing.
    MissingField = "missing_field",
    /// A key that is not a field of an order.
    UnknownField = "unknown_field",
    /// A repeated field; the other rules apply to the first one.
    DuplicateField = "duplicate_field",
    /// A value of another JSON type than the field's.
    WrongType = "wrong_type",
    /// A string without content.
    Empty = "empty",
    /// A string with too many characters.
    TooLong = "too_long",
    /// A string with a character that is not allowed.
    InvalidCharacters = "invalid_characters",
    /// A number with more significant digits than can be stored.
    TooPrecise = "too_precise",
    /// A number whose magnitude cannot be stored.
    OutOfRange = "out_of_range",
    /// An earlier order has the same `record_id`.
    DuplicateRecordId = "duplicate_record_id",
}

/// One kind of violation with its details: a [`Code`] and what its sentence says. Offsets are in bytes, positions count
/// characters from 1.
#[expect(missing_docs, reason = "the fields are the operands of the sentences below")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    NotJson { offset: usize, expected: Expected },
    NotUtf8 { offset: usize },
    NotAnArray { actual: JsonType },
    EmptyBatch,
    TooManyOrders { actual: u32, max: u32 },
    BodyTooLarge { actual: usize, max: u32 },
    NestedTooDeep { offset: usize, max: u8 },
    NotAnObject { actual: JsonType },
    MissingField,
    UnknownField { key: Span },
    DuplicateField,
    WrongType { actual: JsonType, expected: JsonType },
    Empty,
    TooLong { actual: usize, max: usize },
    InvalidCharacters { position: usize, code_point: u32, allowed: AllowedCharacters },
    TooPrecise { actual: usize, max: u32 },
    OutOfRange,
    DuplicateRecordId { first_index: u32 },
}

/// What a string's characters may be, where one is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedCharacters {
    /// A letter or digit, then any of `A-Z a-z 0-9 _ . : -`.
    Identifier,
    /// No control character.
    NotControl,
    /// No half of a surrogate pair.
    NotSurrogate,
}

impl From<JsonError> for ViolationKind {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::NotUtf8 { offset } => Self::NotUtf8 { offset },
            JsonError::NotJson { offset, expected } => Self::NotJson { offset, expected },
            JsonError::TooDeep { offset, max } => Self::NestedTooDeep { offset, max },
        }
    }
}

impl ViolationKind {
    /// The permanent code.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::NotJson { .. } => Code::NotJson,
            Self::NotUtf8 { .. } => Code::NotUtf8,
            Self::NotAnArray { .. } => Code::NotAnArray,
            Self::EmptyBatch => Code::EmptyBatch,
            Self::TooManyOrders { .. } => Code::TooManyOrders,
            Self::BodyTooLarge { .. } => Code::BodyTooLarge,
            Self::NestedTooDeep { .. } => Code::NestedTooDeep,
            Self::NotAnObject { .. } => Code::NotAnObject,
            Self::MissingField => Code::MissingField,
            Self::UnknownField { .. } => Code::UnknownField,
            Self::DuplicateField => Code::DuplicateField,
            Self::WrongType { .. } => Code::WrongType,
            Self::Empty => Code::Empty,
            Self::TooLong { .. } => Code::TooLong,
            Self::InvalidCharacters { .. } => Code::InvalidCharacters,
            Self::TooPrecise { .. } => Code::TooPrecise,
            Self::OutOfRange => Code::OutOfRange,
            Self::DuplicateRecordId { .. } => Code::DuplicateRecordId,
        }
    }

    /// The sentence, in lower case and without a final period. `field` is the field with the violation, if it is one's;
    /// `input` is the request, for lines, columns and keys.
    pub(crate) fn message(self, field: Option<Field>, input: &[u8]) -> String {
        let name = field.map_or("the order", Field::as_str);
        match self {
            Self::NotJson { offset, expected } => {
                let (line, column) = line_and_column(input, offset);
                let expected = expected.message();
                text!["not JSON at line ", line, ", column ", column, " (byte ", offset, "): ", expected]
            }
            Self::NotUtf8 { offset } => text!["not UTF-8 at byte ", offset],
            Self::NotAnArray { actual } => text!["the body must be an array of orders, not ", actual.with_article()],
            Self::EmptyBatch => "the array holds no order: at least 1 is needed".to_owned(),
            Self::TooManyOrders { actual, max } => {
                text![actual, " orders are too many for one request: at most ", max]
            }
            Self::BodyTooLarge { actual, max } => text![actual, " bytes are too many for one request: at most ", max],
            Self::NestedTooDeep { offset, max } => text!["nested more than ", max, " levels deep at byte ", offset],
            Self::NotAnObject { actual } => text!["an order must be an object, not ", actual.with_article()],
            Self::MissingField => text!["`", name, "` is missing"],
            Self::UnknownField { key } => {
                let key = truncate(&decode_string(key.slice(input)).text, 40);
                let mut sentence = text!["`", key, "` is not a field of an order: its fields are "];
                for (index, field) in Field::ALL.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    append!(&mut sentence, comma, "`", field.as_str(), "`");
                }
                sentence
            }
            Self::DuplicateField => text!["`", name, "` is given more than once"],
            Self::WrongType { actual, expected } => {
                text!["`", name, "` must be ", expected.with_article(), ", not ", actual.with_article()]
            }
            Self::Empty => text!["`", name, "` must not be empty or blank"],
            Self::TooLong { actual, max } => text!["`", name, "` has ", actual, " characters: at most ", max],
            Self::InvalidCharacters { position, code_point, allowed } => {
                let allowed = match allowed {
                    AllowedCharacters::Identifier => "a letter or digit comes first, then any of `A-Z a-z 0-9 _ . : -`",
                    AllowedCharacters::NotControl => "control characters are not allowed",
                    AllowedCharacters::NotSurrogate => "half a surrogate pair is not a character",
                };
                let mut digits = String::new();
                append_number(&mut digits, code_point.into(), 16, 4);
                text!["`", name, "` has U+", digits.to_ascii_uppercase(), " as character ", position, ": ", allowed]
            }
            Self::TooPrecise { actual, max } => {
                text!["`", name, "` has ", actual, " significant digits: at most ", max]
            }
            Self::OutOfRange => text!["`", name, "` must be 0 or have a magnitude from 1e-130 to below 1e126"],
            Self::DuplicateRecordId { first_index } => {
                text!["`", name, "` is the same as that of the order at /", first_index]
            }
        }
    }
}

/// A violation where it was found, before its sentence is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Index of the order, from 0; `None` for the request as a whole.
    pub index: Option<u32>,
    /// The field, if the violation is one field's.
    pub field: Option<Field>,
    /// What is wrong.
    pub kind: ViolationKind,
}

impl Finding {
    /// The violation in words; `input` is the request in which it was found.
    #[must_use]
    pub fn violation(&self, input: &[u8]) -> Violation {
        let Self { index, field, kind } = *self;
        let mut pointer = index.map_or_else(String::new, |index| text!["/", index]);
        if let ViolationKind::UnknownField { key } = kind {
            pointer.push('/');
            for character in decode_string(key.slice(input)).text.chars() {
                match character {
                    '~' => pointer.push_str("~0"),
                    '/' => pointer.push_str("~1"),
                    other => pointer.push(other),
                }
            }
        } else if let Some(field) = field {
            append!(&mut pointer, "/", field.as_str());
        }
        Violation { index, code: kind.code(), field: pointer, message: kind.message(field, input) }
    }
}

/// One violation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Index of the order, from 0; `None` for the request as a whole.
    pub index: Option<u32>,
    /// The kind of violation.
    pub code: Code,
    /// A JSON pointer (RFC 6901) such as `/1/parameter_2`; empty for the whole body.
    pub field: String,
    /// One sentence for people.
    pub message: String,
}

/// The violations of a request: their number, and the first of them in input order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Number of violations, those that are not listed included.
    pub total: u32,
    /// The first violations, at most [`Limits::listed`](crate::batch::Limits::listed).
    pub violations: Vec<Violation>,
}

impl Report {
    /// Whether a violation with this code is listed.
    #[must_use]
    pub fn has(&self, code: Code) -> bool {
        self.violations.iter().any(|violation| violation.code == code)
    }

    /// `{"total":…,"violations":[{"index":…,"field":…,"code":…,"message":…},…]}`, with `null` for no index.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = text!["{\"total\":", self.total, ",\"violations\":["];
        for (number, Violation { index, code, field, message }) in self.violations.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            let index = index.map_or_else(|| "null".to_owned(), |index| text![index]);
            append!(&mut out, comma, "{\"index\":", index, ",\"field\":");
            write_string(&mut out, field);
            append!(&mut out, ",\"code\":\"", code.as_str(), "\",\"message\":");
            write_string(&mut out, message);
            out.push('}');
        }
        out.push_str("]}");
        out
    }
}

/// The line and the column of an offset, both from 1; columns count characters. An offset beyond the input is its end.
fn line_and_column(input: &[u8], offset: usize) -> (usize, usize) {
    input.iter().take(offset).fold((1, 1), |(line, column), byte| match byte {
        b'\n' => (line + 1, 1),
        byte => (line, column + usize::from(!is_continuation(*byte))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_snake_case() {
        let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(
            texts.iter().all(|text| text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'))
        );
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        assert_eq!(line_and_column(b"", 0), (1, 1));
        assert_eq!(line_and_column("é\nxé,".as_bytes(), 7), (2, 4));
        assert_eq!(line_and_column("ab".as_bytes(), 99), (1, 3));
    }
}
