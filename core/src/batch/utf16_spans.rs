//! Parses a request into spans of UTF-16 code units, from which JavaScript slices the values out of the request string.
//!
//! A value whose text differs from the request's (a string with an escape, an amount in another notation than the canonical
//! one) is a span of a separate side text.

use alloc::string::String;
use alloc::vec::Vec;

use super::field_text::{FieldText, InvalidAmount, rewritten_amount};
use super::findings::Findings;
use super::limits::Limits;
use super::parser;
use super::sink::OrderSink;
use super::verdict::Verdict;
use crate::simd;
use crate::span::Span;
use crate::violation::ViolationKind;

/// One order: start and length of `record_id`, of `parameter_1` and of the canonical `parameter_2`, then one bit for each (1,
/// 2, 4) that is set when the span is one of [`Utf16Spans::side_text`].
pub type Row = [u32; 7];

/// The orders of a request as spans of its text, in UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utf16Spans {
    /// The result of validation; the rows are meaningful only without violations.
    pub verdict: Verdict,
    /// One row per order, in input order.
    pub rows: Vec<Row>,
    /// The values whose text differs from the request's.
    pub side_text: String,
}

/// Parses a request body into spans.
#[must_use]
#[inline]
pub fn parse_utf16_spans(request: &[u8], limits: &Limits) -> Utf16Spans {
    let mut sink = LocateFields {
        request,
        is_ascii: simd::is_ascii(request),
        known: Position { bytes: 0, units: 0 },
        rows: Vec::new(),
        side_text: String::new(),
        side_units: 0,
    };
    let mut verdict = parser::parse(request, limits, &mut sink);
    // Spans of the request fit into words, as its length does; the side text can be longer.
    if sink.side_units > u32::MAX as usize {
        let kind = ViolationKind::BodyTooLarge { actual: request.len(), max: limits.bytes };
        verdict = Findings::new(limits).replace_with(kind);
    }
    Utf16Spans { verdict, rows: sink.rows, side_text: sink.side_text }
}

struct LocateFields<'a> {
    request: &'a [u8],
    is_ascii: bool,
    /// The start of the last span.
    known: Position,
    rows: Vec<Row>,
    side_text: String,
    side_units: usize,
}

/// A position in the request, in bytes and in UTF-16 code units.
struct Position {
    bytes: usize,
    units: usize,
}

impl<'a> OrderSink<'a> for LocateFields<'a> {
    #[inline]
    fn push(&mut self, record_id: FieldText, parameter_1: FieldText, parameter_2: Span) -> Result<(), InvalidAmount> {
        let (id, id_bit) = self.locate_text(record_id, 1);
        let (text, text_bit) = self.locate_text(parameter_1, 2);
        let (amount, amount_bit) = match rewritten_amount(parameter_2, self.request)? {
            None => (self.in_units(parameter_2), 0),
            Some(amount) => (self.push_side_text(&amount), 4),
        };
        let [id, text, amount] = [id, text, amount].map(|span| (span.start as u32, span.len as u32));
        self.rows.push([id.0, id.1, text.0, text.1, amount.0, amount.1, id_bit | text_bit | amount_bit]);
        Ok(())
    }
}

impl LocateFields<'_> {
    /// The span of a value in code units, and `bit` if it is one of the side text.
    #[inline]
    fn locate_text(&mut self, text: FieldText, bit: u32) -> (Span, u32) {
        if text.has_escapes {
            (self.push_side_text(&text.text(self.request)), bit)
        } else {
            (self.in_units(text.span), 0)
        }
    }

    /// Converts a span from bytes to code units, counting from the last span: spans follow one another closely.
    #[inline]
    fn in_units(&mut self, span: Span) -> Span {
        if self.is_ascii { span } else { self.count_in_units(span) }
    }

    fn count_in_units(&mut self, span: Span) -> Span {
        let Position { bytes, units } = self.known;
        let start = if span.start >= bytes {
            units + count_units(Span::between(bytes, span.start).slice(self.request))
        } else {
            units - count_units(Span::between(span.start, bytes).slice(self.request))
        };
        self.known = Position { bytes: span.start, units: start };
        Span { start, len: count_units(span.slice(self.request)) }
    }

    #[cold]
    fn push_side_text(&mut self, text: &str) -> Span {
        let span = Span { start: self.side_units, len: count_units(text.as_bytes()) };
        self.side_text.push_str(text);
        self.side_units += span.len;
        span
    }
}

/// Counts the UTF-16 code units of a UTF-8 text, eight bytes at a time (SWAR).
fn count_units(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let excess = words.iter().map(|word| excess_units(u64::from_le_bytes(*word))).sum::<isize>();
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    text.len().wrapping_add_signed(excess + excess_units(last))
}

/// How many more UTF-16 code units than bytes eight bytes of UTF-8 have: a continuation byte (`10xxxxxx`) has none, the first
/// byte of a four-byte sequence (`1111xxxx`) has two.
#[inline]
fn excess_units(word: u64) -> isize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let continuation = word >> 7 & !(word >> 6) & ONES;
    let four_bytes = word >> 7 & word >> 6 & word >> 5 & word >> 4 & ONES;
    four_bytes.count_ones() as isize - continuation.count_ones() as isize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::collect::parse;

    /// The values of every order, cut out as a host does.
    fn cut_out(request: &str) -> Vec<[String; 3]> {
        let spans = parse_utf16_spans(request.as_bytes(), &Limits::default());
        assert_eq!(spans.verdict.total, 0);
        let [source, side] = [request, &spans.side_text].map(|text| text.encode_utf16().collect::<Vec<_>>());
        let value = |row: &Row, bit, at: usize| {
            let (start, len) = (row[at] as usize, row[at + 1] as usize);
            let text = if row[6] & bit == 0 { &source } else { &side };
            String::from_utf16(&text[start..start + len]).unwrap()
        };
        spans.rows.iter().map(|row| [(1, 0), (2, 2), (4, 4)].map(|(bit, at)| value(row, bit, at))).collect()
    }

    #[test]
    fn values_are_spans_of_the_request_or_of_the_side_text() {
        let request = r#"[{"record_id":"a","parameter_1":"данные 😀","parameter_2":2.10},{"parameter_2":4,"parameter_1":"\u00e9😀\n x","record_id":"\u0062"}]"#;
        let request = request.replace("\\n", "");
        let expected = [["a", "данные 😀", "2.1"], ["b", "é😀 x", "4"]];
        assert_eq!(cut_out(&request), expected.map(|order| order.map(String::from)));
        let request = request.replace("данные 😀", "plain");
        assert_eq!(cut_out(&request)[0], ["a", "plain", "2.1"]);
    }

    #[test]
    fn spans_hold_the_parsed_orders() {
        let orders: Vec<_> = (0..50)
            .map(|number| {
                format!(r#"{{"record_id":"id-{number}","parameter_1":"é{number}😀","parameter_2":{number}.50}}"#)
            })
            .collect();
        let request = format!("[{}]", orders.join(","));
        let batch = parse(request.as_bytes(), &Limits::default()).unwrap();
        let orders: Vec<_> = batch
            .orders()
            .iter()
            .map(|order| {
                [order.record_id.as_str().into(), order.parameter_1.as_str().into(), order.parameter_2.to_string()]
            })
            .collect();
        assert_eq!(cut_out(&request), orders);
    }
}
