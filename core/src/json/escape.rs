//! Decodes escapes.

use alloc::string::String;

/// Decodes the content of a string; `None` if it has an invalid escape or a lone surrogate.
pub(crate) fn unescape(content: &str) -> Option<String> {
    let mut text = String::with_capacity(content.len());
    let mut rest = content;
    while !rest.is_empty() {
        let raw = rest.bytes().position(|byte| byte == b'\\').unwrap_or(rest.len());
        text.push_str(rest.get(..raw)?);
        rest = rest.get(raw..)?;
        if !rest.is_empty() {
            let (character, end) = decode_escape(rest.as_bytes(), 0)?;
            text.push(character);
            rest = rest.get(end..)?;
        }
    }
    Some(text)
}

/// Decodes the escape whose backslash is at `at`, a surrogate pair as one: the character, and the offset after it. `None` for
/// an invalid escape and for a lone surrogate.
pub(crate) fn decode_escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let character = match bytes.get(at + 1)? {
        character @ (b'"' | b'\\' | b'/') => char::from(*character),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return decode_unicode(bytes, at),
        _ => return None,
    };
    Some((character, at + 2))
}

fn decode_unicode(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let unit = code_unit(bytes, at)?;
    if !(0xD800..0xE000).contains(&unit) {
        return char::from_u32(unit).map(|character| (character, at + 6));
    }
    let second = code_unit(bytes, at + 6).filter(|second| (0xDC00..0xE000).contains(second))?;
    let high = unit.checked_sub(0xD800).filter(|high| *high < 0x400)?;
    char::from_u32(0x1_0000 + (high << 10 | (second & 0x3FF))).map(|character| (character, at + 12))
}

/// The code unit of the `\u` escape at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.get(at..at + 6)? else { return None };
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::super::{Value, parse};
    use super::*;

    #[test]
    fn strings_are_decoded_as_by_the_reader() {
        for content in [
            "",
            "abc",
            r#"\u00e9x\/\b\f\n\r\t\"\\"#,
            r"é\ud83d\ude00入",
            r"\uFFFF\u0000\udbff\udfff\uE000",
            r"\u12G4",
            r"\x",
            r"\u12",
            r"\ud83d",
            r"\ud83dx",
            r"\ud83d\u0041",
            r"\ude00\ud83d",
            r"\udbff\ue000",
        ] {
            let expected = match parse(format!("\"{content}\"").as_bytes(), 0) {
                Ok(Value::String(string)) if string.lone_surrogate.is_none() => Some(string.text.into_owned()),
                _ => None,
            };
            assert_eq!(unescape(content), expected, "{content}");
        }
        assert_eq!(unescape("\\"), None);
    }
}
