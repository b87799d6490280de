//! A string has at most so many characters (Unicode scalar values).

use super::{Plain, TextRule};
use crate::json::Text;
use crate::text::characters;
use crate::violation::{Breach, Code};

/// At most `CHARACTERS` characters.
pub(crate) const fn at_most<const CHARACTERS: usize>() -> TextRule {
    // No text has more characters than bytes.
    TextRule { plain: Plain { longest: CHARACTERS, ..Plain::ANY }, check: check::<CHARACTERS> }
}

fn check<const CHARACTERS: usize>(text: &Text<'_>) -> Option<Breach> {
    let given = characters(text.characters.as_bytes());
    (given > CHARACTERS).then(|| Breach::new(Code::TooLong, given, CHARACTERS))
}
