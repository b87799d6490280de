//! What a rule on a number consists of.

use crate::amount::Number;
use crate::violation::ViolationKind;

/// A rule on a number.
pub(crate) struct NumberRule {
    /// Every number obeys the rule that has at most this many digits, zeros and those after the point included, …
    pub(crate) max_fast_digits: usize,
    /// … and an exponent of at most this magnitude.
    pub(crate) max_fast_exponent: usize,
    /// The violation in a number, if there is one.
    pub(crate) check: fn(&Number) -> Option<ViolationKind>,
}
