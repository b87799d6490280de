//! Reading JSON into a tree that keeps what other readers lose: exact number texts, repeated keys, half surrogate
//! pairs, and where the text stops being JSON. Writing JSON strings.
//!
//! It accepts RFC 8259's grammar and nothing else, without a byte order mark, to a depth that the caller sets. Its
//! callers are the modules of this crate; how fast it is matters less than that it can be read.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::text::{characters, put_number};

/// A value; numbers are the very text of the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Text<'a>),
    Array(Vec<Value<'a>>),
    Object(Vec<Member<'a>>),
}

/// A member of an object, in input order and with repetitions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: Text<'a>,
    /// Where the key's text, without its quotes, begins and how long it is, in bytes.
    pub(crate) key_at: (usize, usize),
    pub(crate) value: Value<'a>,
}

/// A string's characters. JSON can name half a surrogate pair, which no text can hold: it stands as U+FFFD, and the
/// first one is remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text<'a> {
    pub(crate) characters: Cow<'a, str>,
    pub(crate) half_pair: Option<HalfPair>,
}

/// Half of a surrogate pair: which, and at which character of its string, from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HalfPair {
    pub(crate) unit: u16,
    pub(crate) character: usize,
}

/// The type of a value, as a sentence names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Type {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Type {
    pub(crate) const ALL: [Self; 6] =
        [Self::Null, Self::Boolean, Self::Number, Self::String, Self::Array, Self::Object];

    pub(crate) fn with_article(self) -> &'static str {
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
    pub(crate) fn type_of(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Boolean,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::Array(_) => Type::Array,
            Self::Object(_) => Type::Object,
        }
    }
}

/// Why a text cannot be read at all; `at` is a byte's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotUtf8 { at: usize },
    NotJson { at: usize, expected: Expected },
    TooDeep { at: usize },
}

/// What JSON's grammar asks for where a text departs from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Expected {
    Value,
    CommaOrBracket,
    CommaOrBrace,
    Key,
    Colon,
    End,
    NoTrailingComma,
    ClosingQuote,
    EscapedControl,
    Escape,
    FourHexDigits,
    Digit,
    NoLeadingZero,
    NoByteOrderMark,
}

impl Expected {
    pub(crate) const ALL: [Self; 14] = [
        Self::Value,
        Self::CommaOrBracket,
        Self::CommaOrBrace,
        Self::Key,
        Self::Colon,
        Self::End,
        Self::NoTrailingComma,
        Self::ClosingQuote,
        Self::EscapedControl,
        Self::Escape,
        Self::FourHexDigits,
        Self::Digit,
        Self::NoLeadingZero,
        Self::NoByteOrderMark,
    ];

    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Value => "a value was expected",
            Self::CommaOrBracket => "`,` or `]` was expected",
            Self::CommaOrBrace => "`,` or `}` was expected",
            Self::Key => "a key in double quotes was expected",
            Self::Colon => "`:` was expected",
            Self::End => "nothing more was expected",
            Self::NoTrailingComma => "a comma must not come last",
            Self::ClosingQuote => "the string is not closed",
            Self::EscapedControl => "a control character must be escaped in a string",
            Self::Escape => "one of `\"\\/bfnrtu` must follow a backslash",
            Self::FourHexDigits => "four hexadecimal digits must follow `\\u`",
            Self::Digit => "a digit was expected",
            Self::NoLeadingZero => "a number must not begin with 0 and another digit",
            Self::NoByteOrderMark => "a byte order mark must not come first",
        }
    }
}

/// Reads one value and nothing after it, nested at most `depth` deep (a scalar has the depth 0).
pub(crate) fn read(bytes: &[u8], depth: u8) -> Result<Value<'_>, Fault> {
    let mut reader = Reader::new(bytes, depth)?;
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

/// The text of a string that stands in JSON, given without its quotes; what is no string's inside is empty.
pub(crate) fn decoded(inside: &[u8]) -> Text<'_> {
    Reader { bytes: inside, at: 0, depth: 0 }.inside().unwrap_or_default()
}

/// Bytes that lie at a place must be UTF-8.
fn text_from(at: usize, bytes: &[u8]) -> Result<(), Fault> {
    core::str::from_utf8(bytes).map(|_| ()).map_err(|error| Fault::NotUtf8 { at: at + error.valid_up_to() })
}

/// A place in a text that is read from its beginning to its end.
pub(crate) struct Reader<'a> {
    /// UTF-8, unless [`Reader::text_since`] says otherwise of what has been read.
    pub(crate) bytes: &'a [u8],
    /// The next byte.
    pub(crate) at: usize,
    /// How many levels may still be entered.
    depth: u8,
}

impl<'a> Reader<'a> {
    /// Begins to read bytes, which must be UTF-8.
    pub(crate) fn new(bytes: &'a [u8], depth: u8) -> Result<Self, Fault> {
        let reader = Self::of(bytes, depth);
        reader.text_only()?;
        Ok(reader)
    }

    /// Begins to read bytes that may not be UTF-8.
    #[inline]
    pub(crate) fn of(bytes: &'a [u8], depth: u8) -> Self {
        Self { bytes, at: 0, depth }
    }

    /// All bytes must be UTF-8, without a byte order mark.
    pub(crate) fn text_only(&self) -> Result<(), Fault> {
        text_from(0, self.bytes)?;
        if self.bytes.starts_with("\u{feff}".as_bytes()) {
            return Err(Fault::NotJson { at: 0, expected: Expected::NoByteOrderMark });
        }
        Ok(())
    }

    /// What has been read since a place must be UTF-8. What is not has been read as if nothing stood there.
    pub(crate) fn text_since(&self, from: usize) -> Result<(), Fault> {
        text_from(from, self.bytes.get(from..self.at).unwrap_or(&[]))
    }

    /// The text between two places, each beside an ASCII character.
    pub(crate) fn text(&self, from: usize, to: usize) -> &'a str {
        self.bytes.get(from..to).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or("")
    }

    /// Nothing but white space may come any more.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault(Expected::End)),
        }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn fault(&self, expected: Expected) -> Fault {
        Fault::NotJson { at: self.at, expected }
    }

    #[inline]
    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes the byte if it comes next, after white space.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => {
                let rest = self.bytes.get(self.at..).unwrap_or(&[]);
                let words = [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))];
                let Some((word, value)) = words.into_iter().find(|(word, _)| rest.starts_with(word.as_bytes())) else {
                    return Err(self.fault(Expected::Value));
                };
                self.at += word.len();
                Ok(value)
            }
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value<'a>, Fault>) -> Result<Value<'a>, Fault> {
        self.enter()?;
        let value = read(self)?;
        self.leave();
        Ok(value)
    }

    /// Whether one level more may be entered.
    #[inline]
    pub(crate) fn may_enter(&self) -> bool {
        self.depth > 0
    }

    /// Takes the bracket or brace that comes next, one level down.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::TooDeep { at: self.at })?;
        self.at += 1;
        Ok(())
    }

    /// One level up, behind a bracket or brace that has been taken.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }

    fn array(&mut self) -> Result<Value<'a>, Fault> {
        let mut values = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(values));
        }
        loop {
            values.push(self.value()?);
            if self.ends(b']', Expected::CommaOrBracket)? {
                return Ok(Value::Array(values));
            }
        }
    }

    fn object(&mut self) -> Result<Value<'a>, Fault> {
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            let (key, key_at) = self.key()?;
            self.colon()?;
            members.push(Member { key, key_at, value: self.value()? });
            if self.ends(b'}', Expected::CommaOrBrace)? {
                return Ok(Value::Object(members));
            }
        }
    }

    /// A member's key, and where its text lies.
    pub(crate) fn key(&mut self) -> Result<(Text<'a>, (usize, usize)), Fault> {
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.fault(Expected::Key));
        }
        let start = self.at + 1;
        let key = self.string()?;
        Ok((key, (start, self.at - 1 - start)))
    }

    #[inline]
    pub(crate) fn colon(&mut self) -> Result<(), Fault> {
        if self.take(b':') {
            return Ok(());
        }
        Err(self.fault(Expected::Colon))
    }

    /// Passes over a value of any kind, without recursion, and says what it was.
    pub(crate) fn skip(&mut self) -> Result<Type, Fault> {
        // For each open array or object, whether it is an object: as many bits as there can be levels.
        let (mut objects, mut open) = ([false; u8::MAX as usize], 0_usize);
        let mut outermost = None;
        loop {
            self.skip_space();
            let given = match self.peek() {
                Some(byte @ (b'{' | b'[')) => {
                    self.enter()?;
                    let (given, closing) = if byte == b'{' { (Type::Object, b'}') } else { (Type::Array, b']') };
                    outermost.get_or_insert(given);
                    if !self.take(closing) {
                        if let Some(object) = objects.get_mut(open) {
                            *object = byte == b'{';
                        }
                        open += 1;
                        if byte == b'{' {
                            self.key()?;
                            self.colon()?;
                        }
                        continue;
                    }
                    self.leave();
                    given
                }
                _ => self.value()?.type_of(),
            };
            let outermost = *outermost.get_or_insert(given);
            loop {
                let Some(level) = open.checked_sub(1) else { return Ok(outermost) };
                let object = objects.get(level).copied().unwrap_or(false);
                let (closing, expected) =
                    if object { (b'}', Expected::CommaOrBrace) } else { (b']', Expected::CommaOrBracket) };
                if !self.ends(closing, expected)? {
                    if object {
                        self.key()?;
                        self.colon()?;
                    }
                    break;
                }
                self.leave();
                open = level;
            }
        }
    }

    /// Whether the array or object ends here; if not, a comma has been taken.
    #[inline]
    pub(crate) fn ends(&mut self, closing: u8, expected: Expected) -> Result<bool, Fault> {
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == closing => {
                self.at += 1;
                Ok(true)
            }
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.skip_space();
                if self.peek() == Some(closing) {
                    return Err(Fault::NotJson { at: comma, expected: Expected::NoTrailingComma });
                }
                Ok(false)
            }
            _ => Err(self.fault(expected)),
        }
    }

    pub(crate) fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let (zero, whole) = (self.peek() == Some(b'0'), self.at);
        self.digits()?;
        if zero && self.at > whole + 1 {
            self.at = start;
            return Err(self.fault(Expected::NoLeadingZero));
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
        Ok(self.text(start, self.at))
    }

    /// Takes one digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.fault(Expected::Digit));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// A string, whose opening quote comes next.
    pub(crate) fn string(&mut self) -> Result<Text<'a>, Fault> {
        self.at += 1;
        let text = self.inside()?;
        if self.peek().is_none() {
            return Err(self.fault(Expected::ClosingQuote));
        }
        self.at += 1;
        Ok(text)
    }

    /// A string up to its closing quote, or to the end.
    fn inside(&mut self) -> Result<Text<'a>, Fault> {
        let mut text = Text::default();
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).unwrap_or(&[]);
            let plain = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\');
            self.at = start + plain.unwrap_or(rest.len());
            let plain = self.text(start, self.at);
            if text.characters.is_empty() {
                text.characters = Cow::Borrowed(plain);
            } else {
                text.characters.to_mut().push_str(plain);
            }
            match self.peek() {
                Some(b'"') | None => return Ok(text),
                Some(b'\\') => self.escape(&mut text)?,
                Some(_) => return Err(self.fault(Expected::EscapedControl)),
            }
        }
    }

    fn escape(&mut self, text: &mut Text<'a>) -> Result<(), Fault> {
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
            Some(b'u') => self.code_unit(backslash).and_then(|unit| self.character(unit, text))?,
            _ => return Err(Fault::NotJson { at: backslash, expected: Expected::Escape }),
        };
        text.characters.to_mut().push(character);
        Ok(())
    }

    /// The four hexadecimal digits that come next.
    fn code_unit(&mut self, backslash: usize) -> Result<u16, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let digit = digit.ok_or(Fault::NotJson { at: backslash, expected: Expected::FourHexDigits })?;
            unit = unit << 4 | digit as u16;
            self.at += 1;
        }
        Ok(unit)
    }

    /// The character that the unit begins, with the second half of a pair if it follows.
    fn character(&mut self, unit: u16, text: &mut Text<'a>) -> Result<char, Fault> {
        if (0xD800..0xDC00).contains(&unit) && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u")) {
            let backslash = self.at;
            self.at += 2;
            let second = self.code_unit(backslash)?;
            if (0xDC00..0xE000).contains(&second) {
                let character = 0x1_0000 + (u32::from(unit - 0xD800) << 10) + u32::from(second - 0xDC00);
                return Ok(char::from_u32(character).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            // The second escape stands for itself and is read again.
            self.at = backslash;
        }
        if let Some(character) = char::from_u32(u32::from(unit)) {
            return Ok(character);
        }
        // Only the first is told where it is: counting for each would take as long as all are long, squared.
        if text.half_pair.is_none() {
            text.half_pair = Some(HalfPair { unit, character: characters(text.characters.as_bytes()) });
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }
}

/// Appends a JSON string, escaped as RFC 8785 (JSON Canonicalization Scheme) says: only what must be.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    // Most texts need no escape.
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push_str(text);
    } else {
        text.chars().for_each(|character| write_character(out, character));
    }
    out.push('"');
}

fn write_character(out: &mut String, character: char) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        control if control < ' ' => {
            out.push_str("\\u");
            put_number(out, u64::from(control), 16, 4);
        }
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutated;

    #[test]
    fn every_departure_from_the_grammar_is_located() {
        for (text, at, expected) in [
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
            assert_eq!(read(text.as_bytes(), 8), Err(Fault::NotJson { at, expected }), "{text:?}");
        }
    }

    #[test]
    fn surrogate_pairs_are_joined_and_halves_are_remembered() {
        fn text(json: &str) -> Text<'_> {
            match read(json.as_bytes(), 0) {
                Ok(Value::String(text)) => text,
                other => panic!("{json}: {other:?}"),
            }
        }
        assert_eq!(text(r#""\ud83d\ude00""#).characters, "😀");
        assert_eq!(text(r#""\ud83d\ude00""#).half_pair, None);
        let half = text(r#""ab\ud83dc""#);
        assert_eq!(half.characters, "ab\u{fffd}c");
        assert_eq!(half.half_pair, Some(HalfPair { unit: 0xd83d, character: 2 }));
        assert_eq!(text(r#""\ud83d\ud83d\ude00""#).characters, "\u{fffd}😀");
        assert_eq!(text(r#""\ude00\ud83d""#).half_pair, Some(HalfPair { unit: 0xde00, character: 0 }));
        assert_eq!(text(r#""\ud83dA""#).characters, "\u{fffd}A");
    }

    #[test]
    fn skipping_a_value_finds_the_same_end_and_the_same_faults_as_reading_it() {
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
                let mut reader = Reader::new(text.as_bytes(), depth).unwrap();
                let mut skipper = Reader::new(text.as_bytes(), depth).unwrap();
                let read = reader.value().map(|value| value.type_of());
                assert_eq!(skipper.skip(), read, "{text} {depth}");
                if read.is_ok() {
                    assert_eq!((skipper.at, skipper.depth), (reader.at, reader.depth), "{text}");
                }
            }
        }
    }

    #[test]
    fn depth_is_bounded() {
        assert!(read(b"[[1]]", 2).is_ok());
        assert_eq!(read(b"[[1]]", 1), Err(Fault::TooDeep { at: 1 }));
        assert_eq!(read(b"[[],{\"a\":[]}]", 2), Err(Fault::TooDeep { at: 9 }));
        assert!(read(b"[[],[],[]]", 2).is_ok());
    }

    #[test]
    fn it_agrees_with_serde_json_on_what_is_json() {
        let (mut json, mut other) = (0, 0);
        mutated::bodies(1_000_000, 3, |body| {
            let Ok(text) = std::str::from_utf8(body) else { return };
            // Like ours, a value that is ignored may hold half surrogate pairs and numbers of any size.
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            assert_eq!(read(body, 100).is_ok(), theirs, "{text}");
            *(if theirs { &mut json } else { &mut other }) += 1;
        });
        assert!(json > 10_000 && other > 10_000, "{json} texts were JSON, {other} were not");
    }

    #[test]
    fn strings_are_written_with_the_escapes_that_must_be() {
        let mut out = String::new();
        write_string(&mut out, "a\"\\/\n\u{1}\u{7f}é😀");
        assert_eq!(out, "\"a\\\"\\\\/\\n\\u0001\u{7f}é😀\"");
    }
}
