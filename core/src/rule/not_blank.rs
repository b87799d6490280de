//! A string says something.

use super::{Ascii, Plain, TextRule};
use crate::json::Text;
use crate::violation::{Breach, Code};

/// At least one character.
pub(crate) const NOT_EMPTY: TextRule = TextRule { plain: Plain::ANY, check: not_empty };

/// At least one character that is not white space (Unicode's White_Space property).
pub(crate) const NOT_BLANK: TextRule =
    TextRule { plain: Plain { telling: Ascii::range(b'!', b'~'), ..Plain::ANY }, check: not_blank };

fn not_empty(text: &Text<'_>) -> Option<Breach> {
    text.characters.is_empty().then(|| Breach::new(Code::Empty, 0_u32, 0_u32))
}

fn not_blank(text: &Text<'_>) -> Option<Breach> {
    text.characters.trim().is_empty().then(|| Breach::new(Code::Empty, 0_u32, 0_u32))
}
