//! The number of an order: found and checked in one pass over its digits, without computing its value.
//!
//! Each rule describes numbers that certainly obey it, by their number of digits and their exponent. All others are left to the
//! rules' own checks.

use crate::rule::{self, NumberRule};
use crate::simd::{self, LANES, run_end};
use crate::span::Span;

const DIGITS: &[(u8, u8)] = &[(b'0', b'9')];

/// Numbers that obey every rule: with at most this many digits, and an exponent of at most this magnitude.
const MAX_FAST: NumberLimits = NumberLimits::by_all(rule::PARAMETER_2);

// Digits of less than a chunk are not counted further.
const _: () = assert!(MAX_FAST.digits >= LANES);

struct NumberLimits {
    digits: usize,
    exponent: usize,
}

impl NumberLimits {
    const fn by_all(rules: &[NumberRule]) -> Self {
        let mut limits = Self { digits: usize::MAX, exponent: usize::MAX };
        let mut rules = rules;
        while let Some((rule, rest)) = rules.split_first() {
            if rule.max_fast_digits < limits.digits {
                limits.digits = rule.max_fast_digits;
            }
            if rule.max_fast_exponent < limits.exponent {
                limits.exponent = rule.max_fast_exponent;
            }
            rules = rest;
        }
        limits
    }
}

/// Matches a number that starts at `start`, if every rule accepts it fast.
#[inline(always)]
pub(super) fn match_number(bytes: &[u8], start: usize) -> Option<Span> {
    let sign = usize::from(matches!(bytes.get(start), Some(b'-')));
    let first = start + sign;
    let whole = simd::prefix_len(bytes, first, DIGITS);
    let mut len = whole;
    if matches!(bytes.get(first + whole), Some(b'.')) {
        let fraction = simd::prefix_len(bytes, first + whole + 1, DIGITS);
        if fraction == 0 {
            return None;
        }
        len += 1 + fraction;
    }
    // Digits that fill a chunk may continue after it.
    if len >= LANES || matches!(bytes.get(first + len), Some(b'e' | b'E') | None) {
        return match_long_number(bytes, start, first);
    }
    is_whole_part(bytes, first, whole).then_some(Span { start, len: sign + len })
}

/// Whether the digits before the point are at least one, and the only one if the first is 0.
#[inline(always)]
fn is_whole_part(bytes: &[u8], first: usize, digits: usize) -> bool {
    digits == 1 || (digits > 1 && !matches!(bytes.get(first), Some(b'0')))
}

/// [`match_number`] for a number with many digits or an exponent; its digits start at `first`.
#[inline(never)]
fn match_long_number(bytes: &[u8], start: usize, first: usize) -> Option<Span> {
    let whole_end = run_end(bytes, first, DIGITS);
    let mut end = whole_end;
    let mut digits = whole_end - first;
    if !is_whole_part(bytes, first, digits) {
        return None;
    }
    if matches!(bytes.get(end), Some(b'.')) {
        let point = end;
        end = run_end(bytes, point + 1, DIGITS);
        let fraction = end - point - 1;
        if fraction == 0 {
            return None;
        }
        digits += fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        end = match_exponent(bytes, end + 1)?;
    }
    let is_accepted = digits <= MAX_FAST.digits && end < bytes.len();
    is_accepted.then_some(Span::between(start, end))
}

/// Matches an exponent whose sign or first digit is at `start`, if its magnitude is small, and returns the offset after it.
fn match_exponent(bytes: &[u8], start: usize) -> Option<usize> {
    let first = start + usize::from(matches!(bytes.get(start), Some(b'+' | b'-')));
    let (mut end, mut exponent) = (first, 0);
    while let Some(digit @ b'0'..=b'9') = bytes.get(end)
        && exponent <= MAX_FAST.exponent
    {
        exponent = 10 * exponent + usize::from(digit - b'0');
        end += 1;
    }
    (end > first && exponent <= MAX_FAST.exponent).then_some(end)
}
