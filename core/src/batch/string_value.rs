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
    /// The bytes that such a text may contain without an escape, as ranges.
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
/// character.
const fn raw(rules: &[TextRule]) -> ByteSet {
    let raw = ByteSet::range(b' ', b'~').union(ByteSet::BEYOND_ASCII).difference(ByteSet::of(b"\"\\"));
    FastAccept::by_all(rules).all.intersection(raw)
}

const fn ascii(rules: &[TextRule]) -> ByteSet {
    raw(rules).difference(ByteSet::BEYOND_ASCII)
}

/// Matches a string's content, from `start` to the closing quote, if every rule of the field accepts it fast.
#[inline(always)]
pub(super) fn match_string<F: StringField>(bytes: &[u8], start: usize) -> Option<FieldText> {
    let end = run_end(bytes, start, F::RAW_ASCII);
    if !matches!(bytes.get(end), Some(b'"')) {
        return match_beyond_ascii::<F>(bytes, start, end);
    }
    let span = Span::between(start, end);
    let starts = const { F::ACCEPT.all.is_subset(F::ACCEPT.first) } || F::ACCEPT.first.contains(*bytes.get(start)?);
    let is_accepted = starts && contains_required::<F>(span.slice(bytes)) && span.len <= F::ACCEPT.max_chars;
    is_accepted.then_some(FieldText { span, has_escapes: false })
}

#[inline(always)]
fn contains_required<F: StringField>(text: &[u8]) -> bool {
    if const { F::ACCEPT.all.is_subset(F::ACCEPT.requires_any_of) } {
        !text.is_empty()
    } else {
        text.iter().any(|byte| F::ACCEPT.requires_any_of.contains(*byte))
    }
}

/// [`match_string`] for a string with escapes or characters beyond ASCII, the first of which is at `ascii_end`.
#[inline(never)]
fn match_beyond_ascii<F: StringField>(bytes: &[u8], start: usize, ascii_end: usize) -> Option<FieldText> {
    let (mut run_start, mut run_stop) = (start, ascii_end);
    let (mut has_escapes, mut has_required) = (false, false);
    // Number of bytes in escapes, but for one per character.
    let mut excess = 0;
    let end = loop {
        if const { F::RAW_ASCII.len() < F::RAW.len() } && matches!(bytes.get(run_stop), Some(0x80..)) {
            run_stop = run_end(bytes, run_stop, F::RAW);
            let run = bytes.get(run_start..run_stop)?;
            if core::str::from_utf8(run).is_err() || F::ACCEPT.has_excluded_pair(run) {
                return None;
            }
        }
        has_required = has_required || contains_required::<F>(bytes.get(run_start..run_stop)?);
        if run_start == start && start < run_stop && !F::ACCEPT.first.contains(*bytes.get(start)?) {
            return None;
        }
        match bytes.get(run_stop)? {
            b'"' => break run_stop,
            b'\\' => {
                let (character, next) = decode_escape(bytes, run_stop)?;
                let mut buffer = [0; 4];
                let text = character.encode_utf8(&mut buffer).as_bytes();
                let is_first = run_stop == start;
                if !F::ACCEPT.accepts_character(text, is_first) {
                    return None;
                }
                has_required = has_required || contains_required::<F>(text);
                has_escapes = true;
                excess += next - run_stop - 1;
                run_start = next;
                // Some serializers escape every character beyond ASCII.
                let is_escape_next = matches!(bytes.get(next), Some(b'\\'));
                run_stop = if is_escape_next { next } else { run_end(bytes, next, F::RAW_ASCII) };
            }
            _ => return None,
        }
    };
    let span = Span::between(start, end);
    let is_short = span.len <= F::ACCEPT.max_chars || count_chars(span.slice(bytes)) - excess <= F::ACCEPT.max_chars;
    (has_required && is_short).then_some(FieldText { span, has_escapes })
}
