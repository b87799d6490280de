//! Template matching: the shortcut of the parser.
//!
//! Serializers repeat the same bytes between values. After an order has been parsed, the following ones are matched against
//! those delimiter bytes (an [`OrderTemplate`]) instead of being tokenized. A few templates are remembered, for requests that
//! mix sequences of keys.

use alloc::vec::Vec;

use super::field_text::FieldText;
use super::number_value::match_number;
use super::string_value::{Parameter1, RecordId, match_string};
use crate::field::Field;
use crate::simd::{self, Chunk, LANES};
use crate::span::Span;

/// The values of an order that the rules have accepted.
#[derive(Clone, Copy)]
pub(super) struct OrderValues {
    pub(super) record_id: FieldText,
    pub(super) parameter_1: FieldText,
    pub(super) parameter_2: Span,
}

impl OrderValues {
    /// The fields with the spans of their values, in the order in which they are written.
    fn in_written_order(&self) -> [(Field, Span); Field::ALL.len()] {
        let (mut first, mut second, mut third) = (
            (Field::RecordId, self.record_id.span),
            (Field::Parameter1, self.parameter_1.span),
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
    /// From an order's brace to its first value.
    opening: &'a [u8],
    /// The delimiters before the second and the third value.
    inner: [Delimiter<'a>; Field::ALL.len() - 1],
    /// From an order's last value to the next order's first, if two such orders have followed one another.
    between: Option<Delimiter<'a>>,
}

impl<'a> OrderTemplate<'a> {
    /// The format of most JSON serializers: no white space.
    pub(super) const COMPACT: Self = Self {
        fields: Field::ALL,
        opening: b"{\"record_id\":\"",
        inner: [Delimiter::constant(b"\",\"parameter_1\":\""), Delimiter::constant(b"\",\"parameter_2\":")],
        between: Some(Delimiter::constant(b"},{\"record_id\":\"")),
    };

    /// The default format of Python's `json.dumps`: a space after each comma and colon.
    pub(super) const SPACED: Self = Self {
        fields: Field::ALL,
        opening: b"{\"record_id\": \"",
        inner: [Delimiter::constant(b"\", \"parameter_1\": \""), Delimiter::constant(b"\", \"parameter_2\": ")],
        between: Some(Delimiter::constant(b"}, {\"record_id\": \"")),
    };

    /// The template of an order without a violation that starts at `start`.
    fn from_order(bytes: &'a [u8], start: usize, order: &OrderValues) -> Option<Self> {
        let delimiter = |start, end| Delimiter::between(bytes, start, end);
        let [first, second, third] = order.in_written_order();
        Some(Self {
            fields: [first.0, second.0, third.0],
            opening: bytes.get(start..first.1.start)?,
            inner: [delimiter(first.1.end(), second.1.start)?, delimiter(second.1.end(), third.1.start)?],
            between: None,
        })
    }

    /// Matches the start of the order at `start`, and returns the offset of its first value.
    #[inline]
    pub(super) fn match_opening(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let first_value = start + self.opening.len();
        simd::is_equal(bytes.get(start..first_value)?, self.opening).then_some(first_value)
    }

    /// Matches an order from its first value to the end of its last value, which is returned with the values.
    #[inline(always)]
    pub(super) fn match_values(&self, bytes: &[u8], first_value: usize) -> Option<(OrderValues, usize)> {
        let empty = FieldText { span: Span::default(), has_escapes: false };
        let mut order = OrderValues { record_id: empty, parameter_1: empty, parameter_2: empty.span };
        let mut delimiters = self.inner.iter();
        let mut at = first_value;
        for field in self.fields {
            at = match field {
                Field::RecordId => {
                    order.record_id = match_string::<RecordId>(bytes, at)?;
                    order.record_id.span.end()
                }
                Field::Parameter1 => {
                    order.parameter_1 = match_string::<Parameter1>(bytes, at)?;
                    order.parameter_1.span.end()
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

    /// Matches the end of an order, whose last value ends at `last_end`, and the start of the next.
    #[inline(always)]
    pub(super) fn match_between(&self, bytes: &[u8], last_end: usize) -> Option<OrderStart> {
        let first_value = self.between.as_ref()?.match_at(bytes, last_end)?;
        Some(OrderStart { start: first_value - self.opening.len(), first_value })
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

    fn has_fields_and_bytes_of(&self, other: &Self) -> bool {
        let is_same = |left: &Delimiter<'_>, right: &Delimiter<'_>| simd::is_equal(left.text, right.text);
        self.fields == other.fields
            && simd::is_equal(self.opening, other.opening)
            && self.inner.iter().zip(&other.inner).all(|(left, right)| is_same(left, right))
    }
}

/// Where an order and its first value start.
pub(super) struct OrderStart {
    pub(super) start: usize,
    pub(super) first_value: usize,
}

/// The templates of a request: the common ones, and those that its orders have shown.
pub(super) struct Templates<'a> {
    learned: Vec<OrderTemplate<'a>>,
    /// Number of templates that may still be learned. In a request without a pattern they would cost more than they save.
    lessons: usize,
}

impl<'a> Templates<'a> {
    /// Maximum number of templates that are remembered.
    const MAX_LEARNED: usize = 6;
    const COMMON: [OrderTemplate<'static>; 2] = [OrderTemplate::COMPACT, OrderTemplate::SPACED];

    pub(super) const fn new() -> Self {
        Self { learned: Vec::new(), lessons: 4 * Self::MAX_LEARNED }
    }

    /// The templates, the one that was learned last first.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = &OrderTemplate<'a>> {
        const { &Self::COMMON }.iter().chain(self.learned.iter().rev())
    }

    /// Learns what stands between two orders from the first two in a row with the same template. `last` is the last value of
    /// the element before `start`, if that is an order without a violation: only then are the bytes known to be valid JSON.
    #[inline]
    pub(super) fn learn_between(&mut self, bytes: &'a [u8], last: Option<LastValue>, start: usize) {
        let Some(last) = last.filter(|_| self.lessons > 0) else { return };
        for template in &mut self.learned {
            if template.between.is_none()
                && template.last_field() == last.field
                && let Some(first_value) = template.match_opening(bytes, start)
            {
                template.between = Delimiter::between(bytes, last.end, first_value);
                self.lessons -= 1;
                return;
            }
        }
    }

    /// Learns from an order: see [`OrderTemplate::from_order`].
    pub(super) fn learn(&mut self, bytes: &'a [u8], start: usize, order: &OrderValues) {
        if self.lessons == 0 {
            return;
        }
        self.lessons -= 1;
        let Some(template) = OrderTemplate::from_order(bytes, start, order) else { return };
        if self.learned.iter().any(|known| known.has_fields_and_bytes_of(&template)) {
            return;
        }
        if self.learned.len() == Self::MAX_LEARNED {
            self.learned.remove(0);
        }
        self.learned.push(template);
    }
}

/// The bytes between two values.
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
    /// The delimiter between two offsets; `None` at the end of the request.
    fn between(bytes: &'a [u8], start: usize, end: usize) -> Option<Self> {
        let text = bytes.get(start..end)?;
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
        let is_found = differences & !self.ignored == 0 && (self.last_offset <= LANES || self.is_middle_at(bytes, at));
        is_found.then_some(at + self.text.len())
    }

    /// Whether the bytes between the first and the last chunk are found, too.
    #[inline(never)]
    fn is_middle_at(&self, bytes: &[u8], at: usize) -> bool {
        let middle = self.text.get(LANES..self.last_offset).unwrap_or_default();
        bytes.get(at + LANES..at + self.last_offset).is_some_and(|bytes| simd::is_equal(bytes, middle))
    }
}
