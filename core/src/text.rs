//! Texts put together from parts: the sentences and the JSON that the WASM module answers with.
//!
//! It does of `format!` what those need, without its widths, signs and calls by table: one `format!` makes the module
//! four kilobytes larger. What only native callers ask for, such as keys and summaries, is left to it.

use alloc::string::String;

/// What a text is put together from.
pub(crate) trait Part {
    /// Appends itself.
    fn put(&self, out: &mut String);
}

impl Part for str {
    fn put(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Part for String {
    fn put(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Part for u64 {
    /// In decimal.
    fn put(&self, out: &mut String) {
        put_number(out, *self, 10, 1);
    }
}

impl Part for u32 {
    fn put(&self, out: &mut String) {
        u64::from(*self).put(out);
    }
}

impl Part for usize {
    fn put(&self, out: &mut String) {
        (*self as u64).put(out);
    }
}

impl<T: Part + ?Sized> Part for &T {
    fn put(&self, out: &mut String) {
        (**self).put(out);
    }
}

/// Appends parts to a text.
macro_rules! put {
    ($out:expr, $($part:expr),+ $(,)?) => {{ $($crate::text::Part::put(&$part, $out);)+ }};
}

/// The text of parts behind one another.
macro_rules! text {
    ($($part:expr),+ $(,)?) => {{
        // As long as most sentences are, so that they need not be moved while they grow.
        let mut text = alloc::string::String::with_capacity(96);
        $crate::text::put!(&mut text, $($part),+);
        text
    }};
}

pub(crate) use {put, text};

/// Appends a number's digits in a base up to 16, in lower case, with zeros in front of fewer than `least`.
pub(crate) fn put_number(out: &mut String, number: u64, base: u32, least: usize) {
    let (before, last) = (number / u64::from(base), number % u64::from(base));
    if before > 0 || least > 1 {
        put_number(out, before, base, least.saturating_sub(1));
    }
    out.extend(char::from_digit(last as u32, base));
}

/// How many characters a text has: every byte of UTF-8 that does not continue one begins one.
pub(crate) fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_format_would_make_of_it() {
        for number in [0, 1, 9, 10, 99, 100, 1_234_567_890, u64::MAX] {
            assert_eq!(text!["a", number, String::from("b"), 7_u32, 5_usize], format!("a{number}b75"));
            for least in [1, 2, 4, 19] {
                let mut text = String::new();
                put_number(&mut text, number, 10, least);
                put_number(&mut text, number, 16, least);
                assert_eq!(text, format!("{number:0least$}{number:0least$x}"));
            }
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        for text in ["", "abc", "é入札😀\u{fffd}"] {
            assert_eq!(characters(text.as_bytes()), text.chars().count());
        }
    }
}
