//! A string is not empty, or not only white space.

use super::byte_set::ByteSet;
use super::text_rule::{FastAccept, TextRule};
use crate::json::JsonString;
use crate::violation::ViolationKind;

/// At least one character.
pub(crate) const NOT_EMPTY: TextRule = TextRule { fast_accept: FastAccept::NOT_EMPTY, check: check_not_empty };

/// At least one character that is not white space (Unicode's `White_Space` property).
pub(crate) const NOT_BLANK: TextRule =
    TextRule { fast_accept: FastAccept { requires_any_of: VISIBLE, ..FastAccept::NOT_EMPTY }, check: check_not_blank };

/// First bytes of UTF-8 sequences that never encode white space: in ASCII all printable characters but the space, beyond it
/// all lead bytes that no white space shares (U+0085 and U+00A0, U+1680, U+2000 and following, U+3000).
const VISIBLE: ByteSet =
    ByteSet::range(b'!', b'~').union(ByteSet::range(0xC3, 0xF4).difference(ByteSet::range(0xE1, 0xE3)));

fn check_not_empty(string: &JsonString<'_>) -> Option<ViolationKind> {
    string.text.is_empty().then_some(ViolationKind::Empty)
}

fn check_not_blank(string: &JsonString<'_>) -> Option<ViolationKind> {
    string.text.chars().all(char::is_whitespace).then_some(ViolationKind::Empty)
}
