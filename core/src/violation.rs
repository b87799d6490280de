//! What is wrong with a request: permanent codes, where in the request, and one sentence for people.
//!
//! A code once shipped never changes its meaning. The sentence of a code stands here and nowhere else; it is the same in
//! Rust, TypeScript, Python, logs and vectors. Rules say what they found as a [`Finding`] of plain numbers, and the
//! sentence is made only of those that are shown.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{Expected, Fault, Type, write_string};
use crate::text::{characters, put, put_number, text};

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $text:literal,)+) => {
        /// The permanent name of a kind of violation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Code { $($(#[$doc])+ $variant,)+ }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it stands in answers: snake_case, permanent.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// The body is not JSON (RFC 8259); nothing else was looked at.
    NotJson = "not_json",
    /// The body is not UTF-8; nothing else was looked at.
    NotUtf8 = "not_utf8",
    /// The body is JSON but no array.
    NotAnArray = "not_an_array",
    /// The array is empty.
    EmptyBatch = "empty_batch",
    /// More orders than one request may hold.
    TooManyOrders = "too_many_orders",
    /// More bytes than one request may have; nothing else was looked at.
    BodyTooLarge = "body_too_large",
    /// Arrays and objects in one another beyond the limit; nothing else was looked at.
    NestedTooDeep = "nested_too_deep",
    /// An element of the array is no object.
    NotAnObject = "not_an_object",
    /// A field is not there.
    MissingField = "missing_field",
    /// A field that an order does not have.
    UnknownField = "unknown_field",
    /// A field is given a second time; the first one counts for the other rules.
    DuplicateField = "duplicate_field",
    /// A field's value has another JSON type.
    WrongType = "wrong_type",
    /// A string without content.
    Empty = "empty",
    /// A string with more characters than allowed.
    TooLong = "too_long",
    /// A string with a character that it must not have.
    InvalidCharacters = "invalid_characters",
    /// A number with more significant digits than can be kept.
    TooPrecise = "too_precise",
    /// A number whose magnitude cannot be kept.
    OutOfRange = "out_of_range",
    /// An order before this one has the same `record_id`.
    DuplicateRecordId = "duplicate_record_id",
}

/// A field of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Field {
    /// The order's identity.
    RecordId,
    /// A text.
    Parameter1,
    /// An exact amount.
    Parameter2,
}

impl Field {
    /// Every field, in the order in which missing ones are told.
    pub const ALL: [Self; 3] = [Self::RecordId, Self::Parameter1, Self::Parameter2];

    /// The field's key in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordId => "record_id",
            Self::Parameter1 => "parameter_1",
            Self::Parameter2 => "parameter_2",
        }
    }
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which order, from 0; `None` when it is the request as a whole.
    pub index: Option<u32>,
    /// What kind of violation.
    pub code: Code,
    /// Where: a JSON pointer (RFC 6901) such as `/1/parameter_2`, `""` for the whole body.
    pub field: String,
    /// One sentence for people.
    pub message: String,
}

/// Every violation of a request: how many there are, and the first of them in input order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many violations there are, those not listed included.
    pub total: u32,
    /// The first ones, at most [`Limits::listed`](crate::batch::Limits::listed).
    pub violations: Vec<Violation>,
}

impl Report {
    /// Whether a violation of this code is listed.
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
            put!(&mut out, comma, "{\"index\":", index, ",\"field\":");
            write_string(&mut out, field);
            put!(&mut out, ",\"code\":\"", code.as_str(), "\",\"message\":");
            write_string(&mut out, message);
            out.push('}');
        }
        out.push_str("]}");
        out
    }
}

/// Where a finding lies within its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Place {
    /// The order, or the whole body, itself.
    Whole,
    /// `record_id`.
    RecordId,
    /// `parameter_1`.
    Parameter1,
    /// `parameter_2`.
    Parameter2,
    /// A key that is no field's: its text begins at byte `a` of the request and has `b` bytes.
    Unknown,
}

impl From<Field> for Place {
    fn from(field: Field) -> Self {
        match field {
            Field::RecordId => Self::RecordId,
            Field::Parameter1 => Self::Parameter1,
            Field::Parameter2 => Self::Parameter2,
        }
    }
}

impl Place {
    fn field(self) -> Option<Field> {
        Field::ALL.iter().copied().find(|field| Self::from(*field) == self)
    }
}

/// A violation as plain numbers, before its sentence is made: what a host that reads memory gets. What `a` and `b`
/// are depends on the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which order, from 0; [`Finding::WHOLE`] when it is the request as a whole.
    pub index: u32,
    /// What kind of violation.
    pub code: Code,
    /// Where in the order.
    pub place: Place,
    /// The first detail.
    pub a: u32,
    /// The second detail.
    pub b: u32,
}

/// A code with its two details, all that a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) code: Code,
    pub(crate) a: u32,
    pub(crate) b: u32,
}

impl Breach {
    pub(crate) fn new(code: Code, a: impl TryInto<u32>, b: impl TryInto<u32>) -> Self {
        Self { code, a: a.try_into().unwrap_or(u32::MAX), b: b.try_into().unwrap_or(u32::MAX) }
    }

    pub(crate) fn at(self, index: u32, place: impl Into<Place>) -> Finding {
        Finding { index, code: self.code, place: place.into(), a: self.a, b: self.b }
    }

    pub(crate) fn of_fault(fault: Fault, depth: u8) -> Self {
        match fault {
            Fault::NotUtf8 { at } => Self::new(Code::NotUtf8, at, 0_u32),
            Fault::NotJson { at, expected } => Self::new(Code::NotJson, at, expected as u8),
            Fault::TooDeep { at } => Self::new(Code::NestedTooDeep, at, depth),
        }
    }

    /// The sentence, in lower case and without a final period. `input` is the request, for lines and columns.
    pub(crate) fn sentence(self, place: Place, input: &[u8]) -> String {
        let Self { code, a, b } = self;
        let name = place.field().map_or("", Field::as_str);
        let given = || Type::ALL.get(usize::try_from(a).unwrap_or(0)).map_or("", |given| given.with_article());
        match code {
            Code::NotJson => {
                let (line, column) = line_and_column(input, a);
                let expected =
                    Expected::ALL.get(usize::try_from(b).unwrap_or(0)).map_or("", |expected| expected.sentence());
                text!["not JSON at line ", line, ", column ", column, " (byte ", a, "): ", expected]
            }
            Code::NotUtf8 => text!["not UTF-8 at byte ", a],
            Code::NotAnArray => text!["the body must be an array of orders, not ", given()],
            Code::EmptyBatch => "the array holds no order: at least 1 is needed".to_owned(),
            Code::TooManyOrders => text![a, " orders are too many for one request: at most ", b],
            Code::BodyTooLarge => text![a, " bytes are too many for one request: at most ", b],
            Code::NestedTooDeep => text!["nested more than ", b, " levels deep at byte ", a],
            Code::NotAnObject => text!["an order must be an object, not ", given()],
            Code::MissingField => text!["`", name, "` is missing"],
            Code::UnknownField => {
                let key = crate::shortened(&key(input, a, b).characters, 40);
                let mut sentence = text!["`", key, "` is not a field of an order: its fields are "];
                for (number, field) in Field::ALL.iter().enumerate() {
                    let comma = if number > 0 { ", " } else { "" };
                    put!(&mut sentence, comma, "`", field.as_str(), "`");
                }
                sentence
            }
            Code::DuplicateField => text!["`", name, "` is given more than once"],
            Code::WrongType => {
                let wanted = Type::ALL.get(usize::try_from(b).unwrap_or(0)).map_or("", |wanted| wanted.with_article());
                text!["`", name, "` must be ", wanted, ", not ", given()]
            }
            Code::Empty => text!["`", name, "` must not be empty or blank"],
            Code::TooLong => text!["`", name, "` has ", a, " characters: at most ", b],
            Code::InvalidCharacters => {
                let wanted = match place {
                    Place::RecordId => "a letter or digit comes first, then any of `A-Z a-z 0-9 _ . : -`",
                    _ if (0xD800..0xE000).contains(&b) => "half a surrogate pair is no character",
                    _ => "control characters are not allowed",
                };
                let mut sent = String::new();
                put_number(&mut sent, b.into(), 16, 4);
                text!["`", name, "` has U+", sent.to_ascii_uppercase(), " as character ", a, ": ", wanted]
            }
            Code::TooPrecise => text!["`", name, "` has ", a, " significant digits: at most ", b],
            Code::OutOfRange => text!["`", name, "` must be 0 or have a magnitude from 1e-130 to below 1e126"],
            Code::DuplicateRecordId => text!["`", name, "` is the same as that of the order at /", a],
        }
    }
}

impl Finding {
    /// The index of a finding on the request as a whole.
    pub const WHOLE: u32 = u32::MAX;

    /// The violation that it stands for, in the request that it was found in.
    #[must_use]
    pub fn violation(&self, input: &[u8]) -> Violation {
        let Self { index, code, place, a, b } = *self;
        let index = (index != Self::WHOLE).then_some(index);
        let mut field = index.map_or_else(String::new, |index| text!["/", index]);
        if let Some(name) = place.field() {
            put!(&mut field, "/", name.as_str());
        } else if place == Place::Unknown {
            field.push('/');
            for character in key(input, a, b).characters.chars() {
                match character {
                    '~' => field.push_str("~0"),
                    '/' => field.push_str("~1"),
                    other => field.push(other),
                }
            }
        }
        Violation { index, code, field, message: Breach { code, a, b }.sentence(place, input) }
    }
}

/// The key that lies so in a request.
fn key(input: &[u8], at: u32, length: u32) -> crate::json::Text<'_> {
    let start = usize::try_from(at).unwrap_or(usize::MAX);
    let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    crate::json::decoded(input.get(start..end).unwrap_or(&[]))
}

/// The line and the column, both from 1, of a byte; a column is a character.
fn line_and_column(input: &[u8], at: u32) -> (usize, usize) {
    let before = input.get(..usize::try_from(at).unwrap_or(usize::MAX)).unwrap_or(input);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (line, characters(before.get(start..).unwrap_or(&[])) + 1)
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
    fn numbers_stand_for_what_they_index() {
        assert!(Type::ALL.iter().enumerate().all(|(index, given)| *given as usize == index));
        assert!(Expected::ALL.iter().enumerate().all(|(index, expected)| *expected as usize == index));
        assert!(Code::ALL.iter().enumerate().all(|(index, code)| *code as usize == index));
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        assert_eq!(line_and_column(b"", 0), (1, 1));
        assert_eq!(line_and_column("é\nxé,".as_bytes(), 7), (2, 4));
        assert_eq!(line_and_column("ab".as_bytes(), 99), (1, 3));
    }
}
