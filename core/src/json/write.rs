//! Writes JSON strings.

use alloc::string::String;

use crate::text::append_number;

/// Appends a JSON string with only the escapes that RFC 8785 (JSON Canonicalization Scheme) requires.
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
            append_number(out, u64::from(control), 16, 4);
        }
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_only_the_required_escapes() {
        let mut out = String::new();
        write_string(&mut out, "a\"\\/\n\u{1}\u{7f}é😀");
        assert_eq!(out, "\"a\\\"\\\\/\\n\\u0001\u{7f}é😀\"");
    }
}
