//! Exact decimal amounts: one canonical text per value, from the request to a DynamoDB `N` and back.
//!
//! An amount is a value of Amazon DynamoDB's number type: 0, or up to 38 significant digits with a magnitude from 1e-130 to
//! 9.99…e125 ("Supported data types and naming rules in Amazon DynamoDB"). No float is involved, and nothing is rounded: a
//! number that cannot be stored exactly is an error.
//!
//! ```
//! use gridbid_core::amount::{Amount, Total};
//!
//! let (tenth, fifth) = (Amount::parse("0.10")?, Amount::parse("2e-1")?);
//! assert_eq!(tenth.text(), "0.1");
//!
//! let mut total = Total::new();
//! total.add(&tenth);
//! total.add(&fifth);
//! assert_eq!(total.text(), "0.3");
//! # Ok::<(), gridbid_core::amount::AmountError>(())
//! ```

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::text::{append, append_number};

/// Maximum number of significant digits of an amount: the limit of a DynamoDB `N`.
pub const SIGNIFICANT_DIGITS: u32 = 38;
/// Power of ten of the first digit of the smallest magnitude, 1e-130.
const LOWEST_POWER: i64 = -130;
/// Power of ten of the first digit of the largest magnitude, 9.99…e125.
const HIGHEST_POWER: i64 = 125;
/// Maximum number of digits before the point that are written without an exponent, as in ECMAScript.
const MAX_WHOLE_DIGITS: usize = 21;

/// An exact decimal: significant digits without trailing zeros, times a power of ten. Equal values have equal fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    negative: bool,
    digits: Digits,
    /// Power of ten of the last digit.
    exponent: i16,
}

/// Up to 38 decimal digits, the first of which is not 0, in two words. (A `u128` would hold them too, but its arithmetic adds
/// two kilobytes to the WASM module.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Digits {
    first: u64,
    others: u64,
    count: u8,
}

impl Digits {
    /// Number of decimal digits that always fit into a word.
    const PER_WORD: u8 = 19;

    /// Appends a digit; digits after the 38th are dropped, see [`Number::digits`].
    fn push(&mut self, digit: u8) {
        let word = if self.count < Self::PER_WORD { &mut self.first } else { &mut self.others };
        if self.count < 2 * Self::PER_WORD {
            *word = 10 * *word + u64::from(digit);
            self.count += 1;
        }
    }

    fn text(self) -> String {
        let mut text = String::new();
        if self.count > 0 {
            append_number(&mut text, self.first, 10, 1);
        }
        if let Some(others @ 1..) = self.count.checked_sub(Self::PER_WORD) {
            append_number(&mut text, self.others, 10, others.into());
        }
        text
    }
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a JSON number (RFC 8259, section 6).
    #[error("not a JSON number")]
    NotANumber,
    /// More significant digits than can be stored.
    #[error("{digits} significant digits: at most {SIGNIFICANT_DIGITS}")]
    TooPrecise {
        /// Number of significant digits in the text.
        digits: usize,
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
    /// Parses a JSON number, exactly.
    ///
    /// # Errors
    /// The first that applies of [`NotANumber`](AmountError::NotANumber), [`TooPrecise`](AmountError::TooPrecise) and
    /// [`OutOfRange`](AmountError::OutOfRange).
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        Number::parse(text).ok_or(AmountError::NotANumber)?.amount()
    }

    /// The canonical text, a JSON number in the notation of ECMAScript and RFC 8785: without an exponent from 1e-7 up to
    /// below 1e21, with one outside of that range.
    #[must_use]
    pub fn text(&self) -> String {
        decimal(self.negative, &self.digits.text(), i64::from(self.exponent))
    }

    /// Number of significant digits; 0 has none.
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
    let Some((first, rest)) = digits.split_at_checked(1) else { return "0".to_owned() };
    let mut out = String::new();
    if negative {
        out.push('-');
    }
    // The power of ten above the first digit: the value is 0.DIGITS × 10^point. (A length always fits into an i64.)
    let point = exponent.saturating_add(digits.len() as i64);
    if exponent >= 0 && point <= MAX_WHOLE_DIGITS as i64 {
        out.push_str(digits);
        (0..exponent).for_each(|_| out.push('0'));
    } else if (1..=MAX_WHOLE_DIGITS as i64).contains(&point) {
        for (index, digit) in (0..).zip(digits.chars()) {
            if index == point {
                out.push('.');
            }
            out.push(digit);
        }
    } else if (-5..=0).contains(&point) {
        out.push_str("0.");
        (point..0).for_each(|_| out.push('0'));
        out.push_str(digits);
    } else {
        let power = point - 1;
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if power < 0 { "-" } else { "+" };
        append!(&mut out, first, dot, rest, "e", sign, power.unsigned_abs());
    }
    out
}

/// A JSON number split into its parts, before any limit is applied: the operand of the rules on `parameter_2`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    negative: bool,
    /// The first 38 significant digits.
    digits: Digits,
    /// Number of significant digits; 0 for zero.
    pub(crate) significant_digits: usize,
    /// Power of ten of the last significant digit. It saturates, far out of range.
    exponent: i64,
}

impl Number {
    /// Parses a JSON number in one pass; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, rest) = split_digits(unsigned);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => match split_digits(rest) {
                ([], _) => return None,
                parts => parts,
            },
            rest => (&[][..], rest),
        };
        let power = match rest {
            [] => 0,
            [b'e' | b'E', power @ ..] => parse_power(power)?,
            _ => return None,
        };
        if matches!(whole, [] | [b'0', _, ..]) {
            return None;
        }
        let mut number = Self { negative, digits: Digits::default(), significant_digits: 0, exponent: 0 };
        let mut pending_zeros: usize = 0;
        for digit in whole.iter().chain(fraction) {
            match digit {
                b'0' if number.significant_digits == 0 => {}
                b'0' => pending_zeros += 1,
                _ => {
                    number.significant_digits += pending_zeros + 1;
                    for _ in 0..pending_zeros.min(SIGNIFICANT_DIGITS as usize) {
                        number.digits.push(0);
                    }
                    number.digits.push(digit - b'0');
                    pending_zeros = 0;
                }
            }
        }
        number.exponent = power.saturating_sub(fraction.len() as i64).saturating_add(pending_zeros as i64);
        Some(number)
    }

    /// Whether the magnitude is 0 or one that an amount can have.
    pub(crate) fn is_in_range(&self) -> bool {
        let first = self.exponent.saturating_add(self.significant_digits as i64).saturating_sub(1);
        self.significant_digits == 0 || (LOWEST_POWER..=HIGHEST_POWER).contains(&first)
    }

    /// The number as an amount.
    ///
    /// # Errors
    /// The first that applies of `TooPrecise` and `OutOfRange`.
    pub(crate) fn amount(&self) -> Result<Amount, AmountError> {
        if self.significant_digits == 0 {
            return Ok(Amount { negative: false, digits: Digits::default(), exponent: 0 });
        }
        if self.significant_digits > SIGNIFICANT_DIGITS as usize {
            return Err(AmountError::TooPrecise { digits: self.significant_digits });
        }
        match i16::try_from(self.exponent) {
            Ok(exponent) if self.is_in_range() => Ok(Amount { negative: self.negative, digits: self.digits, exponent }),
            _ => Err(AmountError::OutOfRange),
        }
    }
}

/// Whether a JSON number is certainly its own canonical text: it has no exponent, no superfluous zero, and no more digits
/// than are written without an exponent.
#[inline]
pub(crate) fn is_canonical_fast(bytes: &[u8]) -> bool {
    let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let Some(whole) = unsigned.iter().position(|byte| !byte.is_ascii_digit()) else {
        let is_short = unsigned.len() <= MAX_WHOLE_DIGITS;
        return is_short && unsigned.first().is_some_and(|digit| *digit != b'0' || bytes == b"0");
    };
    let Some((b'.', fraction)) = unsigned.get(whole..).and_then(<[u8]>::split_first) else { return false };
    let ends = matches!(fraction.last(), Some(b'1'..=b'9')) && fraction.iter().all(u8::is_ascii_digit);
    let begins = match unsigned.first() {
        Some(b'0') => fraction.iter().take(6).any(|digit| *digit != b'0'),
        _ => whole <= MAX_WHOLE_DIGITS,
    };
    // All digits and the point.
    ends && begins && unsigned.len() <= SIGNIFICANT_DIGITS as usize + 1
}

/// Parses the digits of an exponent with their sign. The value saturates, far out of range.
fn parse_power(text: &[u8]) -> Option<i64> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let (digits, rest) = split_digits(unsigned);
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let power =
        digits.iter().fold(0_i64, |power, digit| power.saturating_mul(10).saturating_add((digit - b'0').into()));
    Some(if negative { -power } else { power })
}

/// The leading digits, and the rest.
fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// Lowest power of ten of an amount's digit: the 38th digit of 1e-130.
const LOWEST_PLACE: i64 = LOWEST_POWER - SIGNIFICANT_DIGITS as i64 + 1;
/// Places for every digit of every amount, and for the carries of more summands than memory can hold.
const PLACES: usize = 320;

/// An exact sum of amounts of any magnitudes, in any order.
#[derive(Clone, Debug)]
pub struct Total {
    /// For each power of ten from 10^-167 up, the sum of the digits at that place. Carries are resolved by [`Total::text`].
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
        let added = self.add_digits(amount.negative, amount.exponent.into(), amount.digits.text().bytes().rev());
        debug_assert!(added.is_ok(), "a total has a place for every digit of an amount");
    }

    /// Adds digits, the last one first, from a power of ten up.
    fn add_digits(
        &mut self,
        negative: bool,
        exponent: i64,
        digits: impl Iterator<Item = u8>,
    ) -> Result<(), AmountError> {
        let sign = if negative { -1 } else { 1 };
        let lowest = exponent.saturating_sub(LOWEST_PLACE);
        for (offset, digit) in (0_i64..).zip(digits).filter(|(_, digit)| *digit != b'0') {
            // A place that saturates does not exist either.
            let place = usize::try_from(lowest.saturating_add(offset)).ok();
            let place = place.and_then(|place| self.places.get_mut(place)).ok_or(AmountError::OutOfRange)?;
            *place += sign * i64::from(digit - b'0');
        }
        Ok(())
    }

    /// Adds the text of another total.
    ///
    /// # Errors
    /// `NotANumber`, or `OutOfRange` for a digit beyond those of a total; the total is then of no use.
    pub fn add_text(&mut self, text: &str) -> Result<(), AmountError> {
        let number = Number::parse(text).ok_or(AmountError::NotANumber)?;
        let exponent = text.bytes().position(|byte| matches!(byte, b'e' | b'E'));
        let mantissa = text.bytes().take(exponent.unwrap_or(text.len()));
        let digits = mantissa.rev().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0');
        self.add_digits(number.negative, number.exponent, digits)
    }

    /// The sum in the notation of [`Amount::text`], with as many digits as it needs.
    #[must_use]
    pub fn text(&self) -> String {
        let (negative, places) = self.carried();
        let (mut digits, mut exponent) = (String::new(), LOWEST_PLACE);
        for place in places.iter().rev() {
            if *place != 0 || !digits.is_empty() {
                digits.push(char::from(b'0' + *place as u8));
            }
        }
        while digits.ends_with('0') {
            digits.pop();
            exponent += 1;
        }
        decimal(negative, &digits, exponent)
    }

    /// The sum with one digit, from 0 to 9, at each place, and whether it is negative.
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
    fn equal_values_have_the_same_text() {
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
    fn exponents_are_written_where_ecmascript_writes_one() {
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
    fn canonical_texts_are_recognized() {
        for text in ["0", "4", "2.1", "-5", "0.000001", "123456789012345678901", "100", "-0.25", "10.01", "0.100001"] {
            assert!(is_canonical_fast(text.as_bytes()), "{text}");
            assert_eq!(canonical(text), text);
        }
        for text in ["-0", "0.0", "2.10", "1e2", "0.0000001", "1234567890123456789012", "-0.0", "1.0", "0.00000010001"]
        {
            assert!(!is_canonical_fast(text.as_bytes()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn texts_recognized_as_canonical_are(text in "-?[0-9]{1,23}(\\.[0-9]{1,18})?") {
            if let Ok(amount) = Amount::parse(&text) && is_canonical_fast(text.as_bytes()) {
                proptest::prop_assert_eq!(amount.to_string(), text);
            }
        }
    }

    #[test]
    fn limits_are_those_of_dynamodb() {
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
    fn text_outside_the_json_grammar_is_rejected() {
        for text in
            ["", "-", "+1", "01", ".5", "5.", "1e", "1e+", "0x1", "1_0", " 1", "1 ", "NaN", "1.2.3", "--1", "1e1.5"]
        {
            assert_eq!(Amount::parse(text), Err(AmountError::NotANumber), "{text:?}");
        }
    }

    #[test]
    fn totals_of_any_length_are_added_as_text() {
        let mut total = Total::new();
        for text in ["1e125", "1e-130", "-0.25", "12345678901234567890123456789012345678901234567890.125", "0", "100"] {
            total.add_text(text).unwrap();
        }
        let text = total.to_string();
        let mut again = Total::new();
        again.add_text(&text).unwrap();
        assert_eq!(again.to_string(), text);
        for text in ["-1e125", "-1e-130", "0.25", "-12345678901234567890123456789012345678901234567890.125", "-100"] {
            again.add_text(text).unwrap();
        }
        assert_eq!(again.to_string(), "0");
        assert_eq!(again.add_text("1e999"), Err(AmountError::OutOfRange));
        assert_eq!(again.add_text("1e-999"), Err(AmountError::OutOfRange));
        assert_eq!(again.add_text("x"), Err(AmountError::NotANumber));
        assert_eq!(again.add_text("1e9223372036854775640"), Err(AmountError::OutOfRange));
        assert_eq!(again.add_text("-1e-99999999999999999999"), Err(AmountError::OutOfRange));
        assert_eq!(again.add_text("0e99999999999999999999"), Ok(()));
    }

    #[test]
    fn total_of_distant_magnitudes_is_exact() {
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
