//! Receives the valid orders of a request.

use super::field_text::FieldText;
use crate::amount::AmountError;
use crate::span::Span;

/// The values of an order.
pub(super) struct OrderFields<'a> {
    pub(super) record_id: FieldText<'a>,
    pub(super) parameter_1: FieldText<'a>,
    /// A number that the rules have accepted.
    pub(super) parameter_2: Span,
}

/// Receives each order without a violation, in input order. An order that only repeats a `record_id` is received too.
pub(super) trait OrderSink<'a> {
    /// Takes a valid order.
    ///
    /// # Errors
    /// When the number is not an amount, although the rules have accepted it: the parser reports it as a violation.
    fn push(&mut self, order: OrderFields<'a>) -> Result<(), AmountError>;
}

/// Drops every order, for validation alone.
impl<'a> OrderSink<'a> for () {
    #[inline]
    fn push(&mut self, _: OrderFields<'a>) -> Result<(), AmountError> {
        Ok(())
    }
}
