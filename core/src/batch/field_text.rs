//! The text of a field's value.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::amount::{Amount, is_canonical_fast};
use crate::json::unescape;
use crate::span::Span;

/// The rules have accepted a number that is not an amount: core contradicts itself.
#[derive(Debug)]
pub(super) struct InvalidAmount;

/// A string that every rule has accepted, in the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldText {
    /// The string without its quotes.
    pub(super) span: Span,
    /// Whether the text is not the bytes of the request as they are.
    pub(super) has_escapes: bool,
}

impl FieldText {
    #[inline]
    pub(super) fn text(self, request: &[u8]) -> Cow<'_, str> {
        let raw = self.span.text(request);
        if self.has_escapes { decode(raw).into() } else { raw.into() }
    }
}

/// The text of a string with escapes, which the rules have accepted.
#[inline(never)]
fn decode(content: &str) -> String {
    let text = unescape(content);
    debug_assert!(text.is_some(), "the rules accept a string that cannot be decoded: {content}");
    text.unwrap_or_default()
}

/// The canonical text of the amount in a span, or `None` if the bytes of the request are that text.
///
/// # Errors
/// When the rules should not have accepted the number.
#[inline]
pub(super) fn rewritten_amount(span: Span, request: &[u8]) -> Result<Option<String>, InvalidAmount> {
    if is_canonical_fast(span.slice(request)) { Ok(None) } else { rewrite_amount(span, request).map(Some) }
}

#[inline(never)]
fn rewrite_amount(span: Span, request: &[u8]) -> Result<String, InvalidAmount> {
    let amount = Amount::parse(span.text(request)).map_err(|_| InvalidAmount)?;
    Ok(amount.text())
}
