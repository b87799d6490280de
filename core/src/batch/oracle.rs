//! The parser of requests in its simplest form: the whole tree first, then every order, every field, every rule.
//!
//! Tests and the fuzzer (feature `oracle`) compare it with the real parser; nothing else uses it.

#![expect(clippy::expect_used, reason = "tests and the fuzzer should stop where core contradicts itself")]

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::collect::Batch;
use super::findings::Findings;
use super::limits::Limits;
use crate::amount::{Amount, Number};
use crate::field::Field;
use crate::json::{self, JsonString, JsonType, Member, Value};
use crate::order::{Order, RecordId, Text};
use crate::rule::{self, TextRule};
use crate::violation::{Finding, Report, ViolationKind};

/// [`parse`](super::parse) in its simplest form.
///
/// # Errors
/// A report that counts the violations of all orders, at least one, and lists the first `limits.listed`.
pub fn parse<'a>(request: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Report> {
    let mut oracle = Oracle { findings: Findings::new(limits), orders: Vec::new(), first_with: BTreeMap::new() };
    let verdict = match oracle.body(request, limits) {
        Ok(orders) => oracle.findings.into_verdict(orders),
        Err(kind) => oracle.findings.replace_with(kind),
    };
    Batch::from_verdict(oracle.orders, &verdict, request)
}

struct Oracle<'a> {
    findings: Findings,
    orders: Vec<Order<'a>>,
    /// The index of the first order with each valid `record_id`.
    first_with: BTreeMap<RecordId<'a>, u32>,
}

impl<'a> Oracle<'a> {
    fn body(&mut self, request: &'a [u8], limits: &Limits) -> Result<u32, ViolationKind> {
        if request.len() > limits.bytes as usize {
            return Err(ViolationKind::BodyTooLarge { actual: request.len(), max: limits.bytes });
        }
        let body = json::parse(request, limits.depth)?;
        let Value::Array(elements) = body else {
            return Err(ViolationKind::NotAnArray { actual: body.json_type() });
        };
        if elements.is_empty() {
            return Err(ViolationKind::EmptyBatch);
        }
        let actual = u32::try_from(elements.len()).expect("every element has a byte");
        if actual > limits.orders {
            let kind = ViolationKind::TooManyOrders { actual, max: limits.orders };
            self.findings.push(Finding { index: None, field: None, kind });
        }
        for (index, element) in (0..).zip(elements) {
            self.element(index, element);
        }
        Ok(actual)
    }

    fn report(&mut self, index: u32, field: Option<Field>, kind: ViolationKind) {
        self.findings.push(Finding { index: Some(index), field, kind });
    }

    fn element(&mut self, index: u32, element: Value<'a>) {
        let Value::Object(members) = element else {
            return self.report(index, None, ViolationKind::NotAnObject { actual: element.json_type() });
        };
        let mut seen = Vec::new();
        let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
        for Member { key, key_span, value } in members {
            let Some(field) = Field::from_key(&key.text) else {
                self.report(index, None, ViolationKind::UnknownField { key: key_span });
                continue;
            };
            if seen.contains(&field) {
                self.report(index, Some(field), ViolationKind::DuplicateField);
                continue;
            }
            seen.push(field);
            match field {
                Field::RecordId => record_id = self.record_id(index, value),
                Field::Parameter1 => {
                    let string = self.string(index, field, value, rule::PARAMETER_1);
                    parameter_1 = string.map(|string| Text::from_validated(string.text));
                }
                Field::Parameter2 => parameter_2 = self.number(index, value),
            }
        }
        for field in Field::ALL {
            if !seen.contains(&field) {
                self.report(index, Some(field), ViolationKind::MissingField);
            }
        }
        if let (Some(record_id), Some(parameter_1), Some(parameter_2)) = (record_id, parameter_1, parameter_2) {
            self.orders.push(Order { record_id, parameter_1, parameter_2 });
        }
    }

    fn record_id(&mut self, index: u32, value: Value<'a>) -> Option<RecordId<'a>> {
        let string = self.string(index, Field::RecordId, value, rule::RECORD_ID)?;
        let record_id = RecordId::from_validated(string.text);
        let first_index = *self.first_with.entry(record_id.clone()).or_insert(index);
        if first_index != index {
            self.report(index, Some(Field::RecordId), ViolationKind::DuplicateRecordId { first_index });
        }
        Some(record_id)
    }

    fn string(&mut self, index: u32, field: Field, value: Value<'a>, rules: &[TextRule]) -> Option<JsonString<'a>> {
        let Value::String(string) = value else {
            self.wrong_type(index, field, &value, JsonType::String);
            return None;
        };
        let total = self.findings.total();
        for kind in rules.iter().filter_map(|rule| (rule.check)(&string)) {
            self.report(index, Some(field), kind);
        }
        (self.findings.total() == total).then_some(string)
    }

    fn number(&mut self, index: u32, value: Value<'a>) -> Option<Amount> {
        let Value::Number(text) = value else {
            self.wrong_type(index, Field::Parameter2, &value, JsonType::Number);
            return None;
        };
        let number = Number::parse(text).expect("the reader and `Number` know the same grammar");
        let kinds: Vec<_> = rule::PARAMETER_2.iter().filter_map(|rule| (rule.check)(&number)).collect();
        for kind in &kinds {
            self.report(index, Some(Field::Parameter2), *kind);
        }
        kinds.is_empty().then(|| number.amount().expect("the rules accept only amounts"))
    }

    fn wrong_type(&mut self, index: u32, field: Field, value: &Value<'_>, expected: JsonType) {
        self.report(index, Some(field), ViolationKind::WrongType { actual: value.json_type(), expected });
    }
}
