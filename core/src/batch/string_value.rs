//! The strings of an order: found, checked and counted in one pass over the request, without decoding them.
//!
//! Each rule describes texts that certainly obey it ([`FastAccept`]). A string is matched if every rule describes its text:
//! raw bytes are classified sixteen at a time, and an escape as the UTF-8 that it stands for. All other strings, those with a
//! violation among them, are left to the rules' own checks.

use super::field_text::FieldText;
use crate::json::decode_escape;
use crate::rule::{self, ByteSet, FastAccept, TextRule};
use crate::simd::{count_ranges, ranges, run_end};
use crate::span::Span;
use crate::text::count_chars;

/// A string field.
pub(super) trait StringField {
    /// The texts that obey every rule of the field.
    const ACCEPT: FastAccept;
    /// The bytes that such a text may contain without an escape, as ranges; without the first byte of the excluded pair.
    const RAW: &'static [(u8, u8)];
    /// Those of them that are ASCII, as ranges.
    const RAW_ASCII: &'static [(u8, u8)];
}

pub(super) struct RecordId;

impl StringField for RecordId {
    const ACCEPT: FastAccept = FastAccept::by_all(rule::RECORD_ID);
    const RAW: &'static [(u8, u8)] = &ranges::<{ count_ranges(raw(rule::RECORD_ID)) }>(raw(rule::RECORD_ID));
    const RAW_ASCII: &'static [(u8, u8)] = &ranges::<{ count_ranges(ascii(rule::RECORD_ID)) }>(ascii(rule::RECORD_ID));
}

pub(super) struct Parameter1;

impl StringField for Parameter1 {
    const ACCEPT: FastAccept = FastAccept::by_all(rule::PARAMETER_1);
    const RAW: &'static [(u8, u8)] = &ranges::<{ count_ranges(raw(rule::PARAMETER_1)) }>(raw(rule::PARAMETER_1));
    const RAW_ASCII: &'static [(u8, u8)] =
        &ranges::<{ count_ranges(ascii(rule::PARAMETER_1)) }>(ascii(rule::PARAMETER_1));
}

/// The bytes that every rule accepts fast and that JSON strings contain without an escape: no quote, backslash or control
/// character. The first byte of the excluded pair is not among them.
const fn raw(rules: &[TextRule]) -> ByteSet {
    let raw = ByteSet::range(b' ', b'~').union(ByteSet::BEYOND_ASCII).difference(ByteSet::of(b"\"\\"));
    let accept = FastAccept::by_all(rules);
    match accept.excluded_pair {
        Some(pair) => accept.all.intersection(raw).difference(ByteSet::of(&[pair.lead])),
        None => accept.all.intersection(raw),
    }
}

const fn ascii(rules: &[TextRule]) -> ByteSet {
    raw(rules).difference(ByteSet::BEYOND_ASCII)
}

/// Matches a string's content, from `start` to the closing quote, if every rule of the field accepts it fast.
#[inline(always)]
pub(super) fn match_string<F: StringField>(bytes: &[u8], start: usize) -> Option<FieldText> {
    let end = raw_end::<F>(bytes, start)?;
    if !matches!(bytes.get(end), Some(b'"')) {
        return match_escaped::<F>(bytes, start, end);
    }
    let span = Span::between(start, end);
    let starts = const { F::ACCEPT.all.is_subset(F::ACCEPT.first) } || F::ACCEPT.first.contains(*bytes.get(start)?);
    let is_accepted = starts && contains_required::<F>(span.slice(bytes)) && is_short::<F>(bytes, span, 0);
    is_accepted.then_some(FieldText { span, has_escapes: false })
}

/// The end of the run of bytes that the string at `start` contains without an escape. `None` if they are not UTF-8, or contain
/// a character that is not accepted.
#[inline(always)]
fn raw_end<F: StringField>(bytes: &[u8], start: usize) -> Option<usize> {
    let end = run_end(bytes, start, F::RAW_ASCII);
    if const { F::RAW_ASCII.len() < F::RAW.len() } && matches!(bytes.get(end), Some(0x80..)) {
        return utf8_end::<F>(bytes, end);
    }
    Some(end)
}

#[inline(never)]
fn utf8_end<F: StringField>(bytes: &[u8], start: usize) -> Option<usize> {
    let mut end = run_end(bytes, start, F::RAW);
    // Most texts have no byte that may be the first of the excluded pair.
    while let Some(pair) = F::ACCEPT.excluded_pair
        && bytes.get(end) == Some(&pair.lead)
        && bytes.get(end + 1).is_some_and(|next| *next > pair.max_next)
    {
        end = run_end(bytes, end + 2, F::RAW);
    }
    core::str::from_utf8(bytes.get(start..end)?).is_ok().then_some(end)
}

#[inline(always)]
fn contains_required<F: StringField>(text: &[u8]) -> bool {
    if const { F::ACCEPT.all.is_subset(F::ACCEPT.requires_any_of) } {
        !text.is_empty()
    } else {
        text.iter().any(|byte| F::ACCEPT.requires_any_of.contains(*byte))
    }
}

/// Whether a string is not too long. Its escapes have `excess` bytes more than characters.
#[inline(always)]
fn is_short<F: StringField>(bytes: &[u8], span: Span, excess: usize) -> bool {
    span.len <= F::ACCEPT.max_chars || count_chars(span.slice(bytes)) - excess <= F::ACCEPT.max_chars
}

/// [`match_string`] for a string with escapes, the first of which is at `run_end`.
#[inline(never)]
fn match_escaped<F: StringField>(bytes: &[u8], start: usize, run_end: usize) -> Option<FieldText> {
    let (mut run_start, mut run_end, mut excess) = (start, run_end, 0);
    let mut has_required = false;
    if run_end > start && !F::ACCEPT.first.contains(*bytes.get(start)?) {
        return None;
    }
    loop {
        has_required = has_required || contains_required::<F>(bytes.get(run_start..run_end)?);
        match bytes.get(run_end)? {
            b'"' => break,
            b'\\' => {
                let (character, end) = decode_escape(bytes, run_end)?;
                let mut buffer = [0; 4];
                let text = character.encode_utf8(&mut buffer).as_bytes();
                if !F::ACCEPT.accepts_character(text, run_end == start) {
                    return None;
                }
                has_required = has_required || contains_required::<F>(text);
                excess += end - run_end - 1;
                run_start = end;
                // Some serializers escape every character beyond ASCII.
                let is_escape_next = matches!(bytes.get(end), Some(b'\\'));
                run_end = if is_escape_next { end } else { raw_end::<F>(bytes, end)? };
            }
            _ => return None,
        }
    }
    let span = Span::between(start, run_end);
    (has_required && is_short::<F>(bytes, span, excess)).then_some(FieldText { span, has_escapes: true })
}
