//! Orders that are written plainly: whoever looks for their end sees at once that they obey every rule.
//!
//! Each rule says which texts and numbers those are. An order with anything else in it (an escape, a member that is
//! unknown or missing, a long number) is no plain one, and is left to `scan`, which calls this for each.

use super::chunk::{self, LENGTH, count, ranges};
use super::scan::Span;
use crate::rule::{self, Bytes, NumberRule, Plain, TextRule};

/// Where the parts of a plain order lie, and what comes behind it.
pub(super) struct PlainOrder {
    pub(super) record_id: Span,
    pub(super) parameter_1: Span,
    pub(super) parameter_2: Span,
    pub(super) end: usize,
}

/// The order that begins at a place, if it is a plain one.
#[inline]
pub(super) fn order(bytes: &[u8], at: usize) -> Option<PlainOrder> {
    let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut at = at;
    loop {
        // Behind the brace or comma.
        at = spaces(bytes, at + 1);
        let rest = bytes.get(at..)?;
        // Arrays of a fixed length are compared as words; slices would be by a call.
        let again = if rest.first_chunk() == Some(b"\"record_id\":") {
            let span = string::<RecordId>(bytes, spaces(bytes, at + 12))?;
            at = span.at + span.length + 1;
            record_id.replace(span)
        } else if rest.first_chunk() == Some(b"\"parameter_1\":") {
            let span = string::<Parameter1>(bytes, spaces(bytes, at + 14))?;
            at = span.at + span.length + 1;
            parameter_1.replace(span)
        } else if rest.first_chunk() == Some(b"\"parameter_2\":") {
            let span = number(bytes, spaces(bytes, at + 14))?;
            at = span.at + span.length;
            parameter_2.replace(span)
        } else {
            return None;
        };
        if again.is_some() {
            return None;
        }
        at = spaces(bytes, at);
        match bytes.get(at)? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    Some(PlainOrder { record_id: record_id?, parameter_1: parameter_1?, parameter_2: parameter_2?, end: at + 1 })
}

/// The first place from this one on that holds no white space.
#[inline]
fn spaces(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The inside of the string that begins at a place, if it plainly obeys its field's rules.
#[inline]
fn string<F: StringField>(bytes: &[u8], at: usize) -> Option<Span> {
    let (quote, inside) = bytes.get(at..)?.split_first()?;
    if *quote != b'"' || !F::FIRST.has(*inside.first()?) {
        return None;
    }
    let mut length = 0;
    loop {
        let run = chunk::others(inside, length, F::REST).before();
        length += run;
        if run < LENGTH {
            break;
        }
    }
    let is_told = || inside.iter().take(length).any(|byte| F::TELLING.has(*byte));
    let is_plain = inside.get(length) == Some(&b'"') && length <= F::LONGEST && is_told();
    is_plain.then_some(Span { at: at + 1, length })
}

/// The number that begins at a place, if it is an integer or a decimal of few digits.
#[inline]
fn number(bytes: &[u8], at: usize) -> Option<Span> {
    let sign = usize::from(bytes.get(at) == Some(&b'-'));
    let first = at + sign;
    let others = chunk::others(bytes, first, &[(b'0', b'9')]);
    let whole = others.before();
    if whole == 0 || (whole > 1 && bytes.get(first) == Some(&b'0')) {
        return None;
    }
    let mut length = whole;
    if bytes.get(first + whole) == Some(&b'.') {
        let fraction = others.behind(whole + 1).before();
        if fraction == 0 {
            return None;
        }
        length += 1 + fraction;
    }
    // What fills the chunk may go on behind it.
    let ends = length < LENGTH && !matches!(bytes.get(first + length), Some(b'e' | b'E') | None);
    ends.then_some(Span { at, length: sign + length })
}

/// A field that is a string: its rules, and the texts that plainly obey them and stand in a string as they are.
trait StringField {
    const RULES: &'static [TextRule];
    /// What such a text begins with, consists of, and holds one of.
    const FIRST: Bits = Bits::of(plain(Self::RULES).first);
    const REST: &'static [(u8, u8)];
    const TELLING: Bits = Bits::of(plain(Self::RULES).telling);
    const LONGEST: usize = plain(Self::RULES).longest;
}

/// `record_id`.
struct RecordId;

impl StringField for RecordId {
    const RULES: &'static [TextRule] = rule::RECORD_ID;
    const REST: &'static [(u8, u8)] = &ranges::<{ count(plain(rule::RECORD_ID).rest) }>(plain(rule::RECORD_ID).rest);
}

/// `parameter_1`.
struct Parameter1;

impl StringField for Parameter1 {
    const RULES: &'static [TextRule] = rule::PARAMETER_1;
    const REST: &'static [(u8, u8)] =
        &ranges::<{ count(plain(rule::PARAMETER_1).rest) }>(plain(rule::PARAMETER_1).rest);
}

/// The texts that plainly obey some rules and stand in a string as they are: a quote ends it, a backslash begins an
/// escape, a control must be one.
const fn plain(rules: &[TextRule]) -> Plain {
    let plain = Plain::of(rules);
    let written = Bytes::range(b' ', b'~').or(Bytes::BEYOND_ASCII).but(Bytes::of(b"\"\\"));
    Plain { first: plain.first.and(written), rest: plain.rest.and(written), ..plain }
}

/// A number that fits into a chunk has no more digits than any rule allows.
const _: () = {
    let mut rules: &[NumberRule] = rule::PARAMETER_2;
    while let Some((rule, others)) = rules.split_first() {
        assert!(rule.plain_digits >= LENGTH, "a rule finds something in numbers that the reader passes");
        rules = others;
    }
};

/// A set of bytes, a bit each.
struct Bits([u32; 8]);

impl Bits {
    #[expect(clippy::indexing_slicing, reason = "an index below 8, at compile time")]
    const fn of(set: Bytes) -> Self {
        let mut bits = [0; 8];
        let mut byte: u8 = 0;
        loop {
            if set.has(byte) {
                bits[byte as usize / 32] |= 1 << (byte % 32);
            }
            if byte == u8::MAX {
                return Self(bits);
            }
            byte += 1;
        }
    }

    #[inline]
    fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte) / 32).is_some_and(|bits| bits >> (byte % 32) & 1 == 1)
    }
}
