//! The text of a field's value.

use alloc::borrow::Cow;

use crate::amount::{Amount, is_canonical_fast};
use crate::span::Span;

/// The rules have accepted a number that is not an amount: core contradicts itself.
#[derive(Debug)]
pub(super) struct InvalidAmount;

/// The text of a value.
#[derive(Clone, Debug)]
pub(super) enum FieldText<'a> {
    /// The bytes of the request as they are.
    Raw(Span),
    /// A string that was decoded, or a number that was rewritten.
    Decoded(Cow<'a, str>),
}

impl<'a> FieldText<'a> {
    /// The canonical text of the amount that was validated in this span.
    ///
    /// # Errors
    /// When it was not validated.
    #[inline]
    pub(super) fn canonical_amount(span: Span, request: &[u8]) -> Result<Self, InvalidAmount> {
        if is_canonical_fast(span.slice(request)) { Ok(Self::Raw(span)) } else { Self::rewritten_amount(span, request) }
    }

    #[cold]
    fn rewritten_amount(span: Span, request: &[u8]) -> Result<Self, InvalidAmount> {
        let amount = Amount::parse(span.text(request)).map_err(|_| InvalidAmount)?;
        Ok(Self::Decoded(amount.text().into()))
    }

    pub(super) fn into_text(self, request: &'a [u8]) -> Cow<'a, str> {
        match self {
            Self::Raw(span) => span.text(request).into(),
            Self::Decoded(text) => text,
        }
    }
}
