//! Exact decimal amounts: one value, one canonical text, from the request to DynamoDB's N and back.
//!
//! An amount holds what Amazon DynamoDB's number type holds: 0, or at most 38 significant digits with a magnitude from
//! 1e-130 to 9.99…e125 ("Supported data types and naming rules in Amazon DynamoDB"). No float is involved anywhere.
//! Rounding is left out on purpose: what cannot be kept exactly is refused.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::text::{self, put};

/// The most significant digits that an amount has, DynamoDB's limit for N.
pub const SIGNIFICANT_DIGITS: u32 = 38;
/// The power of ten of the first digit of the smallest magnitude, 1e-130.
const LOWEST_POWER: i64 = -130;
/// The power of ten of the first digit of the largest magnitude, 9.99…e125.
const HIGHEST_POWER: i64 = 125;

/// An exact decimal: its significant digits, none of them a trailing zero, times a power of ten. Equal values are equal
/// fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    negative: bool,
    digits: Digits,
    /// The power of ten of the last digit.
    exponent: i16,
}

/// Up to 38 decimal digits, the first of which is not 0: as many as fit into one word, and the others. (A `u128` would
/// hold them too, and bring two kilobytes of arithmetic into the WASM module.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Digits {
    first: u64,
    others: u64,
    count: u8,
}

impl Digits {
    /// Every number of so many digits fits into a word.
    const IN_A_WORD: u8 = 19;

    /// Puts a digit behind the others. What comes after the 38th is lost.
    fn push(&mut self, digit: u8) {
        let word = if self.count < Self::IN_A_WORD { &mut self.first } else { &mut self.others };
        if self.count < 2 * Self::IN_A_WORD {
            *word = 10 * *word + u64::from(digit);
            self.count += 1;
        }
    }

    fn text(self) -> String {
        let mut text = String::new();
        if self.count > 0 {
            text::put_number(&mut text, self.first, 10, 1);
        }
        if let Some(others @ 1..) = self.count.checked_sub(Self::IN_A_WORD) {
            text::put_number(&mut text, self.others, 10, others.into());
        }
        text
    }
}

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a number of JSON's grammar (RFC 8259, section 6).
    #[error("not a JSON number")]
    NotANumber,
    /// More significant digits than can be kept.
    #[error("{digits} significant digits: at most {SIGNIFICANT_DIGITS}")]
    TooPrecise {
        /// How many significant digits the text has.
        digits: u32,
    },
    /// A magnitude that is neither 0 nor from 1e-130 to 9.99…e125.
    #[error("a magnitude that is neither 0 nor from 1e-130 to 9.99…e125")]
    OutOfRange,
}

impl AmountError {
    /// The permanent code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotANumber => "not_json",
            Self::TooPrecise { .. } => "too_precise",
            Self::OutOfRange => "out_of_range",
        }
    }
}

impl Amount {
    /// Reads a number of JSON's grammar, exactly.
    ///
    /// # Errors
    /// The first that applies of: not a number, too precise, out of range.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let number = Number::read(text).ok_or(AmountError::NotANumber)?;
        if number.significant > u64::from(SIGNIFICANT_DIGITS) {
            return Err(AmountError::TooPrecise { digits: u32::try_from(number.significant).unwrap_or(u32::MAX) });
        }
        number.amount().ok_or(AmountError::OutOfRange)
    }

    /// The canonical text, a JSON number: as ECMAScript writes numbers (and so RFC 8785), plain from 1e-7 on
    /// and below 1e21, with an exponent outside of that.
    #[must_use]
    pub fn text(&self) -> String {
        decimal(self.negative, &self.digits.text(), i64::from(self.exponent))
    }

    /// How many significant digits the amount has; 0 has none.
    #[must_use]
    pub fn significant_digits(&self) -> u32 {
        self.digits.count.into()
    }
}

impl fmt::Display for Amount {
    /// [`Amount::text`].
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text())
    }
}

/// ±`digits` × 10^`exponent`; `digits` has neither leading nor trailing zeros and is empty for 0.
fn decimal(negative: bool, digits: &str, exponent: i64) -> String {
    let mut out = String::new();
    let Some((first, rest)) = digits.split_at_checked(1) else { return "0".to_owned() };
    if negative {
        out.push('-');
    }
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    // The power of ten just above the first digit: the value is 0.DIGITS × 10^point.
    let point = exponent.saturating_add(length);
    if exponent >= 0 && point <= 21 {
        out.push_str(digits);
        (0..exponent).for_each(|_| out.push('0'));
    } else if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at_checked(usize::try_from(point).unwrap_or(0)).unwrap_or((digits, ""));
        put!(&mut out, whole, ".", fraction);
    } else if (-5..=0).contains(&point) {
        out.push_str("0.");
        (point..0).for_each(|_| out.push('0'));
        out.push_str(digits);
    } else {
        let power = point - 1;
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if power < 0 { "-" } else { "+" };
        put!(&mut out, first, dot, rest, "e", sign, power.unsigned_abs());
    }
    out
}

/// A number's text taken apart, before any limit is applied: what the rules on `parameter_2` look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    negative: bool,
    /// The first 38 of the significant digits.
    digits: Digits,
    /// How many significant digits there are; 0 for zero.
    pub(crate) significant: u64,
    /// The power of ten of the last significant digit, saturated.
    exponent: i64,
}

impl Number {
    /// Takes a number of JSON's grammar apart in one pass; `None` if it is not one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, rest) = digits(unsigned);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => match digits(rest) {
                ([], _) => return None,
                parts => parts,
            },
            rest => (&[][..], rest),
        };
        let power = match rest {
            [] => 0,
            [b'e' | b'E', power @ ..] => read_power(power)?,
            _ => return None,
        };
        if matches!(whole, [] | [b'0', _, ..]) {
            return None;
        }
        let mut number = Self { negative, digits: Digits::default(), significant: 0, exponent: 0 };
        let mut pending_zeros: u64 = 0;
        for digit in whole.iter().chain(fraction) {
            match digit {
                b'0' if number.significant == 0 => {}
                b'0' => pending_zeros += 1,
                _ => {
                    number.significant = number.significant.saturating_add(pending_zeros).saturating_add(1);
                    for _ in 0..pending_zeros.min(u64::from(SIGNIFICANT_DIGITS)) {
                        number.digits.push(0);
                    }
                    number.digits.push(digit - b'0');
                    pending_zeros = 0;
                }
            }
        }
        let fraction_digits = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        let trailing = i64::try_from(pending_zeros).unwrap_or(i64::MAX);
        number.exponent = power.saturating_sub(fraction_digits).saturating_add(trailing);
        Some(number)
    }

    /// Whether the magnitude is 0 or one that an amount can have.
    pub(crate) fn is_in_range(&self) -> bool {
        let first = self.exponent.saturating_add(i64::try_from(self.significant).unwrap_or(i64::MAX)).saturating_sub(1);
        self.significant == 0 || (LOWEST_POWER..=HIGHEST_POWER).contains(&first)
    }

    /// The amount, if the number is within both limits.
    pub(crate) fn amount(&self) -> Option<Amount> {
        if self.significant == 0 {
            return Some(Amount { negative: false, digits: Digits::default(), exponent: 0 });
        }
        if self.significant > u64::from(SIGNIFICANT_DIGITS) || !self.is_in_range() {
            return None;
        }
        let exponent = i16::try_from(self.exponent).ok()?;
        Some(Amount { negative: self.negative, digits: self.digits, exponent })
    }
}

/// Whether a number of JSON's grammar, given by its text, is its own canonical text at a glance: no exponent, nothing to
/// leave out, and no more digits than are written without an exponent.
#[inline]
pub(crate) fn is_plainly_canonical(bytes: &[u8]) -> bool {
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let Some(whole) = unsigned.iter().position(|byte| !byte.is_ascii_digit()) else {
        return unsigned.len() <= 21 && unsigned.first().is_some_and(|digit| *digit != b'0' || bytes == b"0");
    };
    let Some((b'.', fraction)) = unsigned.get(whole..).and_then(<[u8]>::split_first) else { return false };
    let ends = matches!(fraction.last(), Some(b'1'..=b'9')) && fraction.iter().all(u8::is_ascii_digit);
    let begins = match unsigned.first() {
        Some(b'0') => fraction.iter().take(6).any(|digit| *digit != b'0'),
        _ => whole <= 21,
    };
    ends && begins && unsigned.len() <= SIGNIFICANT_DIGITS as usize
}

/// An exponent's digits with their sign, saturated: whatever lies beyond is out of range anyway.
fn read_power(text: &[u8]) -> Option<i64> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let (digits, rest) = digits(unsigned);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let power =
        digits.iter().fold(0_i64, |power, digit| power.saturating_mul(10).saturating_add((digit - b'0').into()));
    Some(if negative { -power } else { power })
}

/// The digits that come first, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at_checked(count).unwrap_or((text, &[]))
}

/// The lowest power of ten that a digit of an amount can have: the 38th digit of 1e-130.
const LOWEST_PLACE: i16 = -130 - 37;
/// Places for every digit of every amount, and room for the carries of more summands than memory can hold.
const PLACES: usize = 320;

/// An exact sum of amounts, whatever their order and however far their magnitudes are apart.
#[derive(Clone, Debug)]
pub struct Total {
    /// For each place, from 10^-167 up, the sum of the digits there. They are carried when the sum is written.
    places: Box<[i64; PLACES]>,
}

impl Total {
    /// The empty sum, 0.
    #[must_use]
    pub fn new() -> Self {
        Self { places: Box::new([0; PLACES]) }
    }

    /// Adds an amount.
    pub fn add(&mut self, amount: &Amount) {
        // An amount's places lie within a total's.
        let _ = self.place(amount.negative, amount.exponent.into(), amount.digits.text().bytes().rev());
    }

    /// Adds digits, the last of them first, from a power of ten on.
    fn place(&mut self, negative: bool, exponent: i64, digits: impl Iterator<Item = u8>) -> Result<(), AmountError> {
        let sign = if negative { -1 } else { 1 };
        for (place, digit) in (exponent.saturating_sub(LOWEST_PLACE.into())..).zip(digits) {
            match usize::try_from(place).ok().and_then(|place| self.places.get_mut(place)) {
                Some(place) => *place += sign * i64::from(digit - b'0'),
                None if digit == b'0' => {}
                None => return Err(AmountError::OutOfRange),
            }
        }
        Ok(())
    }

    /// Adds what another total came to, given as its text.
    ///
    /// # Errors
    /// A text that is no number, or one with a digit beyond what a total can have.
    pub fn add_text(&mut self, text: &str) -> Result<(), AmountError> {
        let number = Number::read(text).ok_or(AmountError::NotANumber)?;
        let mantissa = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E')).count();
        let mantissa = text.as_bytes().get(..mantissa).unwrap_or(&[]);
        let digits = mantissa.iter().copied().rev().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0');
        self.place(number.negative, number.exponent, digits)
    }

    /// The sum in the form of [`Amount`]'s canonical text, with as many digits as it needs.
    #[must_use]
    pub fn text(&self) -> String {
        let (negative, places) = self.carried();
        let lowest = places.iter().position(|place| *place != 0).unwrap_or(0);
        let digits: String = places
            .iter()
            .skip(lowest)
            .rev()
            .skip_while(|place| **place == 0)
            .filter_map(|place| char::from_digit(u32::try_from(*place).unwrap_or(0), 10))
            .collect();
        let exponent = i64::from(LOWEST_PLACE).saturating_add(i64::try_from(lowest).unwrap_or(0));
        decimal(negative, &digits, exponent)
    }

    /// The sum with a digit at each place, all of one sign, and whether it is negative.
    fn carried(&self) -> (bool, [i64; PLACES]) {
        let mut places = *self.places;
        let carry_over = |places: &mut [i64; PLACES]| {
            let mut carry = 0;
            for place in places.iter_mut() {
                let sum = *place + carry;
                *place = sum.rem_euclid(10);
                carry = sum.div_euclid(10);
            }
            carry
        };
        let negative = carry_over(&mut places) < 0;
        if negative {
            places = self.places.map(|place| -place);
            carry_over(&mut places);
        }
        (negative, places)
    }
}

impl Default for Total {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Total {
    /// [`Total::text`].
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Amount::parse(text).unwrap().to_string()
    }

    #[test]
    fn equal_values_have_one_text() {
        for (texts, expected) in [
            (&["2.1", "2.10", "21e-1", "0.21e1", "2100E-3"][..], "2.1"),
            (&["100", "1e2", "1E+2", "100.0", "0.1e3"][..], "100"),
            (&["0", "-0", "0.0", "0e99999999999999999999", "-0.00e-7"][..], "0"),
            (&["-5", "-5.0", "-0.5e1"][..], "-5"),
        ] {
            for text in texts {
                assert_eq!(canonical(text), expected, "{text}");
            }
        }
    }

    #[test]
    fn an_exponent_appears_where_ecmascript_writes_one() {
        assert_eq!(canonical("1e20"), "100000000000000000000");
        assert_eq!(canonical("1e21"), "1e+21");
        assert_eq!(canonical("123e20"), "1.23e+22");
        assert_eq!(canonical("0.000001"), "0.000001");
        assert_eq!(canonical("0.0000001"), "1e-7");
        assert_eq!(canonical("0.00000012"), "1.2e-7");
        assert_eq!(canonical("1e-130"), "1e-130");
        assert_eq!(canonical("123456789012345678901.5"), "123456789012345678901.5");
        assert_eq!(canonical("1234567890123456789012.5"), "1.2345678901234567890125e+21");
    }

    #[test]
    fn what_looks_canonical_is() {
        for text in ["0", "4", "2.1", "-5", "0.000001", "123456789012345678901", "100", "-0.25", "10.01", "0.100001"] {
            assert!(is_plainly_canonical(text.as_bytes()), "{text}");
            assert_eq!(canonical(text), text);
        }
        for text in ["-0", "0.0", "2.10", "1e2", "0.0000001", "1234567890123456789012", "-0.0", "1.0", "0.00000010001"]
        {
            assert!(!is_plainly_canonical(text.as_bytes()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_looks_canonical_is(text in "-?[0-9]{1,23}(\\.[0-9]{1,18})?") {
            if let Ok(amount) = Amount::parse(&text) && is_plainly_canonical(text.as_bytes()) {
                proptest::prop_assert_eq!(amount.to_string(), text);
            }
        }
    }

    #[test]
    fn the_limits_are_those_of_dynamodb() {
        let nines = "9".repeat(38);
        assert_eq!(canonical(&nines), format!("9.{}e+37", "9".repeat(37)));
        assert_eq!(Amount::parse(&"9".repeat(39)), Err(AmountError::TooPrecise { digits: 39 }));
        assert_eq!(canonical(&format!("{nines}000")), format!("9.{}e+40", "9".repeat(37)));
        assert_eq!(canonical("9.9e125"), "9.9e+125");
        assert_eq!(Amount::parse("1e126"), Err(AmountError::OutOfRange));
        assert_eq!(Amount::parse("9.9e-131"), Err(AmountError::OutOfRange));
        assert_eq!(Amount::parse("1e99999999999999999999"), Err(AmountError::OutOfRange));
        assert_eq!(Amount::parse("1e-99999999999999999999"), Err(AmountError::OutOfRange));
    }

    #[test]
    fn a_text_outside_of_jsons_grammar_is_no_amount() {
        for text in
            ["", "-", "+1", "01", ".5", "5.", "1e", "1e+", "0x1", "1_0", " 1", "1 ", "NaN", "1.2.3", "--1", "1e1.5"]
        {
            assert_eq!(Amount::parse(text), Err(AmountError::NotANumber), "{text:?}");
        }
    }

    #[test]
    fn totals_of_any_length_are_added_by_their_text() {
        let mut total = Total::new();
        for text in ["1e125", "1e-130", "-0.25", "12345678901234567890123456789012345678901234567890.125", "0", "100"] {
            total.add_text(text).unwrap();
        }
        let told = total.to_string();
        let mut again = Total::new();
        again.add_text(&told).unwrap();
        assert_eq!(again.to_string(), told);
        for text in ["-1e125", "-1e-130", "0.25", "-12345678901234567890123456789012345678901234567890.125", "-100"] {
            again.add_text(text).unwrap();
        }
        assert_eq!(again.to_string(), "0");
        assert_eq!(again.add_text("1e999"), Err(AmountError::OutOfRange));
        assert_eq!(again.add_text("1e-999"), Err(AmountError::OutOfRange));
        assert_eq!(again.add_text("x"), Err(AmountError::NotANumber));
    }

    #[test]
    fn a_total_is_exact_however_far_its_summands_are_apart() {
        let sum = |texts: &[&str]| {
            let mut total = Total::new();
            texts.iter().for_each(|text| total.add(&Amount::parse(text).unwrap()));
            total.to_string()
        };
        assert_eq!(sum(&[]), "0");
        assert_eq!(sum(&["0.1", "0.2"]), "0.3");
        assert_eq!(sum(&["1e21", "-1e21"]), "0");
        assert_eq!(sum(&["1e125", "1e-130", "-1e125"]), "1e-130");
        assert_eq!(sum(&["-1", "0.25"]), "-0.75");
        assert_eq!(sum(&["9.9e125", "9.9e125"]), "1.98e+126");
        assert_eq!(sum(&["999", "1"]), "1000");
        assert_eq!(sum(&["-999", "-1"]), "-1000");
    }
}
