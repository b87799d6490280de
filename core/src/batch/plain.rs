//! Orders that are written plainly: whoever looks for the end of a value sees at once that it obeys every rule.
//!
//! Programs write all orders of a request alike. So what stands between their values need only be compared with what
//! stood there before ([`Manner`]), and each rule says which texts and numbers obey it at a glance. An order with anything
//! else in it (an escape, a member that is unknown or missing, a long number) is no plain one, and is left to `scan`,
//! which calls this for each.

use super::chunk::{self, Chunk, LENGTH, count, ranges};
use super::scan::Span;
use crate::rule::{self, Bytes, NumberRule, Plain, TextRule};
use crate::violation::Field;

/// Where the values of an order lie, without their quotes.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) record_id: Span,
    pub(super) parameter_1: Span,
    pub(super) parameter_2: Span,
}

impl Places {
    /// The fields in the order in which they are written, each with its place.
    fn in_turn(&self) -> [(Field, Span); Field::ALL.len()] {
        let (mut first, mut second, mut third) = (
            (Field::RecordId, self.record_id),
            (Field::Parameter1, self.parameter_1),
            (Field::Parameter2, self.parameter_2),
        );
        let turn = |one: &mut (Field, Span), other: &mut (Field, Span)| {
            if one.1.at > other.1.at {
                core::mem::swap(one, other);
            }
        };
        turn(&mut first, &mut second);
        turn(&mut second, &mut third);
        turn(&mut first, &mut second);
        [first, second, third]
    }

    /// The last field, and where its value ends.
    pub(super) fn last(&self) -> (Field, usize) {
        let [.., (field, span)] = self.in_turn();
        (field, span.end())
    }
}

/// How a request writes its orders: in which order their fields stand, and what stands before their values, from the end
/// of the value before, the quotes included.
pub(super) struct Manner<'a> {
    fields: [Field; Field::ALL.len()],
    before: [Between<'a>; Field::ALL.len()],
    /// How far behind an order's last value the next order begins.
    begin: usize,
}

impl<'a> Manner<'a> {
    /// As most programs write JSON: without a space.
    pub(super) const COMPACT: Self = Self {
        fields: Field::ALL,
        before: [
            Between::new(b"},{\"record_id\":\""),
            Between::new(b"\",\"parameter_1\":\""),
            Between::new(b"\",\"parameter_2\":"),
        ],
        begin: 2,
    };

    /// As Python writes JSON: with a space behind each comma and colon.
    pub(super) const SPACED: Self = Self {
        fields: Field::ALL,
        before: [
            Between::new(b"}, {\"record_id\": \""),
            Between::new(b"\", \"parameter_1\": \""),
            Between::new(b"\", \"parameter_2\": "),
        ],
        begin: 3,
    };

    /// How the order is written that begins at `at`, behind one of which the last field and the end of its value are given.
    /// Nothing may have been found in either, and nothing may stand between them that is no white space or comma: only
    /// then is what stands between values JSON. `None` if the last fields differ, or if that is long.
    pub(super) fn of(bytes: &'a [u8], last: (Field, usize), at: usize, order: &Places) -> Option<Self> {
        let between = |from, to| Between::of(bytes, from, to);
        let [first, second, third] = order.in_turn();
        (last.0 == third.0).then_some(())?;
        Some(Self {
            fields: [first.0, second.0, third.0],
            before: [
                between(last.1, first.1.at)?,
                between(first.1.end(), second.1.at)?,
                between(second.1.end(), third.1.at)?,
            ],
            begin: at - last.1,
        })
    }

    /// The order that begins at a place, if it begins as the others do.
    pub(super) fn first(&self, bytes: &[u8], begin: usize) -> Option<Next> {
        let [before, ..] = &self.before;
        let beginning = before.text.get(self.begin..)?;
        let value = begin + beginning.len();
        chunk::are_same(bytes.get(begin..value)?, beginning).then_some(Next { begin, value })
    }

    /// The order behind one whose last value ends at a place, if that ends as the others do, and it begins as they do.
    #[inline(always)]
    pub(super) fn next(&self, bytes: &[u8], last: usize) -> Option<Next> {
        let [before, ..] = &self.before;
        Some(Next { begin: last + self.begin, value: before.behind(bytes, last)? })
    }

    /// The order whose first value lies at a place, up to its last value, if it is plain and written as the others are;
    /// and where that ends.
    #[inline(always)]
    pub(super) fn order(&self, bytes: &[u8], value: usize) -> Option<(Places, usize)> {
        let nowhere = Span { at: 0, length: 0 };
        let mut order = Places { record_id: nowhere, parameter_1: nowhere, parameter_2: nowhere };
        let [_, before @ ..] = &self.before;
        let mut before = before.iter();
        let mut at = value;
        for field in self.fields {
            at = match field {
                Field::RecordId => {
                    order.record_id = string::<RecordId>(bytes, at)?;
                    order.record_id.end()
                }
                Field::Parameter1 => {
                    order.parameter_1 = string::<Parameter1>(bytes, at)?;
                    order.parameter_1.end()
                }
                Field::Parameter2 => {
                    order.parameter_2 = number(bytes, at)?;
                    order.parameter_2.end()
                }
            };
            if let Some(before) = before.next() {
                at = before.behind(bytes, at)?;
            }
        }
        Some((order, at))
    }

    /// The last field of an order.
    #[inline]
    pub(super) fn last(&self) -> Field {
        let [.., last] = self.fields;
        last
    }

    /// The place behind the brace that ends an order whose last value ends at a place.
    #[inline]
    pub(super) fn closed(&self, bytes: &[u8], last: usize) -> Option<usize> {
        let mut at = last + usize::from(self.last() != Field::Parameter2);
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
            at += 1;
        }
        matches!(bytes.get(at), Some(b'}')).then_some(at + 1)
    }
}

/// Where an order begins, and its first value.
pub(super) struct Next {
    pub(super) begin: usize,
    pub(super) value: usize,
}

// Of two orders that do not follow one another, an order at least lies between the values: more than a `Between` has.
const _: () = assert!(br#"{"record_id":"a","parameter_1":"b","parameter_2":1}"#.len() > 2 * LENGTH);

/// What stands between two values: a text of at most two chunks.
struct Between<'a> {
    text: &'a [u8],
    first: &'a Chunk,
    /// The bytes of the first chunk that lie behind the text, a bit each.
    behind: u32,
    last: &'a Chunk,
    /// How far behind the first chunk the last one begins.
    step: usize,
}

impl<'a> Between<'a> {
    /// What lies between two places, if it is no longer than that.
    fn of(bytes: &'a [u8], from: usize, to: usize) -> Option<Self> {
        let text = bytes.get(from..to).filter(|text| text.len() <= 2 * LENGTH)?;
        let first = chunk::at(bytes, from)?;
        let behind = u32::MAX.checked_shl(text.len() as u32).unwrap_or(0);
        Some(Self {
            text,
            first,
            behind,
            last: text.last_chunk().unwrap_or(first),
            step: text.len().saturating_sub(LENGTH),
        })
    }

    /// This text of at least one chunk.
    #[expect(clippy::panic, reason = "at compile time: only constants are made so")]
    const fn new(text: &'a [u8]) -> Self {
        match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => Self { text, first, behind: 0, last, step: text.len() - LENGTH },
            _ => panic!("a text of less than one chunk"),
        }
    }

    /// The place behind it, if it stands at a place.
    #[inline(always)]
    fn behind(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let differ = chunk::difference(chunk::at(bytes, at)?, self.first)
            | chunk::difference(chunk::at(bytes, at + self.step)?, self.last);
        (differ & !self.behind == 0).then_some(at + self.text.len())
    }
}

/// The string whose inside begins at a place, if it plainly obeys its field's rules and is text.
#[inline(always)]
fn string<F: StringField>(bytes: &[u8], at: usize) -> Option<Span> {
    let begins = const { F::PLAIN.rest.are_in(F::PLAIN.first) } || F::PLAIN.first.has(*bytes.get(at)?);
    if !begins {
        return None;
    }
    let mut end = run(bytes, at, F::ASCII);
    if const { F::ASCII.len() < F::REST.len() } && matches!(bytes.get(end), Some(0x80..)) {
        end = beyond_ascii::<F>(bytes, end)?;
    }
    let length = end - at;
    let is_told = if const { F::PLAIN.rest.are_in(F::PLAIN.telling) } {
        length > 0
    } else {
        bytes.get(at..end)?.iter().any(|byte| F::PLAIN.telling.has(*byte))
    };
    let is_plain = is_told && length <= F::PLAIN.longest && matches!(bytes.get(end), Some(b'"'));
    is_plain.then_some(Span { at, length })
}

/// How far the bytes of a set go from a place on.
#[inline(always)]
fn run(bytes: &[u8], from: usize, ranges: &[(u8, u8)]) -> usize {
    let mut at = from;
    loop {
        let run = chunk::run(bytes, at, ranges);
        if run < LENGTH {
            return at + run;
        }
        at += LENGTH;
    }
}

/// How far the bytes of a field go from a place on, if they are text.
#[inline(never)]
fn beyond_ascii<F: StringField>(bytes: &[u8], from: usize) -> Option<usize> {
    let end = run(bytes, from, F::REST);
    core::str::from_utf8(bytes.get(from..end)?).is_ok().then_some(end)
}

/// The number that begins at a place, if it is an integer or a decimal of few digits.
#[inline(always)]
fn number(bytes: &[u8], at: usize) -> Option<Span> {
    let sign = usize::from(matches!(bytes.get(at), Some(b'-')));
    let first = at + sign;
    let whole = digits(bytes, first);
    if whole == 0 || (whole > 1 && matches!(bytes.get(first), Some(b'0'))) {
        return None;
    }
    let mut length = whole;
    if matches!(bytes.get(first + whole), Some(b'.')) {
        let fraction = digits(bytes, first + whole + 1);
        if fraction == 0 {
            return None;
        }
        length += 1 + fraction;
    }
    // What fills a chunk may go on behind it.
    let ends = length < LENGTH && !matches!(bytes.get(first + length), Some(b'e' | b'E') | None);
    ends.then_some(Span { at, length: sign + length })
}

/// How many digits there are from a place on; as many as fill a chunk stand for any number.
#[inline(always)]
fn digits(bytes: &[u8], at: usize) -> usize {
    chunk::run(bytes, at, &[(b'0', b'9')])
}

/// A field that is a string: the texts that plainly obey its rules, and stand in a string as they are.
trait StringField {
    const PLAIN: Plain;
    /// The bytes that they consist of, as ranges.
    const REST: &'static [(u8, u8)];
    /// Those of them that are ASCII.
    const ASCII: &'static [(u8, u8)];
}

/// `record_id`.
struct RecordId;

impl StringField for RecordId {
    const PLAIN: Plain = plain(rule::RECORD_ID);
    const REST: &'static [(u8, u8)] = &ranges::<{ count(Self::PLAIN.rest) }>(Self::PLAIN.rest);
    const ASCII: &'static [(u8, u8)] = &ranges::<{ count(ascii(Self::PLAIN)) }>(ascii(Self::PLAIN));
}

/// `parameter_1`.
struct Parameter1;

impl StringField for Parameter1 {
    const PLAIN: Plain = plain(rule::PARAMETER_1);
    const REST: &'static [(u8, u8)] = &ranges::<{ count(Self::PLAIN.rest) }>(Self::PLAIN.rest);
    const ASCII: &'static [(u8, u8)] = &ranges::<{ count(ascii(Self::PLAIN)) }>(ascii(Self::PLAIN));
}

/// What of the bytes that a text consists of is ASCII.
const fn ascii(plain: Plain) -> Bytes {
    plain.rest.but(Bytes::BEYOND_ASCII)
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
