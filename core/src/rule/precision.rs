//! A number has no more significant digits than DynamoDB stores.

use super::number_rule::NumberRule;
use crate::amount::{Number, SIGNIFICANT_DIGITS};
use crate::violation::ViolationKind;

pub(crate) const PRECISION: NumberRule = NumberRule { max_fast_digits: SIGNIFICANT_DIGITS as usize, check };

fn check(number: &Number) -> Option<ViolationKind> {
    let actual = number.significant_digits;
    (actual > SIGNIFICANT_DIGITS as usize).then_some(ViolationKind::TooPrecise { actual, max: SIGNIFICANT_DIGITS })
}
