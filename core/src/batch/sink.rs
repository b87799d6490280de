//! Receives the valid orders of a request.

use super::field_text::{FieldText, InvalidAmount};
use crate::span::Span;

/// Receives each order without a violation, in input order. An order that only repeats a `record_id` is received too.
pub(super) trait OrderSink<'a> {
    // With one operand, the WASM signature would be that of `Display::fmt`: wasm-opt then keeps the formatting code that panics
    // refer to, which adds 1.5 KB.
    /// Takes the values of an order; the rules have accepted the number in the span.
    ///
    /// # Errors
    /// When the number is not an amount: the parser reports it as a violation.
    fn push(
        &mut self,
        record_id: FieldText<'a>,
        parameter_1: FieldText<'a>,
        parameter_2: Span,
    ) -> Result<(), InvalidAmount>;
}

/// Drops every order, for validation alone.
impl<'a> OrderSink<'a> for () {
    #[inline]
    fn push(&mut self, _: FieldText<'a>, _: FieldText<'a>, _: Span) -> Result<(), InvalidAmount> {
        Ok(())
    }
}
