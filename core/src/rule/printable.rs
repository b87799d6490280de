//! A string holds characters that can be shown: no control character (Unicode's category Cc), no half surrogate pair.

use super::{Bytes, Plain, TextRule};
use crate::json::Text;
use crate::violation::{Breach, Code};

/// No control character and no half surrogate pair.
pub(crate) const PRINTABLE: TextRule = TextRule { plain: Plain { first: SHOWN, rest: SHOWN, ..Plain::ANY }, check };

/// Beyond ASCII only U+0080 to U+009F are controls, and their first byte is C2. (So is that of `°` and `£`, which are
/// looked at closely, and then allowed.)
const SHOWN: Bytes = Bytes::range(b' ', b'~').or(Bytes::BEYOND_ASCII.but(Bytes::of(&[0xC2])));

fn check(text: &Text<'_>) -> Option<Breach> {
    let control = text.characters.chars().enumerate().find(|(_, character)| character.is_control());
    let control = control.map(|(place, character)| (place, u32::from(character)));
    let half = text.half_pair.map(|half| (half.character, u32::from(half.unit)));
    let (place, sent) = control.into_iter().chain(half).min()?;
    Some(Breach::new(Code::InvalidCharacters, place + 1, sent))
}
