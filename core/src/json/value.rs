//! JSON values that borrow from their input.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::span::Span;

/// A value; a number is its text in the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(JsonString<'a>),
    Array(Vec<Value<'a>>),
    Object(Vec<Member<'a>>),
}

/// A member of an object. Objects keep their members in input order, repeated keys included.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: JsonString<'a>,
    /// The key in the input, without its quotes.
    pub(crate) key_span: Span,
    pub(crate) value: Value<'a>,
}

/// The value of the first member with this name.
pub(crate) fn member<'v, 'a>(members: &'v [Member<'a>], name: &str) -> Option<&'v Value<'a>> {
    members.iter().find(|member| member.key.text == name).map(|member| &member.value)
}

/// The first member with this name, if it is a string.
pub(crate) fn string_member<'v>(members: &'v [Member<'_>], name: &str) -> Option<&'v str> {
    match member(members, name)? {
        Value::String(string) => Some(&string.text),
        _ => None,
    }
}

/// The first member with this name, if it is an integer from 0 to `u32::MAX` in decimal digits.
pub(crate) fn integer_member(members: &[Member<'_>], name: &str) -> Option<u32> {
    match member(members, name)? {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// A decoded string. JSON can escape one half of a surrogate pair, which UTF-8 cannot encode: it is decoded as U+FFFD, and
/// the first one is recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct JsonString<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) lone_surrogate: Option<LoneSurrogate>,
}

/// One half of a surrogate pair without the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LoneSurrogate {
    pub(crate) code_unit: u16,
    /// Index of the character in its string, from 0.
    pub(crate) index: usize,
}

impl<'a, T: Into<Cow<'a, str>>> From<T> for JsonString<'a> {
    fn from(text: T) -> Self {
        Self { text: text.into(), lone_surrogate: None }
    }
}

/// The type of a JSON value.
#[expect(missing_docs, reason = "the types of RFC 8259")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum JsonType {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    /// The type in a sentence: `a number`, `an array`.
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

impl Value<'_> {
    pub(crate) fn json_type(&self) -> JsonType {
        match self {
            Self::Null => JsonType::Null,
            Self::Bool(_) => JsonType::Boolean,
            Self::Number(_) => JsonType::Number,
            Self::String(_) => JsonType::String,
            Self::Array(_) => JsonType::Array,
            Self::Object(_) => JsonType::Object,
        }
    }
}
