//! The rules on the fields of an order: one file each, and the lists that say which field obeys which.
//!
//! A rule looks at one value and says what it found, or nothing. It also says which values plainly obey it, so that the
//! reader can pass those in the one pass in which it finds where they end; all others go through `check`. To add a rule,
//! write its file, put it into the list of its field, and give it a vector: handlers and bindings only pass answers on.

mod identifier;
mod length;
mod not_blank;
mod precision;
mod printable;
mod range;

use crate::amount::Number;
use crate::json::Text;
use crate::order::{RECORD_ID_CHARACTERS, TEXT_CHARACTERS};
use crate::violation::Breach;

/// A rule on a string.
pub(crate) struct TextRule {
    /// Which ASCII texts obey it without a closer look.
    pub(crate) plain: Plain,
    /// What it finds in any text.
    pub(crate) check: fn(&Text<'_>) -> Option<Breach>,
}

/// A rule on a number.
pub(crate) struct NumberRule {
    /// Every number without an exponent and with at most so many digits obeys it.
    pub(crate) plain_digits: usize,
    /// What it finds in any number.
    pub(crate) check: fn(&Number) -> Option<Breach>,
}

/// A set of ASCII texts: all that begin with one of `first`, consist of `rest`, hold one of `telling`, and have at most
/// `longest` bytes.
#[derive(Clone, Copy)]
pub(crate) struct Plain {
    pub(crate) first: Ascii,
    pub(crate) rest: Ascii,
    pub(crate) telling: Ascii,
    pub(crate) longest: usize,
}

impl Plain {
    /// Every ASCII text that is not empty: what a rule narrows.
    pub(crate) const ANY: Self = Self { first: Ascii::ALL, rest: Ascii::ALL, telling: Ascii::ALL, longest: usize::MAX };

    /// The texts that plainly obey every rule of a list.
    pub(crate) const fn of(rules: &[TextRule]) -> Self {
        let mut plain = Self::ANY;
        let mut rules = rules;
        while let Some((rule, others)) = rules.split_first() {
            let one = rule.plain;
            plain.first = plain.first.and(one.first);
            plain.rest = plain.rest.and(one.rest);
            plain.telling = plain.telling.and(one.telling);
            plain.longest = if one.longest < plain.longest { one.longest } else { plain.longest };
            rules = others;
        }
        plain
    }
}

/// A set of ASCII characters, a bit each.
#[derive(Clone, Copy)]
pub(crate) struct Ascii(u128);

impl Ascii {
    pub(crate) const ALL: Self = Self(u128::MAX);

    /// The characters from one to another, both included.
    pub(crate) const fn range(from: u8, to: u8) -> Self {
        Self((u128::MAX << from) & (u128::MAX >> (127 - to)))
    }

    /// The characters of a text.
    pub(crate) const fn of(text: &str) -> Self {
        let mut set = 0;
        let mut bytes = text.as_bytes();
        while let Some((byte, others)) = bytes.split_first() {
            set |= 1 << *byte;
            bytes = others;
        }
        Self(set)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn has(self, byte: u8) -> bool {
        byte < 128 && self.0 >> byte & 1 == 1
    }
}

/// What holds for `record_id`.
pub(crate) const RECORD_ID: &[TextRule] =
    &[not_blank::NOT_EMPTY, length::at_most::<RECORD_ID_CHARACTERS>(), identifier::IDENTIFIER];
/// What holds for `parameter_1`.
pub(crate) const PARAMETER_1: &[TextRule] =
    &[not_blank::NOT_BLANK, length::at_most::<TEXT_CHARACTERS>(), printable::PRINTABLE];
/// What holds for `parameter_2`.
pub(crate) const PARAMETER_2: &[NumberRule] = &[precision::PRECISION, range::RANGE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_to_a_rule_obeys_it() {
        for rule in RECORD_ID.iter().chain(PARAMETER_1) {
            let Plain { first, rest, telling, longest } = rule.plain;
            let chars = |set: Ascii| (0..128_u8).filter(move |byte| set.has(*byte)).map(char::from);
            for one in chars(first.and(telling)) {
                for other in chars(rest) {
                    let length = longest.min(300) - 1;
                    for text in [
                        format!("{one}"),
                        format!("{one}{other}"),
                        format!("{one}{}", String::from(other).repeat(length)),
                    ] {
                        let text = Text { characters: text.into(), half_pair: None };
                        assert_eq!((rule.check)(&text), None, "{text:?}");
                    }
                }
            }
        }
        for rule in PARAMETER_2 {
            for digits in [1, rule.plain_digits.min(200)] {
                let nines = "9".repeat(digits);
                for text in [nines.clone(), format!("-{nines}"), format!("0.{}1", "0".repeat(digits.saturating_sub(2)))]
                {
                    assert_eq!((rule.check)(&Number::read(&text).unwrap()), None, "{text}");
                }
            }
        }
    }
}
