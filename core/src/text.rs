//! Builds texts from parts: the sentences and the JSON that the WASM module returns.
//!
//! [`text!`] and [`append!`] stand in for `format!` and `write!`: the first use of `format!` makes the module four kilobytes
//! larger. Code that only native callers reach, such as S3 keys and summaries, uses `format!`.

use alloc::string::String;

/// A part that [`text!`] and [`append!`] accept.
pub(crate) trait Append {
    /// Appends itself to `out`.
    fn append_to(&self, out: &mut String);
}

impl Append for str {
    fn append_to(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Append for String {
    fn append_to(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Append for u64 {
    /// In decimal.
    fn append_to(&self, out: &mut String) {
        append_number(out, *self, 10, 1);
    }
}

impl Append for u32 {
    fn append_to(&self, out: &mut String) {
        u64::from(*self).append_to(out);
    }
}

impl Append for u8 {
    fn append_to(&self, out: &mut String) {
        u64::from(*self).append_to(out);
    }
}

impl Append for usize {
    fn append_to(&self, out: &mut String) {
        (*self as u64).append_to(out);
    }
}

impl<T: Append + ?Sized> Append for &T {
    fn append_to(&self, out: &mut String) {
        (**self).append_to(out);
    }
}

/// Appends parts to a `String`.
macro_rules! append {
    ($out:expr, $($part:expr),+ $(,)?) => {{ $($crate::text::Append::append_to(&$part, $out);)+ }};
}

/// Concatenates parts into a new `String`.
macro_rules! text {
    ($($part:expr),+ $(,)?) => {{
        // Most sentences fit into this capacity, so that the text is not moved while it grows.
        let mut text = alloc::string::String::with_capacity(96);
        $crate::text::append!(&mut text, $($part),+);
        text
    }};
}

pub(crate) use {append, text};

/// Appends a number in lower-case digits of a base up to 16, padded with zeros to at least `min_digits`.
pub(crate) fn append_number(out: &mut String, number: u64, base: u32, min_digits: usize) {
    let (rest, last) = (number / u64::from(base), number % u64::from(base));
    if rest > 0 || min_digits > 1 {
        append_number(out, rest, base, min_digits.saturating_sub(1));
    }
    out.extend(char::from_digit(last as u32, base));
}

/// Counts the characters of a UTF-8 text: all bytes that do not continue a character.
pub(crate) fn count_chars(text: &[u8]) -> usize {
    text.iter().filter(|byte| !is_continuation(**byte)).count()
}

/// Whether a byte of UTF-8 continues a character (`10xxxxxx`).
pub(crate) fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// User input for an error message: at most `max_bytes` bytes and a `…` if it was cut, with `?` for control characters.
pub(crate) fn truncate(text: &str, max_bytes: usize) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        let character = if character.is_control() { '?' } else { character };
        if shown.len() + character.len_utf8() > max_bytes {
            shown.push('…');
            break;
        }
        shown.push(character);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_formatted_as_by_format() {
        for number in [0, 1, 9, 10, 99, 100, 1_234_567_890, u64::MAX] {
            assert_eq!(text!["a", number, String::from("b"), 7_u32, 5_usize], format!("a{number}b75"));
            for width in [1, 2, 4, 19] {
                let mut text = String::new();
                append_number(&mut text, number, 10, width);
                append_number(&mut text, number, 16, width);
                assert_eq!(text, format!("{number:0width$}{number:0width$x}"));
            }
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        for text in ["", "abc", "é入札😀\u{fffd}"] {
            assert_eq!(count_chars(text.as_bytes()), text.chars().count());
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("aé\nb", 4), "aé?…");
        assert_eq!(truncate("é", 1), "…");
    }
}
