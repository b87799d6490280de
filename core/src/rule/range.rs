//! A number's magnitude is one that DynamoDB keeps.

use super::NumberRule;
use crate::amount::Number;
use crate::violation::{Breach, Code};

/// 0, or a magnitude from 1e-130 to below 1e126.
pub(crate) const RANGE: NumberRule = NumberRule { plain_digits: 126, check };

fn check(number: &Number) -> Option<Breach> {
    (!number.is_in_range()).then(|| Breach::new(Code::OutOfRange, 0_u32, 0_u32))
}
