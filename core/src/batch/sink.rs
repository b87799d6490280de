//! Receives the valid orders of a request.

use super::field_text::FieldText;
use crate::amount::AmountError;
use crate::span::Span;

/// Receives each order without a violation, in input order. An order that only repeats a `record_id` is received too.
pub(super) trait OrderSink<'a> {
    /// Takes the fields of an order; `parameter_2` is the span of a number that the rules have accepted.
    ///
    /// # Errors
    /// When the number is not an amount, although the rules have accepted it: the parser reports it as a violation.
    fn push(
        &mut self,
        record_id: FieldText<'a>,
        parameter_1: FieldText<'a>,
        parameter_2: Span,
    ) -> Result<(), AmountError>;
}

/// Drops every order, for validation alone.
impl<'a> OrderSink<'a> for () {
    #[inline]
    fn push(&mut self, _: FieldText<'a>, _: FieldText<'a>, _: Span) -> Result<(), AmountError> {
        Ok(())
    }
}
