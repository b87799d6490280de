//! The parser of requests: one pass over the bytes, borrowing, without recursion, and without an allocation for an order that
//! the fast path matches.
//!
//! Orders that match the current [`OrderTemplate`] are accepted by it; all others are tokenized and checked by the rules.
//! `oracle` finds the same violations in the simplest way, and tests compare the two.

use super::field_text::FieldText;
use super::findings::Findings;
use super::id_index::IdIndex;
use super::limits::Limits;
use super::sink::OrderSink;
use super::template::{LastValue, OrderSpans, OrderStart, OrderTemplate};
use super::verdict::Verdict;
use crate::amount::Number;
use crate::field::Field;
use crate::json::{Expected, JsonError, JsonType, Reader};
use crate::rule::{self, TextRule};
use crate::span::Span;
use crate::violation::{Finding, ViolationKind};

/// Validates a request and passes its orders to `sink`.
#[inline]
pub(super) fn parse<'a>(bytes: &'a [u8], limits: &Limits, sink: &mut dyn OrderSink<'a>) -> Verdict {
    let findings = Findings::new(limits);
    if bytes.len() > limits.bytes as usize {
        return findings.replace_with(ViolationKind::BodyTooLarge { actual: bytes.len(), max: limits.bytes });
    }
    let reader = Reader::new(bytes, limits.depth);
    let mut parser = Parser { reader, findings, ids: IdIndex::new(bytes), last: None };
    match parser.body(sink) {
        Ok(orders) => {
            if orders > limits.orders {
                parser.findings.push_front(ViolationKind::TooManyOrders { actual: orders, max: limits.orders });
            }
            parser.findings.into_verdict(orders)
        }
        Err(kind) => {
            let kind = parser.reader.encoding_error().map_or(kind, ViolationKind::from);
            parser.findings.replace_with(kind)
        }
    }
}

struct Parser<'a> {
    reader: Reader<'a>,
    findings: Findings,
    ids: IdIndex<'a>,
    /// The last value of the element before, if that is an order without a violation. After a run of matching orders it may be
    /// one further back: too far away for a delimiter.
    last: Option<LastValue>,
}

/// A member's key.
enum Key {
    Field(Field),
    Unknown(Span),
}

impl<'a> Parser<'a> {
    /// Parses the whole request and returns the number of elements, or what makes it unreadable as a whole.
    #[inline]
    fn body(&mut self, sink: &mut dyn OrderSink<'a>) -> Result<u32, ViolationKind> {
        self.reader.skip_whitespace();
        if self.reader.peek() != Some(b'[') {
            let actual = self.reader.skip()?;
            self.reader.end()?;
            return Err(ViolationKind::NotAnArray { actual });
        }
        self.reader.enter()?;
        if self.reader.take(b']') {
            self.reader.end()?;
            return Err(ViolationKind::EmptyBatch);
        }
        let common = [&OrderTemplate::COMPACT, &OrderTemplate::SPACED];
        let common = common.into_iter().find(|template| self.match_first(template).is_some());
        let (common, mut learned) = (common.unwrap_or(&OrderTemplate::COMPACT), None);
        let mut count = 0;
        loop {
            let is_ended = self.matching_orders(learned.as_ref().unwrap_or(common), &mut count, sink);
            if !is_ended {
                learned = self.element(count, sink)?.or(learned);
                count += 1;
            }
            if self.reader.ends(b']')? {
                break;
            }
        }
        self.reader.end()?;
        Ok(count)
    }

    /// Parses the next orders that match the template, counting them. `true` if the last of them has ended and a comma or
    /// bracket should follow; `false` if an element follows.
    #[inline]
    fn matching_orders(&mut self, template: &OrderTemplate<'a>, count: &mut u32, sink: &mut dyn OrderSink<'a>) -> bool {
        self.reader.skip_whitespace();
        let bytes = self.reader.bytes;
        let mut next = self.match_first(template);
        while let Some(OrderStart { start, first_value }) = next {
            self.reader.at = start;
            let Some((order, last_end)) = template.match_values(bytes, first_value) else { break };
            next = template.match_next(bytes, last_end);
            if next.is_none() {
                let Some(end) = template.match_closing(bytes, last_end) else { break };
                self.reader.at = end;
                self.last = Some(LastValue { field: template.last_field(), end: last_end });
            }
            self.push_matched(order, *count, sink);
            *count += 1;
            if next.is_none() {
                return true;
            }
        }
        false
    }

    /// Matches the start of an order, if one level more may be entered.
    fn match_first(&self, template: &OrderTemplate<'_>) -> Option<OrderStart> {
        template.match_first(self.reader.bytes, self.reader.at).filter(|_| self.reader.may_enter())
    }

    /// Parses an element that does not match the template. Returns the template of this element, if it and the one before are
    /// orders without a violation.
    #[cold]
    #[inline(never)]
    fn element(&mut self, index: u32, sink: &mut dyn OrderSink<'a>) -> Result<Option<OrderTemplate<'a>>, JsonError> {
        let (start, total, last) = (self.reader.at, self.findings.total(), self.last.take());
        if self.reader.peek() != Some(b'{') {
            let actual = self.reader.skip()?;
            self.report(index, None, ViolationKind::NotAnObject { actual });
            return Ok(None);
        }
        let order = self.order(index, sink)?;
        let Some(order) = order.filter(|_| self.findings.total() == total) else { return Ok(None) };
        self.last = Some(order.last_value());
        Ok(last.and_then(|last| OrderTemplate::from_order(self.reader.bytes, last, start, &order)))
    }

    /// Passes on an order that the template has matched.
    #[inline(always)]
    fn push_matched(&mut self, order: OrderSpans, index: u32, sink: &mut dyn OrderSink<'a>) {
        let first_index = self.ids.insert_or_first_index(order.record_id, index);
        self.report_duplicate(first_index, index);
        let OrderSpans { record_id, parameter_1, parameter_2 } = order;
        let (record_id, parameter_1) = (FieldText::Raw(record_id), FieldText::Raw(parameter_1));
        if sink.push(record_id, parameter_1, parameter_2).is_err() {
            self.report_amount(index);
        }
    }

    /// Reports an amount that the rules should have rejected.
    #[cold]
    #[inline(never)]
    fn report_amount(&mut self, index: u32) {
        debug_assert!(false, "the rules accept a number that is not an amount");
        self.report(index, Some(Field::Parameter2), ViolationKind::OutOfRange);
    }

    #[cold]
    fn report(&mut self, index: u32, field: Option<Field>, kind: ViolationKind) {
        self.findings.push(Finding { index: Some(index), field, kind });
    }

    /// Parses an object. Returns the spans of its values if it is an order with all fields valid.
    fn order(&mut self, index: u32, sink: &mut dyn OrderSink<'a>) -> Result<Option<OrderSpans>, JsonError> {
        let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
        let mut spans = [None; Field::ALL.len()];
        self.reader.enter()?;
        let mut ended = self.reader.take(b'}');
        while !ended {
            let key = self.key()?;
            self.reader.skip_whitespace();
            let start = self.reader.at;
            match key {
                Key::Unknown(key) => {
                    self.report(index, None, ViolationKind::UnknownField { key });
                    self.reader.skip()?;
                }
                Key::Field(field) => {
                    let [id_span, text_span, amount_span] = &mut spans;
                    let span = match field {
                        Field::RecordId => id_span,
                        Field::Parameter1 => text_span,
                        Field::Parameter2 => amount_span,
                    };
                    if span.is_some() {
                        self.report(index, Some(field), ViolationKind::DuplicateField);
                        self.reader.skip()?;
                    } else {
                        match field {
                            Field::RecordId => record_id = self.record_id(index)?,
                            Field::Parameter1 => parameter_1 = self.string(index, field, rule::PARAMETER_1)?,
                            Field::Parameter2 => parameter_2 = self.number(index)?,
                        }
                        *span = Some(Span::between(start, self.reader.at));
                    }
                }
            }
            ended = self.reader.ends(b'}')?;
        }
        self.reader.leave();
        for (field, span) in Field::ALL.iter().zip(&spans) {
            if span.is_none() {
                self.report(index, Some(*field), ViolationKind::MissingField);
            }
        }
        let (Some(record_id), Some(parameter_1), Some(parameter_2)) = (record_id, parameter_1, parameter_2) else {
            return Ok(None);
        };
        if sink.push(record_id, parameter_1, parameter_2).is_err() {
            self.report_amount(index);
        }
        let [Some(record_id), Some(parameter_1), _] = spans else { return Ok(None) };
        let (record_id, parameter_1) = (record_id.without_quotes(), parameter_1.without_quotes());
        Ok(Some(OrderSpans { record_id, parameter_1, parameter_2 }))
    }

    fn key(&mut self) -> Result<Key, JsonError> {
        let (key, span) = self.reader.key()?;
        Ok(Field::from_key(&key.text).map_or(Key::Unknown(span), Key::Field))
    }

    /// Parses a `record_id`; `None` if it has a violation other than being a duplicate.
    fn record_id(&mut self, index: u32) -> Result<Option<FieldText<'a>>, JsonError> {
        let id = self.string(index, Field::RecordId, rule::RECORD_ID)?;
        if let Some(FieldText::Decoded(text)) = &id {
            let first_index = self.ids.insert_decoded_or_first_index(text, index);
            self.report_duplicate(first_index, index);
        }
        Ok(id)
    }

    #[inline]
    fn report_duplicate(&mut self, first_index: u32, index: u32) {
        if first_index != index {
            self.report(index, Some(Field::RecordId), ViolationKind::DuplicateRecordId { first_index });
        }
    }

    /// Parses a string; `None` if it has a violation.
    fn string(&mut self, index: u32, field: Field, rules: &[TextRule]) -> Result<Option<FieldText<'a>>, JsonError> {
        if self.reader.peek() != Some(b'"') {
            return self.wrong_type(index, field, JsonType::String);
        }
        let string = self.reader.string()?;
        let total = self.findings.total();
        for kind in rules.iter().filter_map(|rule| (rule.check)(&string)) {
            self.report(index, Some(field), kind);
        }
        Ok((self.findings.total() == total).then_some(FieldText::Decoded(string.text)))
    }

    /// Parses `parameter_2`; `None` if it has a violation.
    fn number(&mut self, index: u32) -> Result<Option<Span>, JsonError> {
        let start = self.reader.at;
        if !matches!(self.reader.peek(), Some(b'-' | b'0'..=b'9')) {
            return self.wrong_type(index, Field::Parameter2, JsonType::Number);
        }
        let text = self.reader.number()?;
        // The reader and `Number` know the same grammar.
        let number = Number::parse(text).ok_or(JsonError::NotJson { offset: start, expected: Expected::Digit })?;
        let total = self.findings.total();
        for kind in rule::PARAMETER_2.iter().filter_map(|rule| (rule.check)(&number)) {
            self.report(index, Some(Field::Parameter2), kind);
        }
        Ok((self.findings.total() == total).then_some(Span { start, len: text.len() }))
    }

    fn wrong_type<T>(&mut self, index: u32, field: Field, expected: JsonType) -> Result<Option<T>, JsonError> {
        let actual = self.reader.skip()?;
        self.report(index, Some(field), ViolationKind::WrongType { actual, expected });
        Ok(None)
    }
}
