//! The parser of requests: one pass over the bytes, borrowing, without recursion, and without an allocation for a valid order,
//! unless its `record_id` has an escape.
//!
//! Keys, strings and numbers are classified sixteen bytes at a time, and checked without being decoded. A value that is not
//! accepted this way, which is nearly always one with a violation, is read by the [`Reader`] and checked by each rule. Orders
//! that match one of the [`Templates`] skip the tokenizing of what stands between their values.
//! `oracle` finds the same violations in the simplest way, and tests compare the two.

use alloc::borrow::Cow;

use super::field_text::FieldText;
use super::findings::Findings;
use super::id_index::IdIndex;
use super::limits::Limits;
use super::number_value::match_number;
use super::sink::OrderSink;
use super::string_value::{Parameter1, RecordId, StringField, match_string};
use super::template::{LastValue, OrderStart, OrderTemplate, OrderValues, Templates};
use super::verdict::Verdict;
use crate::amount::Number;
use crate::field::Field;
use crate::json::{Expected, JsonError, JsonType, Reader};
use crate::rule::{self, TextRule};
use crate::simd;
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
    /// The last value of the element before, if that is an order without a violation.
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
        let mut templates = Templates::new();
        let mut count = 0;
        loop {
            let is_ended = self.matching_orders(&mut templates, &mut count, sink);
            if !is_ended {
                self.element(count, &mut templates, sink)?;
                count += 1;
            }
            if self.reader.ends(b']')? {
                break;
            }
        }
        self.reader.end()?;
        Ok(count)
    }

    /// Parses the next orders that match a template, counting them. `true` if the last of them has ended and a comma or
    /// bracket should follow; `false` if an element follows.
    #[inline]
    fn matching_orders(
        &mut self,
        templates: &mut Templates<'a>,
        count: &mut u32,
        sink: &mut dyn OrderSink<'a>,
    ) -> bool {
        self.reader.skip_whitespace();
        if !self.reader.may_enter() {
            return false;
        }
        templates.learn_between(self.reader.bytes, self.last, self.reader.at);
        loop {
            let before = *count;
            for template in templates.iter() {
                if self.orders_matching(template, count, sink) {
                    return true;
                }
            }
            if *count == before {
                return false;
            }
        }
    }

    /// [`matching_orders`](Self::matching_orders) with one template.
    #[inline]
    fn orders_matching(&mut self, template: &OrderTemplate<'a>, count: &mut u32, sink: &mut dyn OrderSink<'a>) -> bool {
        let (bytes, start) = (self.reader.bytes, self.reader.at);
        let mut next = template.match_opening(bytes, start).map(|first_value| OrderStart { start, first_value });
        while let Some(OrderStart { start, first_value }) = next {
            self.reader.at = start;
            let Some((order, last_end)) = template.match_values(bytes, first_value) else { break };
            next = template.match_between(bytes, last_end);
            if next.is_none() {
                let Some(end) = template.match_closing(bytes, last_end) else { break };
                self.reader.at = end;
            }
            self.last = Some(LastValue { field: template.last_field(), end: last_end });
            self.push_matched(order, *count, sink);
            *count += 1;
            if next.is_none() {
                return true;
            }
        }
        false
    }

    /// Parses an element that matches no template, and learns from it, if it is an order without a violation.
    #[cold]
    #[inline(never)]
    fn element(
        &mut self,
        index: u32,
        templates: &mut Templates<'a>,
        sink: &mut dyn OrderSink<'a>,
    ) -> Result<(), JsonError> {
        let (start, total) = (self.reader.at, self.findings.total());
        self.last = None;
        if self.reader.peek() != Some(b'{') {
            let actual = self.reader.skip()?;
            self.report(index, None, ViolationKind::NotAnObject { actual });
            return Ok(());
        }
        if let Some(order) = self.order(index, sink)?
            && self.findings.total() == total
        {
            self.last = Some(order.last_value());
            if self.reader.peek() != Some(b']') {
                templates.learn(self.reader.bytes, start, &order);
            }
        }
        Ok(())
    }

    /// Passes on an order that a template has matched.
    #[inline(always)]
    fn push_matched(&mut self, order: OrderValues, index: u32, sink: &mut dyn OrderSink<'a>) {
        if order.record_id.has_escapes {
            self.index_id(order.record_id, index);
        } else {
            let first_index = self.ids.insert_or_first_index(order.record_id.span, index);
            self.report_duplicate(first_index, index);
        }
        let OrderValues { record_id, parameter_1, parameter_2 } = order;
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

    /// Parses an object. Returns its values if it is an order with all fields valid.
    fn order(&mut self, index: u32, sink: &mut dyn OrderSink<'a>) -> Result<Option<OrderValues>, JsonError> {
        let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
        let mut is_seen = [false; Field::ALL.len()];
        self.reader.enter()?;
        let mut ended = self.reader.take(b'}');
        while !ended {
            let key = self.key()?;
            self.reader.skip_whitespace();
            match key {
                Key::Unknown(key) => {
                    self.report(index, None, ViolationKind::UnknownField { key });
                    self.reader.skip()?;
                }
                Key::Field(field) => {
                    let [id, text, amount] = &mut is_seen;
                    let is_seen = match field {
                        Field::RecordId => id,
                        Field::Parameter1 => text,
                        Field::Parameter2 => amount,
                    };
                    if core::mem::replace(is_seen, true) {
                        self.report(index, Some(field), ViolationKind::DuplicateField);
                        self.reader.skip()?;
                    } else {
                        match field {
                            Field::RecordId => record_id = self.record_id(index)?,
                            Field::Parameter1 => {
                                parameter_1 = self.string::<Parameter1>(index, field, rule::PARAMETER_1)?;
                            }
                            Field::Parameter2 => parameter_2 = self.number(index)?,
                        }
                    }
                }
            }
            ended = self.reader.ends(b'}')?;
        }
        self.reader.leave();
        for (field, is_seen) in Field::ALL.iter().zip(is_seen) {
            if !is_seen {
                self.report(index, Some(*field), ViolationKind::MissingField);
            }
        }
        let (Some(record_id), Some(parameter_1), Some(parameter_2)) = (record_id, parameter_1, parameter_2) else {
            return Ok(None);
        };
        if sink.push(record_id, parameter_1, parameter_2).is_err() {
            self.report_amount(index);
        }
        Ok(Some(OrderValues { record_id, parameter_1, parameter_2 }))
    }

    /// Parses a key and the colon after it.
    fn key(&mut self) -> Result<Key, JsonError> {
        self.reader.skip_whitespace();
        let found = simd::load(self.reader.bytes, self.reader.at).and_then(Field::from_quoted_key);
        let Some((field, len)) = found else {
            let (key, span) = self.reader.key()?;
            return Ok(Field::from_key(&key.text).map_or(Key::Unknown(span), Key::Field));
        };
        self.reader.at += len;
        if self.reader.take(b':') { Ok(Key::Field(field)) } else { Err(self.reader.error(Expected::Colon)) }
    }

    /// Parses a `record_id`; `None` if it has a violation other than being a duplicate.
    fn record_id(&mut self, index: u32) -> Result<Option<FieldText>, JsonError> {
        let id = self.string::<RecordId>(index, Field::RecordId, rule::RECORD_ID)?;
        if let Some(id) = id {
            self.index_id(id, index);
        }
        Ok(id)
    }

    /// Reports a `record_id` that an earlier order has.
    #[inline(never)]
    fn index_id(&mut self, id: FieldText, index: u32) {
        let first_index = if id.has_escapes {
            self.ids.insert_decoded_or_first_index(&id.text(self.reader.bytes), index)
        } else {
            self.ids.insert_or_first_index(id.span, index)
        };
        self.report_duplicate(first_index, index);
    }

    #[inline]
    fn report_duplicate(&mut self, first_index: u32, index: u32) {
        if first_index != index {
            self.report(index, Some(Field::RecordId), ViolationKind::DuplicateRecordId { first_index });
        }
    }

    /// Parses a string; `None` if it has a violation.
    fn string<F: StringField>(
        &mut self,
        index: u32,
        field: Field,
        rules: &[TextRule],
    ) -> Result<Option<FieldText>, JsonError> {
        if self.reader.peek() != Some(b'"') {
            return self.wrong_type(index, field, JsonType::String);
        }
        let text = match_string::<F>(self.reader.bytes, self.reader.at + 1);
        if let Some(text) = text {
            self.reader.at = text.span.end() + 1;
            return Ok(Some(text));
        }
        self.checked_string(index, field, rules)
    }

    /// Reads a string and checks every rule; `None` if it has a violation.
    #[inline(never)]
    fn checked_string(&mut self, index: u32, field: Field, rules: &[TextRule]) -> Result<Option<FieldText>, JsonError> {
        let start = self.reader.at;
        let string = self.reader.string()?;
        let span = Span::between(start, self.reader.at).without_quotes();
        let total = self.findings.total();
        for kind in rules.iter().filter_map(|rule| (rule.check)(&string)) {
            self.report(index, Some(field), kind);
        }
        let has_escapes = matches!(string.text, Cow::Owned(_));
        Ok((self.findings.total() == total).then_some(FieldText { span, has_escapes }))
    }

    /// Parses `parameter_2`; `None` if it has a violation.
    fn number(&mut self, index: u32) -> Result<Option<Span>, JsonError> {
        let start = self.reader.at;
        if !matches!(self.reader.peek(), Some(b'-' | b'0'..=b'9')) {
            return self.wrong_type(index, Field::Parameter2, JsonType::Number);
        }
        if let Some(span) = match_number(self.reader.bytes, start) {
            self.reader.at = span.end();
            return Ok(Some(span));
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
