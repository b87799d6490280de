//! A number has no more significant digits than DynamoDB keeps.

use super::NumberRule;
use crate::amount::{Number, SIGNIFICANT_DIGITS};
use crate::violation::{Breach, Code};

/// At most 38 significant digits.
pub(crate) const PRECISION: NumberRule = NumberRule { plain_digits: SIGNIFICANT_DIGITS as usize, check };

fn check(number: &Number) -> Option<Breach> {
    let given = number.significant;
    (given > u64::from(SIGNIFICANT_DIGITS)).then(|| Breach::new(Code::TooPrecise, given, SIGNIFICANT_DIGITS))
}
