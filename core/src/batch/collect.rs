//! Collects the orders of a request.

use alloc::vec::Vec;

use super::field_text::{FieldText, InvalidAmount};
use super::limits::Limits;
use super::parser;
use super::sink::OrderSink;
use super::verdict::Verdict;
use crate::amount::Amount;
use crate::order::{Order, RecordId, Text};
use crate::span::Span;
use crate::violation::Report;

/// At least one order. Every order is valid and no two have the same `record_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch<'a> {
    orders: Vec<Order<'a>>,
}

impl<'a> Batch<'a> {
    /// The orders in input order.
    #[must_use]
    pub fn orders(&self) -> &[Order<'a>] {
        &self.orders
    }

    /// The batch of a request without violations.
    pub(super) fn from_verdict(orders: Vec<Order<'a>>, verdict: &Verdict, request: &[u8]) -> Result<Self, Report> {
        if verdict.total == 0 { Ok(Self { orders }) } else { Err(verdict.report(request)) }
    }
}

/// Parses a request body into a validated batch.
///
/// # Errors
/// A report that counts the violations of all orders, at least one, and lists the first `limits.listed`.
pub fn parse<'a>(request: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Report> {
    let mut sink = CollectOrders { request, orders: Vec::new() };
    let verdict = parser::parse(request, limits, &mut sink);
    Batch::from_verdict(sink.orders, &verdict, request)
}

struct CollectOrders<'a> {
    request: &'a [u8],
    orders: Vec<Order<'a>>,
}

impl<'a> OrderSink<'a> for CollectOrders<'a> {
    fn push(&mut self, record_id: FieldText, parameter_1: FieldText, parameter_2: Span) -> Result<(), InvalidAmount> {
        self.orders.push(Order {
            record_id: RecordId::from_validated(record_id.text(self.request)),
            parameter_1: Text::from_validated(parameter_1.text(self.request)),
            parameter_2: Amount::parse(parameter_2.text(self.request)).map_err(|_| InvalidAmount)?,
        });
        Ok(())
    }
}
