//! Where the parts of each order lie in the request's text, in code units of UTF-16: what JavaScript makes its own objects
//! from.
//!
//! A host that has the request as a text of its own cuts the parts out of that, and needs none of them copied to it. What
//! is written otherwise than it means (an escape in a string, an amount that is not in its canonical text) stands in a
//! text beside the rows.

use alloc::string::String;
use alloc::vec::Vec;

use super::chunk::are_ascii;
use super::scan::{self, Keep, Piece, Span};
use super::{Limits, Verdict};

/// One order: for `record_id`, `parameter_1` and the canonical text of `parameter_2` the place and the length, then a bit
/// for each (1, 2, 4) that is set when the place lies in [`Columns::beside`].
pub type Row = [u32; 7];

/// The orders of a request, in input order, as places in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// What the request is found to be; the rows are of use only when nothing was found.
    pub verdict: Verdict,
    /// A row for each valid order.
    pub rows: Vec<Row>,
    /// The text of parts that are written otherwise than they mean.
    pub beside: String,
}

/// Reads a request's body into places.
#[must_use]
#[inline]
pub fn columns(bytes: &[u8], limits: &Limits) -> Columns {
    let mut cutting = Cutting {
        bytes,
        is_ascii: are_ascii(bytes),
        known: (0, 0),
        rows: Vec::new(),
        beside: String::new(),
        beside_units: 0,
    };
    let verdict = scan::scan(bytes, limits, &mut cutting);
    Columns { verdict, rows: cutting.rows, beside: cutting.beside }
}

struct Cutting<'a> {
    bytes: &'a [u8],
    is_ascii: bool,
    /// A place in bytes, and the same in units.
    known: (usize, usize),
    rows: Vec<Row>,
    beside: String,
    beside_units: usize,
}

impl<'a> Keep<'a> for Cutting<'a> {
    #[inline]
    fn keep(&mut self, record_id: Piece<'a>, parameter_1: Piece<'a>, parameter_2: Span) {
        let (id, id_beside) = self.part(record_id);
        let (text, text_beside) = self.part(parameter_1);
        let (amount, amount_beside) = self.part(parameter_2.amount(self.bytes));
        let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let beside = u32::from(id_beside) | u32::from(text_beside) << 1 | u32::from(amount_beside) << 2;
        let [id, text, amount] = [id, text, amount].map(|span| (word(span.at), word(span.length)));
        self.rows.push([id.0, id.1, text.0, text.1, amount.0, amount.1, beside]);
    }
}

impl Cutting<'_> {
    /// Where a part lies, in units, and whether that is beside the rows.
    #[inline]
    fn part(&mut self, part: Piece<'_>) -> (Span, bool) {
        match part {
            Piece::Plain(span) if self.is_ascii => (span, false),
            Piece::Plain(span) => (self.in_units(span), false),
            Piece::Decoded(text) => (self.put_beside(&text), true),
        }
    }

    /// A place in units. Places that are asked for lie near one another.
    fn in_units(&mut self, Span { at, length }: Span) -> Span {
        let (known, units) = self.known;
        let between = units_of(self.bytes.get(known.min(at)..known.max(at)).unwrap_or(&[]));
        let place = if at >= known { units + between } else { units.saturating_sub(between) };
        self.known = (at, place);
        Span { at: place, length: units_of(self.bytes.get(at..at + length).unwrap_or(&[])) }
    }

    #[cold]
    fn put_beside(&mut self, text: &str) -> Span {
        let span = Span { at: self.beside_units, length: units_of(text.as_bytes()) };
        self.beside.push_str(text);
        self.beside_units += span.length;
        span
    }
}

/// How many units a text has.
fn units_of(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let units = words.iter().map(|word| beyond(u64::from_le_bytes(*word))).sum::<isize>();
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    text.len().saturating_add_signed(units + beyond(last))
}

/// How many more units of UTF-16 than bytes eight bytes of UTF-8 stand for: a byte that begins no character (10xxxxxx)
/// stands for none, the first of four (1111xxxx) for two.
#[inline]
fn beyond(word: u64) -> isize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let none = word >> 7 & !(word >> 6) & ONES;
    let two = word >> 7 & word >> 6 & word >> 5 & word >> 4 & ONES;
    two.count_ones() as isize - none.count_ones() as isize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The orders that the rows stand for, cut out as a host would.
    fn cut(body: &str) -> Vec<[String; 3]> {
        let columns = columns(body.as_bytes(), &Limits::default());
        assert_eq!(columns.verdict.total, 0);
        let [source, beside] = [body, &columns.beside].map(|text| text.encode_utf16().collect::<Vec<_>>());
        let part = |row: &Row, bit, at: usize| {
            let (from, length) = (row[at] as usize, row[at + 1] as usize);
            let text = if row[6] & bit == 0 { &source } else { &beside };
            String::from_utf16(&text[from..from + length]).unwrap()
        };
        columns.rows.iter().map(|row| [(1, 0), (2, 2), (4, 4)].map(|(bit, at)| part(row, bit, at))).collect()
    }

    #[test]
    fn parts_are_cut_out_of_the_text_or_stand_beside_it() {
        let body = r#"[{"record_id":"a","parameter_1":"данные 😀","parameter_2":2.10},{"parameter_2":4,"parameter_1":"\u00e9😀\n x","record_id":"\u0062"}]"#;
        let body = body.replace("\\n", "");
        assert_eq!(cut(&body), [["a", "данные 😀", "2.1"], ["b", "é😀 x", "4"]].map(|order| order.map(String::from)));
        let body = body.replace("данные 😀", "plain");
        assert_eq!(cut(&body)[0], ["a", "plain", "2.1"]);
    }

    #[test]
    fn what_is_read_and_what_is_cut_are_the_same_orders() {
        let body: Vec<_> = (0..50)
            .map(|number| {
                format!(r#"{{"record_id":"id-{number}","parameter_1":"é{number}😀","parameter_2":{number}.50}}"#)
            })
            .collect();
        let body = format!("[{}]", body.join(","));
        let batch = super::super::read(body.as_bytes(), &Limits::default()).unwrap();
        let orders: Vec<_> = batch
            .orders()
            .iter()
            .map(|order| {
                [order.record_id.as_str().into(), order.parameter_1.as_str().into(), order.parameter_2.to_string()]
            })
            .collect();
        assert_eq!(cut(&body), orders);
    }
}
