//! A number's magnitude is one that DynamoDB stores.

use super::number_rule::NumberRule;
use crate::amount::Number;
use crate::violation::ViolationKind;

/// 0, or a magnitude from 1e-130 to below 1e126.
pub(crate) const RANGE: NumberRule = NumberRule { max_fast_digits: 126, check };

fn check(number: &Number) -> Option<ViolationKind> {
    (!number.is_in_range()).then_some(ViolationKind::OutOfRange)
}
