//! A string says something.

use super::{Bytes, Plain, TextRule};
use crate::json::Text;
use crate::violation::{Breach, Code};

/// At least one character.
pub(crate) const NOT_EMPTY: TextRule = TextRule { plain: Plain::ANY, check: not_empty };

/// At least one character that is not white space (Unicode's White_Space property).
pub(crate) const NOT_BLANK: TextRule = TextRule { plain: Plain { telling: VISIBLE, ..Plain::ANY }, check: not_blank };

/// With these begin characters none of which is white space: all of ASCII's printable ones but the space, and beyond
/// ASCII all whose first byte no white space shares (U+0085 and U+00A0, U+1680, U+2000 and on, U+3000). The bytes from 80
/// to BF begin none.
const VISIBLE: Bytes = Bytes::range(b'!', b'~').or(Bytes::range(0xC3, 0xF4).but(Bytes::range(0xE1, 0xE3)));

fn not_empty(text: &Text<'_>) -> Option<Breach> {
    text.characters.is_empty().then(|| Breach::new(Code::Empty, 0_u32, 0_u32))
}

fn not_blank(text: &Text<'_>) -> Option<Breach> {
    text.characters.chars().all(char::is_whitespace).then(|| Breach::new(Code::Empty, 0_u32, 0_u32))
}
