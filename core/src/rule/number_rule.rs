//! What a rule on a number consists of.

use crate::amount::Number;
use crate::violation::ViolationKind;

/// A rule on a number.
pub(crate) struct NumberRule {
    /// Every number without an exponent and with at most this many digits obeys the rule.
    pub(crate) max_fast_digits: usize,
    /// The violation in a number, if there is one.
    pub(crate) check: fn(&Number) -> Option<ViolationKind>,
}
