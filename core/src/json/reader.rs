//! Reads JSON: a value as a tree, or token by token.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::{Expected, JsonError};
use super::value::{JsonString, JsonType, LoneSurrogate, Member, Value};
use crate::simd;
use crate::span::Span;
use crate::text::count_chars;

const WHITESPACE: &[(u8, u8)] = &[(b'\t', b'\n'), (b'\r', b'\r'), (b' ', b' ')];
/// What a string contains without an escape.
const RAW: &[(u8, u8)] = &[(b' ', b'!'), (b'#', b'['), (b']', 0xFF)];

/// Parses a text that is one value, nested at most `max_depth` levels (a scalar has none).
pub(crate) fn parse(bytes: &[u8], max_depth: u8) -> Result<Value<'_>, JsonError> {
    let mut reader = Reader::new(bytes, max_depth);
    let value = reader.value().and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| reader.encoding_error().unwrap_or(error))
}

/// Decodes a string that has been read before, given without its quotes.
pub(crate) fn decode_string(content: &[u8]) -> JsonString<'_> {
    let text = Reader::new(content, 0).string_content();
    debug_assert!(text.is_ok(), "not the content of a string: {content:?}");
    text.unwrap_or_default()
}

/// A position in a text that is read from its beginning to its end.
///
/// Strings are checked to be UTF-8 as they are read, and nothing outside strings may be beyond ASCII: a text that is read to
/// its end is UTF-8.
pub(crate) struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    /// Offset of the next byte.
    pub(crate) at: usize,
    /// Number of levels that may still be entered.
    levels_left: u8,
    max_depth: u8,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], max_depth: u8) -> Self {
        Self { bytes, at: 0, levels_left: max_depth, max_depth }
    }

    /// The error in the encoding of the whole text, if there is one: invalid UTF-8 or a byte order mark. It is reported before a
    /// syntax error, whatever their offsets.
    #[cold]
    pub(crate) fn encoding_error(&self) -> Option<JsonError> {
        if self.bytes.starts_with("\u{feff}".as_bytes()) && core::str::from_utf8(self.bytes).is_ok() {
            return Some(JsonError::NotJson { offset: 0, expected: Expected::NoByteOrderMark });
        }
        self.text(0, self.bytes.len()).err()
    }

    /// The text between two offsets.
    fn text(&self, start: usize, end: usize) -> Result<&'a str, JsonError> {
        let bytes = Span::between(start, end).slice(self.bytes);
        core::str::from_utf8(bytes).map_err(|error| JsonError::NotUtf8 { offset: start + error.valid_up_to() })
    }

    /// Requires that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        self.skip_whitespace();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(Expected::End)),
        }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        Span::between(self.at, self.bytes.len()).slice(self.bytes)
    }

    /// A syntax error at the next byte.
    pub(crate) fn error(&self, expected: Expected) -> JsonError {
        JsonError::NotJson { offset: self.at, expected }
    }

    #[inline]
    pub(crate) fn skip_whitespace(&mut self) {
        if let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
            self.skip_more_whitespace();
        }
    }

    #[inline(never)]
    fn skip_more_whitespace(&mut self) {
        // Most often, a single space follows a comma or colon.
        if let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at = simd::run_end(self.bytes, self.at, WHITESPACE);
        }
    }

    /// Skips white space, and takes the next byte if it is this one.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        self.skip_whitespace();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Value<'a>, JsonError> {
        self.skip_whitespace();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => {
                let rest = self.rest();
                let words = [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
                let Some((word, value)) = words.into_iter().find(|(word, _)| rest.starts_with(word.as_bytes())) else {
                    return Err(self.error(Expected::Value));
                };
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value<'a>, JsonError>) -> Result<Value<'a>, JsonError> {
        self.enter()?;
        let value = read(self)?;
        self.leave();
        Ok(value)
    }

    /// Whether one more level may be entered.
    #[inline]
    pub(crate) fn may_enter(&self) -> bool {
        self.levels_left > 0
    }

    /// Takes the bracket or brace that comes next, one level down.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<(), JsonError> {
        let too_deep = JsonError::TooDeep { offset: self.at, max: self.max_depth };
        self.levels_left = self.levels_left.checked_sub(1).ok_or(too_deep)?;
        self.at += 1;
        Ok(())
    }

    /// Returns to the level above, after a closing bracket or brace.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.levels_left += 1;
    }

    fn array(&mut self) -> Result<Value<'a>, JsonError> {
        let mut values = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(values));
        }
        loop {
            values.push(self.value()?);
            if self.ends(b']')? {
                return Ok(Value::Array(values));
            }
        }
    }

    fn object(&mut self) -> Result<Value<'a>, JsonError> {
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            let (key, key_span) = self.key()?;
            members.push(Member { key, key_span, value: self.value()? });
            if self.ends(b'}')? {
                return Ok(Value::Object(members));
            }
        }
    }

    /// Reads a member's key and the colon after it; the span is the key's, without quotes.
    pub(crate) fn key(&mut self) -> Result<(JsonString<'a>, Span), JsonError> {
        self.skip_whitespace();
        if self.peek() != Some(b'"') {
            return Err(self.error(Expected::Key));
        }
        let start = self.at;
        let key = self.string()?;
        let span = Span::between(start, self.at).without_quotes();
        if self.take(b':') { Ok((key, span)) } else { Err(self.error(Expected::Colon)) }
    }

    /// Skips a value of any type without recursion.
    pub(crate) fn skip(&mut self) -> Result<JsonType, JsonError> {
        self.skip_levels(Self::enter, Self::leave)
    }

    /// Skips a value of any type and any depth without recursion; takes a byte of memory per level.
    pub(crate) fn skip_any_depth(&mut self) -> Result<JsonType, JsonError> {
        let take = |reader: &mut Self| {
            reader.at += 1;
            Ok(())
        };
        self.skip_levels(take, |_| ())
    }

    fn skip_levels(
        &mut self,
        enter: fn(&mut Self) -> Result<(), JsonError>,
        leave: fn(&mut Self),
    ) -> Result<JsonType, JsonError> {
        // The closing bracket or brace of each open array and object.
        let mut open: Vec<u8> = Vec::new();
        let mut outermost = None;
        loop {
            self.skip_whitespace();
            let json_type = match self.peek() {
                Some(byte @ (b'{' | b'[')) => {
                    enter(self)?;
                    let (json_type, closing) =
                        if byte == b'{' { (JsonType::Object, b'}') } else { (JsonType::Array, b']') };
                    outermost.get_or_insert(json_type);
                    if !self.take(closing) {
                        open.push(closing);
                        if closing == b'}' {
                            self.key()?;
                        }
                        continue;
                    }
                    leave(self);
                    json_type
                }
                _ => self.value()?.json_type(),
            };
            let outermost = *outermost.get_or_insert(json_type);
            loop {
                let Some(closing) = open.last().copied() else { return Ok(outermost) };
                if !self.ends(closing)? {
                    if closing == b'}' {
                        self.key()?;
                    }
                    break;
                }
                leave(self);
                open.pop();
            }
        }
    }

    /// Takes the closing bracket or brace (`true`), or the comma before another element (`false`).
    #[inline]
    pub(crate) fn ends(&mut self, closing: u8) -> Result<bool, JsonError> {
        self.skip_whitespace();
        match self.peek() {
            Some(byte) if byte == closing => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_whitespace();
                if self.peek() == Some(closing) {
                    return Err(JsonError::NotJson { offset: comma, expected: Expected::NoTrailingComma });
                }
                Ok(false)
            }
            _ if closing == b'}' => Err(self.error(Expected::CommaOrBrace)),
            _ => Err(self.error(Expected::CommaOrBracket)),
        }
    }

    pub(crate) fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let (zero, whole) = (self.peek() == Some(b'0'), self.at);
        self.digits()?;
        if zero && self.at > whole + 1 {
            self.at = start;
            return Err(self.error(Expected::NoLeadingZero));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        self.text(start, self.at)
    }

    /// Takes one or more digits.
    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.error(Expected::Digit));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// Reads a string, whose opening quote comes next.
    pub(crate) fn string(&mut self) -> Result<JsonString<'a>, JsonError> {
        self.at += 1;
        let string = self.string_content()?;
        if self.peek().is_none() {
            return Err(self.error(Expected::ClosingQuote));
        }
        self.at += 1;
        Ok(string)
    }

    /// Reads a string up to its closing quote, or to the end of the text.
    fn string_content(&mut self) -> Result<JsonString<'a>, JsonError> {
        let mut string = JsonString::default();
        loop {
            let start = self.at;
            self.at = simd::run_end(self.bytes, start, RAW);
            let raw = self.text(start, self.at)?;
            if string.text.is_empty() {
                string.text = Cow::Borrowed(raw);
            } else {
                string.text.to_mut().push_str(raw);
            }
            match self.peek() {
                Some(b'"') | None => return Ok(string),
                Some(b'\\') => self.escape(&mut string)?,
                Some(_) => return Err(self.error(Expected::EscapedControl)),
            }
        }
    }

    fn escape(&mut self, string: &mut JsonString<'a>) -> Result<(), JsonError> {
        let backslash = self.at;
        let escaped = self.bytes.get(backslash + 1).copied();
        self.at += 2;
        let character = match escaped {
            Some(character @ (b'"' | b'\\' | b'/')) => char::from(character),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => self.code_unit(backslash).and_then(|unit| self.unicode_escape(unit, string))?,
            _ => return Err(JsonError::NotJson { offset: backslash, expected: Expected::Escape }),
        };
        string.text.to_mut().push(character);
        Ok(())
    }

    /// Reads the four hexadecimal digits of a `\u` escape.
    fn code_unit(&mut self, backslash: usize) -> Result<u16, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let digit = digit.ok_or(JsonError::NotJson { offset: backslash, expected: Expected::FourHexDigits })?;
            unit = unit << 4 | digit as u16;
            self.at += 1;
        }
        Ok(unit)
    }

    /// The character of a `\u` escape, with the second half of a surrogate pair if it follows.
    fn unicode_escape(&mut self, unit: u16, string: &mut JsonString<'a>) -> Result<char, JsonError> {
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with(b"\\u") {
            let backslash = self.at;
            self.at += 2;
            let second = self.code_unit(backslash)?;
            if (0xDC00..0xE000).contains(&second) {
                let offset = u32::from(unit - 0xD800) << 10 | u32::from(second - 0xDC00);
                if let Some(character) = char::from_u32(0x1_0000 + offset) {
                    return Ok(character);
                }
            }
            // The second escape is not the other half: it is read again.
            self.at = backslash;
        }
        if let Some(character) = char::from_u32(unit.into()) {
            return Ok(character);
        }
        // Counting the characters before every lone surrogate would take quadratic time.
        if string.lone_surrogate.is_none() {
            let index = count_chars(string.text.as_bytes());
            string.lone_surrogate = Some(LoneSurrogate { code_unit: unit, index });
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation;

    #[test]
    fn syntax_errors_have_their_offset_and_cause() {
        for (text, offset, expected) in [
            ("", 0, Expected::Value),
            ("  ", 2, Expected::Value),
            ("[1,]", 2, Expected::NoTrailingComma),
            ("{\"a\":1 , }", 7, Expected::NoTrailingComma),
            ("[1 2]", 3, Expected::CommaOrBracket),
            ("[1", 2, Expected::CommaOrBracket),
            ("[1,", 3, Expected::Value),
            ("[,1]", 1, Expected::Value),
            ("{\"a\":1 \"b\":2}", 7, Expected::CommaOrBrace),
            ("{a:1}", 1, Expected::Key),
            ("{\"a\" 1}", 5, Expected::Colon),
            ("[] []", 3, Expected::End),
            ("\"abc", 4, Expected::ClosingQuote),
            ("\"a\nb\"", 2, Expected::EscapedControl),
            ("\"a\\x\"", 2, Expected::Escape),
            ("\"a\\", 2, Expected::Escape),
            ("\"\\u12g4\"", 1, Expected::FourHexDigits),
            ("\"\\u+123\"", 1, Expected::FourHexDigits),
            ("\"\\u12", 1, Expected::FourHexDigits),
            ("01", 0, Expected::NoLeadingZero),
            ("-01", 0, Expected::NoLeadingZero),
            ("-", 1, Expected::Digit),
            ("1.", 2, Expected::Digit),
            ("1e+", 3, Expected::Digit),
            ("tru", 0, Expected::Value),
            ("nulll", 4, Expected::End),
            ("\u{feff}[]", 0, Expected::NoByteOrderMark),
            ("'a'", 0, Expected::Value),
            ("\u{a0}1", 0, Expected::Value),
        ] {
            assert_eq!(parse(text.as_bytes(), 8), Err(JsonError::NotJson { offset, expected }), "{text:?}");
        }
    }

    #[test]
    fn surrogate_pairs_are_joined_and_lone_surrogates_recorded() {
        fn string(json: &str) -> JsonString<'_> {
            match parse(json.as_bytes(), 0) {
                Ok(Value::String(string)) => string,
                other => panic!("{json}: {other:?}"),
            }
        }
        assert_eq!(string(r#""\ud83d\ude00""#).text, "😀");
        assert_eq!(string(r#""\ud83d\ude00""#).lone_surrogate, None);
        let lone = string(r#""ab\ud83dc""#);
        assert_eq!(lone.text, "ab\u{fffd}c");
        assert_eq!(lone.lone_surrogate, Some(LoneSurrogate { code_unit: 0xd83d, index: 2 }));
        assert_eq!(string(r#""\ud83d\ud83d\ude00""#).text, "\u{fffd}😀");
        assert_eq!(string(r#""\ude00\ud83d""#).lone_surrogate, Some(LoneSurrogate { code_unit: 0xde00, index: 0 }));
        assert_eq!(string(r#""\ud83dA""#).text, "\u{fffd}A");
    }

    #[test]
    fn skip_and_value_end_at_the_same_offset_with_the_same_errors() {
        for text in [
            "[1,[2,{\"a\":[],\"b\":{}}],{}]",
            "{\"a\":{\"b\":[{}]}}",
            "\"x\\u0041\"",
            "-1.5e3",
            "null",
            "[[1,]]",
            "{\"a\":[1 2]}",
            "{\"a\":{\"b\" 1}}",
            "[[[[",
            "[[],[],{\"a\":[[]]}]",
            "[{\"a\":1,}]",
            "{\"a\":}",
            "[\"\\x\"]",
            "[}",
            "{]",
        ] {
            for depth in 0..6 {
                let mut reader = Reader::new(text.as_bytes(), depth);
                let mut skipper = Reader::new(text.as_bytes(), depth);
                let read = reader.value().map(|value| value.json_type());
                assert_eq!(skipper.skip(), read, "{text} {depth}");
                if read.is_ok() {
                    assert_eq!((skipper.at, skipper.levels_left), (reader.at, reader.levels_left), "{text}");
                }
            }
        }
    }

    #[test]
    fn invalid_utf8_is_reported_before_a_syntax_error() {
        assert_eq!(parse(b"[1,]\"\xff\"", 8), Err(JsonError::NotUtf8 { offset: 5 }));
        assert_eq!(parse(b"[\"a\\n\xff\"]", 8), Err(JsonError::NotUtf8 { offset: 5 }));
        assert_eq!(parse(b"\xef\xbb\xbf\xff", 8), Err(JsonError::NotUtf8 { offset: 3 }));
    }

    #[test]
    fn depth_is_limited() {
        assert!(parse(b"[[1]]", 2).is_ok());
        assert_eq!(parse(b"[[1]]", 1), Err(JsonError::TooDeep { offset: 1, max: 1 }));
        assert_eq!(parse(b"[[],{\"a\":[]}]", 2), Err(JsonError::TooDeep { offset: 9, max: 2 }));
        assert!(parse(b"[[],[],[]]", 2).is_ok());
    }

    #[test]
    fn grammar_agrees_with_serde_json() {
        let (mut json, mut other) = (0, 0);
        let mut compare = |body: &[u8]| {
            let Ok(text) = std::str::from_utf8(body) else { return };
            // An ignored value may hold lone surrogates and numbers of any size, as here.
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            assert_eq!(parse(body, 100).is_ok(), theirs, "{text}");
            *(if theirs { &mut json } else { &mut other }) += 1;
        };
        for family in mutation::ALL {
            mutation::for_each_body(family, 200_000, 3, &mut compare);
        }
        assert!(json > 10_000 && other > 10_000, "{json} texts were JSON, {other} were not");
    }
}
