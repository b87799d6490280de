//! A string has neither a control character (Unicode category `Cc`) nor a lone surrogate.

use super::byte_set::ByteSet;
use super::text_rule::{BytePair, FastAccept, TextRule};
use crate::json::JsonString;
use crate::simd;
use crate::violation::{AllowedCharacters, ViolationKind};

pub(crate) const PRINTABLE: TextRule = TextRule {
    fast_accept: FastAccept { first: FAST, all: FAST, excluded_pair: Some(C1_CONTROLS), ..FastAccept::NOT_EMPTY },
    check,
};

const FAST: ByteSet = ByteSet::range(b' ', b'~').union(ByteSet::BEYOND_ASCII);
/// Beyond ASCII only U+0080 to U+009F are control characters.
const C1_CONTROLS: BytePair = BytePair { lead: 0xC2, max_next: 0x9F };

fn check(string: &JsonString<'_>) -> Option<ViolationKind> {
    // Most texts have none, which is found many bytes at a time.
    let text = string.text.as_bytes();
    let has_c0 = simd::run_end(text, 0, &[(b' ', b'~'), (0x80, 0xFF)]) < text.len();
    let has_control = has_c0 || (!text.is_ascii() && C1_CONTROLS.is_in(text));
    if !has_control && string.lone_surrogate.is_none() {
        return None;
    }
    let control = string.text.chars().enumerate().find(|(_, character)| character.is_control());
    let (index, code_point, allowed) = match (control, string.lone_surrogate) {
        (Some((index, control)), lone) if lone.is_none_or(|lone| index < lone.index) => {
            (index, control.into(), AllowedCharacters::NotControl)
        }
        (_, lone) => {
            let lone = lone?;
            (lone.index, lone.code_unit.into(), AllowedCharacters::NotSurrogate)
        }
    };
    Some(ViolationKind::InvalidCharacters { position: index + 1, code_point, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_found_anywhere() {
        for character in '\0'..='\u{200}' {
            for before in ["", "a", "é°", "0123456789abcdef0123456789abcdef"] {
                let found = check(&format!("{before}{character}x").as_str().into());
                assert_eq!(found.is_some(), character.is_control(), "{before:?} {character:?}");
            }
        }
    }
}
