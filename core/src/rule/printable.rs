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
    let control = control.map(|(index, character)| (index, u32::from(character), AllowedCharacters::NotControl));
    let lone = string.lone_surrogate;
    let lone = lone.map(|lone| (lone.index, u32::from(lone.code_unit), AllowedCharacters::NotSurrogate));
    let (index, code_point, allowed) = control.into_iter().chain(lone).min_by_key(|(index, ..)| *index)?;
    Some(ViolationKind::InvalidCharacters { position: index + 1, code_point, allowed })
}
