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
    /// Which texts obey it without a closer look.
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

/// A set of texts by the bytes of their UTF-8: all that begin with one of `first`, consist of `rest`, hold one of
/// `telling`, and have at most `longest` bytes.
#[derive(Clone, Copy)]
pub(crate) struct Plain {
    pub(crate) first: Bytes,
    pub(crate) rest: Bytes,
    pub(crate) telling: Bytes,
    pub(crate) longest: usize,
}

impl Plain {
    /// Every text that is not empty: what a rule narrows.
    pub(crate) const ANY: Self = Self { first: Bytes::ALL, rest: Bytes::ALL, telling: Bytes::ALL, longest: usize::MAX };

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

/// A set of bytes, a bit each.
#[derive(Clone, Copy)]
pub(crate) struct Bytes([u32; 8]);

#[expect(clippy::indexing_slicing, reason = "a byte over 32 is below 8")]
impl Bytes {
    const NONE: Self = Self([0; 8]);
    pub(crate) const ALL: Self = Self([u32::MAX; 8]);
    /// The bytes of all characters beyond ASCII.
    pub(crate) const BEYOND_ASCII: Self = Self::range(0x80, 0xFF);

    /// The bytes from one to another, both included.
    pub(crate) const fn range(from: u8, to: u8) -> Self {
        let mut set = Self::NONE;
        let mut byte = from as usize;
        while byte <= to as usize {
            set.0[byte / 32] |= 1 << (byte % 32);
            byte += 1;
        }
        set
    }

    /// These bytes.
    pub(crate) const fn of(bytes: &[u8]) -> Self {
        let mut set = Self::NONE;
        let mut bytes = bytes;
        while let Some((byte, others)) = bytes.split_first() {
            set = set.or(Self::range(*byte, *byte));
            bytes = others;
        }
        set
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self::ALL.but(Self::ALL.but(self).but(other))
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        self.but(Self::ALL.but(other))
    }

    pub(crate) const fn but(self, other: Self) -> Self {
        let mut set = self;
        let mut word = 0;
        while word < set.0.len() {
            set.0[word] &= !other.0[word];
            word += 1;
        }
        set
    }

    /// Whether another set has all of these.
    pub(crate) const fn are_in(self, other: Self) -> bool {
        let others = self.but(other);
        let mut byte = 0;
        while byte < u8::MAX && !others.has(byte) {
            byte += 1;
        }
        !others.has(byte)
    }

    #[inline]
    pub(crate) const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize / 32] >> (byte % 32) & 1 == 1
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

    fn is_plain(plain: Plain, text: &str) -> bool {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|byte| plain.first.has(byte))
            && text.bytes().all(|byte| plain.rest.has(byte))
            && text.bytes().any(|byte| plain.telling.has(byte))
            && text.len() <= plain.longest
    }

    #[test]
    fn what_is_plain_to_a_rule_obeys_it() {
        for rule in RECORD_ID.iter().chain(PARAMETER_1) {
            let mut plain = 0;
            for character in ('\0'..='\u{3100}').chain(('\u{3101}'..=char::MAX).step_by(89)) {
                let longest = rule.plain.longest.min(300) / character.len_utf8();
                for text in [
                    format!("{character}"),
                    format!("a{character}"),
                    format!(" {character}"),
                    format!("{character}é1"),
                    String::from(character).repeat(longest),
                ] {
                    if is_plain(rule.plain, &text) {
                        plain += 1;
                        let text = Text { characters: text.into(), half_pair: None };
                        assert_eq!((rule.check)(&text), None, "{text:?}");
                    }
                }
            }
            assert!(plain > 100, "nothing is plain");
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

    #[test]
    fn text_in_any_script_is_plain() {
        let plain = Plain::of(PARAMETER_1);
        for text in ["delivery hour 5", "час поставки", "入札 5", "العرض", "Grüße", "😀"] {
            assert!(is_plain(plain, text), "{text}");
        }
        // White space alone, controls, and what looks like them at a glance.
        for text in ["", "  ", "\u{3000}", "a\u{85}", "a\u{1}", "\u{a0}"] {
            assert!(!is_plain(plain, text), "{text:?}");
        }
    }
}
