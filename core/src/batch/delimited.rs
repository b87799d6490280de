//! Parses a request into one delimited text per field, for hosts where a call per value is expensive.
//!
//! Python turns each text into a list of values with one call of `str.split`.

use alloc::string::String;

use super::field_text::{FieldText, InvalidAmount};
use super::limits::Limits;
use super::parser;
use super::sink::OrderSink;
use super::verdict::Verdict;
use crate::span::Span;

/// Follows every value: U+001F. Values contain no control characters, so it never occurs in one.
pub const DELIMITER: char = '\u{1f}';

/// The orders of a request as one text per field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimited {
    /// The result of validation; the values are meaningful only without violations.
    pub verdict: Verdict,
    /// The values of `record_id`, `parameter_1` and `parameter_2` (canonical amounts) in input order, each followed by
    /// [`DELIMITER`].
    pub values: [String; 3],
}

/// Parses a request body into delimited values.
#[must_use]
#[inline]
pub fn parse_delimited(request: &[u8], limits: &Limits) -> Delimited {
    let mut sink = Delimit { request, values: [const { String::new() }; 3] };
    let verdict = parser::parse(request, limits, &mut sink);
    Delimited { verdict, values: sink.values }
}

struct Delimit<'a> {
    request: &'a [u8],
    values: [String; 3],
}

impl<'a> OrderSink<'a> for Delimit<'a> {
    fn push(
        &mut self,
        record_id: FieldText<'a>,
        parameter_1: FieldText<'a>,
        parameter_2: Span,
    ) -> Result<(), InvalidAmount> {
        let parameter_2 = FieldText::canonical_amount(parameter_2, self.request)?;
        let texts = [record_id, parameter_1, parameter_2];
        for (values, text) in self.values.iter_mut().zip(texts) {
            values.push_str(&text.into_text(self.request));
            values.push(DELIMITER);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_can_be_split_again() {
        let request = r#"[{"record_id":"a","parameter_1":"данные 😀","parameter_2":2.10},
            {"parameter_2":4e1,"parameter_1":"\u00e9 x","record_id":"\u0062"}]"#;
        let delimited = parse_delimited(request.as_bytes(), &Limits::default());
        assert_eq!((delimited.verdict.orders, delimited.verdict.total), (2, 0));
        let values = delimited.values.each_ref().map(|values| values.split_terminator(DELIMITER).collect::<Vec<_>>());
        assert_eq!(values, [["a", "b"], ["данные 😀", "é x"], ["2.1", "40"]]);
    }

    #[test]
    fn delimiter_is_not_allowed_in_values() {
        for rules in [crate::rule::RECORD_ID, crate::rule::PARAMETER_1] {
            let string = format!("a{DELIMITER}b").into();
            assert!(rules.iter().any(|rule| (rule.check)(&string).is_some()));
        }
    }
}
