//! A string is an identifier: an ASCII letter or digit, then ASCII letters, digits and `_ . : -`.

use super::byte_set::ByteSet;
use super::text_rule::{FastAccept, TextRule};
use crate::json::JsonString;
use crate::violation::{AllowedCharacters, ViolationKind};

const FIRST: ByteSet = ByteSet::range(b'A', b'Z').union(ByteSet::range(b'a', b'z')).union(ByteSet::range(b'0', b'9'));
const REST: ByteSet = FIRST.union(ByteSet::of(b"_.:-"));

pub(crate) const IDENTIFIER: TextRule =
    TextRule { fast_accept: FastAccept { first: FIRST, all: REST, ..FastAccept::NOT_EMPTY }, check };

fn check(string: &JsonString<'_>) -> Option<ViolationKind> {
    let is_allowed = |index: usize, character: char| {
        let set = if index == 0 { FIRST } else { REST };
        u8::try_from(character).is_ok_and(|byte| set.contains(byte))
    };
    let (index, character) =
        string.text.chars().enumerate().find(|(index, character)| !is_allowed(*index, *character))?;
    // A lone surrogate is decoded as U+FFFD; the violation names the code unit that was sent.
    let code_point = match string.lone_surrogate {
        Some(lone) if lone.index == index => lone.code_unit.into(),
        _ => character.into(),
    };
    let allowed = AllowedCharacters::Identifier;
    Some(ViolationKind::InvalidCharacters { position: index + 1, code_point, allowed })
}
