//! An identifier: a letter or digit of ASCII, then letters, digits and `_ . : -`.

use super::{Bytes, Plain, TextRule};
use crate::json::Text;
use crate::violation::{Breach, Code};

const FIRST: Bytes = Bytes::range(b'A', b'Z').or(Bytes::range(b'a', b'z')).or(Bytes::range(b'0', b'9'));
const REST: Bytes = FIRST.or(Bytes::of(b"_.:-"));

/// An identifier.
pub(crate) const IDENTIFIER: TextRule = TextRule { plain: Plain { first: FIRST, rest: REST, ..Plain::ANY }, check };

fn check(text: &Text<'_>) -> Option<Breach> {
    let allowed = |place: usize, character: char| {
        let set = if place == 0 { FIRST } else { REST };
        u8::try_from(character).is_ok_and(|byte| set.has(byte))
    };
    let (place, character) =
        text.characters.chars().enumerate().find(|(place, character)| !allowed(*place, *character))?;
    // A half surrogate pair stands in the text as U+FFFD; what was sent is told.
    let sent =
        text.half_pair.filter(|half| half.character == place).map_or(u32::from(character), |half| half.unit.into());
    Some(Breach::new(Code::InvalidCharacters, place + 1, sent))
}
