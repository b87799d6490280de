//! A string has neither a control character (Unicode category `Cc`) nor a lone surrogate.

use super::byte_set::ByteSet;
use super::text_rule::{FastAccept, TextRule};
use crate::json::JsonString;
use crate::violation::{AllowedCharacters, ViolationKind};

pub(crate) const PRINTABLE: TextRule =
    TextRule { fast_accept: FastAccept { first: FAST, all: FAST, ..FastAccept::NOT_EMPTY }, check };

/// Beyond ASCII only U+0080 to U+009F are control characters, with the lead byte C2. The printable characters with that lead
/// byte, such as `°` and `£`, are accepted by `check`.
const FAST: ByteSet = ByteSet::range(b' ', b'~').union(ByteSet::BEYOND_ASCII.difference(ByteSet::of(&[0xC2])));

fn check(string: &JsonString<'_>) -> Option<ViolationKind> {
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
