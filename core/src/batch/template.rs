//! The fast path of the parser: template matching.
//!
//! Serializers repeat the same bytes between values. After one order has been parsed, the next is matched against those
//! delimiter bytes (an [`OrderTemplate`]) instead of being tokenized. Its values are only searched for their end: each rule
//! describes texts and numbers that obey it for sure ([`FastAccept`], [`NumberRule::max_fast_digits`]). An order with anything
//! else in it (an escape, an unknown or missing field, a long number) does not match and is left to the tokenizing parser.

use super::simd::{self, Chunk, LANES, count_ranges, ranges};
use crate::field::Field;
use crate::rule::{self, ByteSet, FastAccept, NumberRule, TextRule};
use crate::span::Span;

/// The values of an order, without their quotes.
#[derive(Clone, Copy)]
pub(super) struct OrderSpans {
    pub(super) record_id: Span,
    pub(super) parameter_1: Span,
    pub(super) parameter_2: Span,
}

impl OrderSpans {
    /// The fields with their values, in the order in which they are written.
    fn in_written_order(&self) -> [(Field, Span); Field::ALL.len()] {
        let (mut first, mut second, mut third) = (
            (Field::RecordId, self.record_id),
            (Field::Parameter1, self.parameter_1),
            (Field::Parameter2, self.parameter_2),
        );
        let sort = |left: &mut (Field, Span), right: &mut (Field, Span)| {
            if left.1.start > right.1.start {
                core::mem::swap(left, right);
            }
        };
        sort(&mut first, &mut second);
        sort(&mut second, &mut third);
        sort(&mut first, &mut second);
        [first, second, third]
    }

    pub(super) fn last_value(&self) -> LastValue {
        let [.., (field, span)] = self.in_written_order();
        LastValue { field, end: span.end() }
    }
}

/// The last field of an order and the end of its value.
#[derive(Clone, Copy)]
pub(super) struct LastValue {
    pub(super) field: Field,
    pub(super) end: usize,
}

/// How a request writes its orders: the sequence of the fields, and the bytes between their values, quotes included.
pub(super) struct OrderTemplate<'a> {
    fields: [Field; Field::ALL.len()],
    /// The delimiter before each value.
    delimiters: [Delimiter<'a>; Field::ALL.len()],
    /// Distance from the end of an order's last value to the start of the next order.
    order_offset: usize,
}

impl<'a> OrderTemplate<'a> {
    /// The format of most JSON serializers: no white space.
    pub(super) const COMPACT: Self = Self {
        fields: Field::ALL,
        delimiters: [
            Delimiter::constant(b"},{\"record_id\":\""),
            Delimiter::constant(b"\",\"parameter_1\":\""),
            Delimiter::constant(b"\",\"parameter_2\":"),
        ],
        order_offset: 2,
    };

    /// The default format of Python's `json.dumps`: a space after each comma and colon.
    pub(super) const SPACED: Self = Self {
        fields: Field::ALL,
        delimiters: [
            Delimiter::constant(b"}, {\"record_id\": \""),
            Delimiter::constant(b"\", \"parameter_1\": \""),
            Delimiter::constant(b"\", \"parameter_2\": "),
        ],
        order_offset: 3,
    };

    /// The template of the order that starts at `start`, with `last` of the order before. `None` if their last fields differ or
    /// a delimiter is too long.
    ///
    /// Neither order may have a violation, and only white space and a comma may separate them: otherwise the delimiters are
    /// not known to be valid JSON.
    pub(super) fn from_order(bytes: &'a [u8], last: LastValue, start: usize, order: &OrderSpans) -> Option<Self> {
        let delimiter = |start, end| Delimiter::between(bytes, start, end);
        let [first, second, third] = order.in_written_order();
        (last.field == third.0).then_some(())?;
        Some(Self {
            fields: [first.0, second.0, third.0],
            delimiters: [
                delimiter(last.end, first.1.start)?,
                delimiter(first.1.end(), second.1.start)?,
                delimiter(second.1.end(), third.1.start)?,
            ],
            order_offset: start - last.end,
        })
    }

    /// Matches the start of an order that does not follow another.
    pub(super) fn match_first(&self, bytes: &[u8], start: usize) -> Option<OrderStart> {
        let [delimiter, ..] = &self.delimiters;
        let expected = delimiter.text.get(self.order_offset..)?;
        let first_value = start + expected.len();
        simd::is_equal(bytes.get(start..first_value)?, expected).then_some(OrderStart { start, first_value })
    }

    /// Matches the end of an order, whose last value ends at `last_end`, and the start of the next.
    #[inline(always)]
    pub(super) fn match_next(&self, bytes: &[u8], last_end: usize) -> Option<OrderStart> {
        let [delimiter, ..] = &self.delimiters;
        let first_value = delimiter.match_at(bytes, last_end)?;
        Some(OrderStart { start: last_end + self.order_offset, first_value })
    }

    /// Matches an order from its first value to the end of its last value, which is returned with the spans.
    #[inline(always)]
    pub(super) fn match_values(&self, bytes: &[u8], first_value: usize) -> Option<(OrderSpans, usize)> {
        let empty = Span::default();
        let mut order = OrderSpans { record_id: empty, parameter_1: empty, parameter_2: empty };
        let [_, delimiters @ ..] = &self.delimiters;
        let mut delimiters = delimiters.iter();
        let mut at = first_value;
        for field in self.fields {
            at = match field {
                Field::RecordId => {
                    order.record_id = match_string::<RecordId>(bytes, at)?;
                    order.record_id.end()
                }
                Field::Parameter1 => {
                    order.parameter_1 = match_string::<Parameter1>(bytes, at)?;
                    order.parameter_1.end()
                }
                Field::Parameter2 => {
                    order.parameter_2 = match_number(bytes, at)?;
                    order.parameter_2.end()
                }
            };
            if let Some(delimiter) = delimiters.next() {
                at = delimiter.match_at(bytes, at)?;
            }
        }
        Some((order, at))
    }

    #[inline]
    pub(super) fn last_field(&self) -> Field {
        let [.., last] = self.fields;
        last
    }

    /// Matches the closing brace of an order whose last value ends at `last_end`, and returns the offset after it.
    #[inline]
    pub(super) fn match_closing(&self, bytes: &[u8], last_end: usize) -> Option<usize> {
        let mut at = last_end + usize::from(self.last_field() != Field::Parameter2);
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
            at += 1;
        }
        matches!(bytes.get(at), Some(b'}')).then_some(at + 1)
    }
}

/// Where an order and its first value start.
pub(super) struct OrderStart {
    pub(super) start: usize,
    pub(super) first_value: usize,
}

// The bytes between two orders that are not adjacent include a whole order, and so are longer than any delimiter.
const _: () = assert!(br#"{"record_id":"a","parameter_1":"b","parameter_2":1}"#.len() > 2 * LANES);

/// The bytes between two values: at most two chunks.
struct Delimiter<'a> {
    text: &'a [u8],
    first: &'a Chunk,
    /// One bit for each byte of the first chunk that is beyond the text.
    ignored: u32,
    last: &'a Chunk,
    /// Offset of the last chunk, which may overlap the first.
    last_offset: usize,
}

impl<'a> Delimiter<'a> {
    /// The delimiter between two offsets, if it is not too long.
    fn between(bytes: &'a [u8], start: usize, end: usize) -> Option<Self> {
        let text = bytes.get(start..end).filter(|text| text.len() <= 2 * LANES)?;
        let first = simd::load(bytes, start)?;
        Some(Self {
            text,
            first,
            ignored: u32::MAX.unbounded_shl(text.len() as u32),
            last: text.last_chunk().unwrap_or(first),
            last_offset: text.len().saturating_sub(LANES),
        })
    }

    /// A delimiter of at least one chunk.
    #[expect(clippy::panic, reason = "only evaluated at compile time")]
    const fn constant(text: &'a [u8]) -> Self {
        match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => Self { text, first, ignored: 0, last, last_offset: text.len() - LANES },
            _ => panic!("the delimiter is shorter than a chunk"),
        }
    }

    /// The offset after the delimiter, if it is found at `at`.
    #[inline(always)]
    fn match_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let differences = simd::difference_mask(simd::load(bytes, at)?, self.first)
            | simd::difference_mask(simd::load(bytes, at + self.last_offset)?, self.last);
        (differences & !self.ignored == 0).then_some(at + self.text.len())
    }
}

/// Matches a string's content, from `start` to the closing quote, if it is accepted fast.
#[inline(always)]
fn match_string<F: StringField>(bytes: &[u8], start: usize) -> Option<Span> {
    let starts = const { F::ACCEPT.all.is_subset(F::ACCEPT.first) } || F::ACCEPT.first.contains(*bytes.get(start)?);
    if !starts {
        return None;
    }
    let mut end = run_end(bytes, start, F::ASCII);
    if const { F::ASCII.len() < F::ALL.len() } && matches!(bytes.get(end), Some(0x80..)) {
        end = utf8_run_end::<F>(bytes, end)?;
    }
    let len = end - start;
    let has_required = if const { F::ACCEPT.all.is_subset(F::ACCEPT.requires_any_of) } {
        len > 0
    } else {
        bytes.get(start..end)?.iter().any(|byte| F::ACCEPT.requires_any_of.contains(*byte))
    };
    let is_accepted = has_required && len <= F::ACCEPT.max_bytes && matches!(bytes.get(end), Some(b'"'));
    is_accepted.then_some(Span { start, len })
}

/// The end of the run of bytes in `ranges` that begins at `start`.
#[inline(always)]
fn run_end(bytes: &[u8], start: usize, ranges: &[(u8, u8)]) -> usize {
    let mut at = start;
    loop {
        let len = simd::prefix_len(bytes, at, ranges);
        if len < LANES {
            return at + len;
        }
        at += LANES;
    }
}

/// The end of the run of a field's bytes that begins at `start`, if it is UTF-8.
#[inline(never)]
fn utf8_run_end<F: StringField>(bytes: &[u8], start: usize) -> Option<usize> {
    let end = run_end(bytes, start, F::ALL);
    core::str::from_utf8(bytes.get(start..end)?).is_ok().then_some(end)
}

/// Matches an integer or a decimal of less than a chunk, without an exponent.
#[inline(always)]
fn match_number(bytes: &[u8], start: usize) -> Option<Span> {
    let sign = usize::from(matches!(bytes.get(start), Some(b'-')));
    let first = start + sign;
    let whole = count_digits(bytes, first);
    if whole == 0 || (whole > 1 && matches!(bytes.get(first), Some(b'0'))) {
        return None;
    }
    let mut len = whole;
    if matches!(bytes.get(first + whole), Some(b'.')) {
        let fraction = count_digits(bytes, first + whole + 1);
        if fraction == 0 {
            return None;
        }
        len += 1 + fraction;
    }
    // Digits that fill a chunk may continue after it.
    let ends = len < LANES && !matches!(bytes.get(first + len), Some(b'e' | b'E') | None);
    ends.then_some(Span { start, len: sign + len })
}

/// Counts the digits from `start`, up to a chunk.
#[inline(always)]
fn count_digits(bytes: &[u8], start: usize) -> usize {
    simd::prefix_len(bytes, start, &[(b'0', b'9')])
}

/// A string field on the fast path.
trait StringField {
    /// The texts that obey every rule of the field and need no escape.
    const ACCEPT: FastAccept;
    /// The bytes of those texts, as ranges.
    const ALL: &'static [(u8, u8)];
    /// The bytes of those texts that are ASCII, as ranges.
    const ASCII: &'static [(u8, u8)];
}

struct RecordId;

impl StringField for RecordId {
    const ACCEPT: FastAccept = unescaped(rule::RECORD_ID);
    const ALL: &'static [(u8, u8)] = &ranges::<{ count_ranges(Self::ACCEPT.all) }>(Self::ACCEPT.all);
    const ASCII: &'static [(u8, u8)] = &ranges::<{ count_ranges(ascii(Self::ACCEPT)) }>(ascii(Self::ACCEPT));
}

struct Parameter1;

impl StringField for Parameter1 {
    const ACCEPT: FastAccept = unescaped(rule::PARAMETER_1);
    const ALL: &'static [(u8, u8)] = &ranges::<{ count_ranges(Self::ACCEPT.all) }>(Self::ACCEPT.all);
    const ASCII: &'static [(u8, u8)] = &ranges::<{ count_ranges(ascii(Self::ACCEPT)) }>(ascii(Self::ACCEPT));
}

const fn ascii(accept: FastAccept) -> ByteSet {
    accept.all.difference(ByteSet::BEYOND_ASCII)
}

/// The texts that every rule accepts fast and that JSON strings contain without an escape: no quote, backslash or control
/// character.
const fn unescaped(rules: &[TextRule]) -> FastAccept {
    let accept = FastAccept::by_all(rules);
    let raw = ByteSet::range(b' ', b'~').union(ByteSet::BEYOND_ASCII).difference(ByteSet::of(b"\"\\"));
    FastAccept { first: accept.first.intersection(raw), all: accept.all.intersection(raw), ..accept }
}

/// A number of less than a chunk has few enough digits for every rule.
const _: () = {
    let mut rules: &[NumberRule] = rule::PARAMETER_2;
    while let Some((rule, rest)) = rules.split_first() {
        assert!(rule.max_fast_digits >= LANES, "the fast path accepts numbers that a rule may reject");
        rules = rest;
    }
};
