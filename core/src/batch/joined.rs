//! The values of all orders as one text for each field: what a host of another language splits with one call of its own.
//!
//! Where a call for each value is dear, as in Python, that is the fastest way to all of them.

use alloc::string::String;

use super::scan::{self, Keep, Piece, Span};
use super::{Limits, Verdict};

/// What stands between two values: U+001F, which no value can hold, since none holds a control character.
pub const SEPARATOR: char = '\u{1f}';

/// The orders of a request, in input order, by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// What the request is found to be; the values are of use only when nothing was found.
    pub verdict: Verdict,
    /// The values of `record_id`, `parameter_1` and `parameter_2`, the last as canonical texts, each followed by
    /// [`SEPARATOR`].
    pub values: [String; 3],
}

/// Reads a request's body into joined values.
#[must_use]
#[inline]
pub fn joined(bytes: &[u8], limits: &Limits) -> Joined {
    let mut joining = Joining { bytes, values: [const { String::new() }; 3] };
    let verdict = scan::scan(bytes, limits, &mut joining);
    Joined { verdict, values: joining.values }
}

struct Joining<'a> {
    bytes: &'a [u8],
    values: [String; 3],
}

impl<'a> Keep<'a> for Joining<'a> {
    fn keep(&mut self, record_id: Piece<'a>, parameter_1: Piece<'a>, parameter_2: Span) {
        let parts = [record_id, parameter_1, parameter_2.amount(self.bytes)];
        for (values, part) in self.values.iter_mut().zip(parts) {
            values.push_str(&part.text(self.bytes));
            values.push(SEPARATOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::Cow;

    #[test]
    fn values_come_apart_again() {
        let body = r#"[{"record_id":"a","parameter_1":"данные 😀","parameter_2":2.10},
            {"parameter_2":4e1,"parameter_1":"\u00e9 x","record_id":"\u0062"}]"#;
        let joined = joined(body.as_bytes(), &Limits::default());
        assert_eq!((joined.verdict.orders, joined.verdict.total), (2, 0));
        let apart = joined.values.each_ref().map(|values| values.split_terminator(SEPARATOR).collect::<Vec<_>>());
        assert_eq!(apart, [["a", "b"], ["данные 😀", "é x"], ["2.1", "40"]]);
    }

    #[test]
    fn no_value_holds_the_separator() {
        for rules in [crate::rule::RECORD_ID, crate::rule::PARAMETER_1] {
            let text = crate::json::Text { characters: Cow::Owned(format!("a{SEPARATOR}b")), half_pair: None };
            assert!(rules.iter().any(|rule| (rule.check)(&text).is_some()));
        }
    }
}
