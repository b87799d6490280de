//! A string has at most a number of characters (Unicode scalar values).

use super::text_rule::{FastAccept, TextRule};
use crate::json::JsonString;
use crate::text::count_chars;
use crate::violation::ViolationKind;

pub(crate) const fn at_most<const MAX: usize>() -> TextRule {
    // No text has more characters than bytes.
    TextRule { fast_accept: FastAccept { max_bytes: MAX, ..FastAccept::NOT_EMPTY }, check: check::<MAX> }
}

fn check<const MAX: usize>(string: &JsonString<'_>) -> Option<ViolationKind> {
    let actual = count_chars(string.text.as_bytes());
    (actual > MAX).then_some(ViolationKind::TooLong { actual, max: MAX })
}
