//! The rules on the fields of an order: one file each, and the lists that assign rules to fields.
//!
//! A rule checks one value and returns its violation, if any. It also describes a set of values that certainly obey it, which
//! the parser's fast path recognizes in the same pass that finds their end; all other values go through `check`. To add a
//! rule, write its file, add it to the list of its field, and add a vector to `core/vectors`.

mod byte_set;
mod identifier;
mod length;
mod not_blank;
mod number_rule;
mod precision;
mod printable;
mod range;
mod text_rule;

pub(crate) use byte_set::ByteSet;
pub(crate) use number_rule::NumberRule;
pub(crate) use text_rule::{FastAccept, TextRule};

use crate::field::{PARAMETER_1_MAX_CHARS, RECORD_ID_MAX_CHARS};

/// The rules on `record_id`.
pub(crate) const RECORD_ID: &[TextRule] =
    &[not_blank::NOT_EMPTY, length::at_most::<RECORD_ID_MAX_CHARS>(), identifier::IDENTIFIER];
/// The rules on `parameter_1`.
pub(crate) const PARAMETER_1: &[TextRule] =
    &[not_blank::NOT_BLANK, length::at_most::<PARAMETER_1_MAX_CHARS>(), printable::PRINTABLE];
/// The rules on `parameter_2`.
pub(crate) const PARAMETER_2: &[NumberRule] = &[precision::PRECISION, range::RANGE];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amount::Number;

    fn accepts(fast: FastAccept, text: &str) -> bool {
        let mut bytes = text.bytes();
        bytes.next().is_some_and(|byte| fast.first.contains(byte))
            && text.bytes().all(|byte| fast.all.contains(byte))
            && text.bytes().any(|byte| fast.requires_any_of.contains(byte))
            && text.len() <= fast.max_bytes
    }

    #[test]
    fn values_accepted_fast_obey_the_rule() {
        for rule in RECORD_ID.iter().chain(PARAMETER_1) {
            let mut accepted = 0;
            for character in ('\0'..='\u{3100}').chain(('\u{3101}'..=char::MAX).step_by(89)) {
                let longest = rule.fast_accept.max_bytes.min(300) / character.len_utf8();
                for text in [
                    format!("{character}"),
                    format!("a{character}"),
                    format!(" {character}"),
                    format!("{character}é1"),
                    String::from(character).repeat(longest),
                ] {
                    if accepts(rule.fast_accept, &text) {
                        accepted += 1;
                        assert_eq!((rule.check)(&text.as_str().into()), None, "{text:?}");
                    }
                }
            }
            assert!(accepted > 100, "{accepted} texts were accepted");
        }
        for rule in PARAMETER_2 {
            for digits in [1, rule.max_fast_digits.min(200)] {
                let nines = "9".repeat(digits);
                for text in [nines.clone(), format!("-{nines}"), format!("0.{}1", "0".repeat(digits.saturating_sub(2)))]
                {
                    assert_eq!((rule.check)(&Number::parse(&text).unwrap()), None, "{text}");
                }
            }
        }
    }

    #[test]
    fn text_in_any_script_is_accepted_fast() {
        let fast = FastAccept::by_all(PARAMETER_1);
        for text in ["delivery hour 5", "час поставки", "入札 5", "العرض", "Grüße", "😀"] {
            assert!(accepts(fast, text), "{text}");
        }
        // Blank texts, control characters, and a printable character with their lead byte.
        for text in ["", "  ", "\u{3000}", "a\u{85}", "a\u{1}", "\u{a0}"] {
            assert!(!accepts(fast, text), "{text:?}");
        }
    }
}
