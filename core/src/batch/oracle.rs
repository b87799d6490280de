//! The reader of requests in the plainest words: the whole tree first, then every order, every field, every rule.
//!
//! It is what `scan` is held to, by a differential test here and by the fuzzer (feature `oracle`); nothing else calls it.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::scan::Findings;
use super::{Batch, Limits};
use crate::amount::{Amount, Number};
use crate::json::{self, Member, Type, Value};
use crate::order::{Order, RecordId, Text};
use crate::rule;
use crate::violation::{Breach, Code, Field, Finding, Place, Report};

/// [`read`](super::read), in the plainest words.
///
/// # Errors
/// A report, with at least one violation, of all that is wrong.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Batch<'a>, Report> {
    let mut reading = Reading { findings: Findings::new(limits), orders: Vec::new(), first_with: BTreeMap::new() };
    if let Err(breach) = reading.body(bytes, limits) {
        reading.findings.alone(breach);
    }
    super::judged(reading.orders, &reading.findings.verdict(0), bytes)
}

/// What has been read so far.
struct Reading<'a> {
    findings: Findings,
    orders: Vec<Order<'a>>,
    /// The index of the first order with each valid `record_id`.
    first_with: BTreeMap<RecordId<'a>, u32>,
}

impl<'a> Reading<'a> {
    fn body(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<(), Breach> {
        if u32::try_from(bytes.len()).map_or(true, |length| length > limits.bytes) {
            return Err(Breach::new(Code::BodyTooLarge, bytes.len(), limits.bytes));
        }
        let body = json::read(bytes, limits.depth).map_err(|fault| Breach::of_fault(fault, limits.depth))?;
        let Value::Array(elements) = body else {
            return Err(Breach::new(Code::NotAnArray, body.type_of() as u8, 0_u32));
        };
        if elements.is_empty() {
            return Err(Breach::new(Code::EmptyBatch, 0_u32, 0_u32));
        }
        if elements.len() > usize::try_from(limits.orders).unwrap_or(usize::MAX) {
            self.found(Finding::WHOLE, Place::Whole, Breach::new(Code::TooManyOrders, elements.len(), limits.orders));
        }
        for (index, element) in (0..).zip(elements) {
            self.element(index, element);
        }
        Ok(())
    }

    fn found(&mut self, index: u32, place: impl Into<Place>, breach: Breach) {
        self.findings.add(breach.at(index, place));
    }

    fn element(&mut self, index: u32, element: Value<'a>) {
        let Value::Object(members) = element else {
            return self.found(index, Place::Whole, Breach::new(Code::NotAnObject, element.type_of() as u8, 0_u32));
        };
        let mut seen = [false; Field::ALL.len()];
        let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
        for Member { key, key_at, value } in members {
            let named = Field::ALL.iter().zip(&mut seen).find(|(field, _)| field.as_str() == key.characters);
            let Some((field, seen)) = named else {
                self.found(index, Place::Unknown, Breach::new(Code::UnknownField, key_at.0, key_at.1));
                continue;
            };
            if core::mem::replace(seen, true) {
                self.found(index, *field, Breach::new(Code::DuplicateField, 0_u32, 0_u32));
                continue;
            }
            match field {
                Field::RecordId => record_id = self.record_id(index, value),
                Field::Parameter1 => {
                    parameter_1 =
                        self.string(index, *field, value, rule::PARAMETER_1).map(|text| Text::checked(text.characters));
                }
                Field::Parameter2 => parameter_2 = self.number(index, *field, value),
            }
        }
        for (field, seen) in Field::ALL.iter().zip(seen) {
            if !seen {
                self.found(index, *field, Breach::new(Code::MissingField, 0_u32, 0_u32));
            }
        }
        if let (Some(record_id), Some(parameter_1), Some(parameter_2)) = (record_id, parameter_1, parameter_2) {
            self.orders.push(Order { record_id, parameter_1, parameter_2 });
        }
    }

    fn record_id(&mut self, index: u32, value: Value<'a>) -> Option<RecordId<'a>> {
        let text = self.string(index, Field::RecordId, value, rule::RECORD_ID)?;
        let record_id = RecordId::checked(text.characters);
        let first = *self.first_with.entry(record_id.clone()).or_insert(index);
        if first != index {
            self.found(index, Field::RecordId, Breach::new(Code::DuplicateRecordId, first, 0_u32));
        }
        Some(record_id)
    }

    fn string(
        &mut self,
        index: u32,
        field: Field,
        value: Value<'a>,
        rules: &[rule::TextRule],
    ) -> Option<json::Text<'a>> {
        let Value::String(text) = value else {
            self.wrong_type(index, field, &value, Type::String);
            return None;
        };
        let before = self.findings.total;
        for breach in rules.iter().filter_map(|rule| (rule.check)(&text)) {
            self.found(index, field, breach);
        }
        (self.findings.total == before).then_some(text)
    }

    fn number(&mut self, index: u32, field: Field, value: Value<'a>) -> Option<Amount> {
        let Value::Number(text) = value else {
            self.wrong_type(index, field, &value, Type::Number);
            return None;
        };
        let number = Number::read(text)?;
        for breach in rule::PARAMETER_2.iter().filter_map(|rule| (rule.check)(&number)) {
            self.found(index, field, breach);
        }
        number.amount()
    }

    fn wrong_type(&mut self, index: u32, field: Field, given: &Value<'_>, wanted: Type) {
        self.found(index, field, Breach::new(Code::WrongType, given.type_of() as u8, wanted as u8));
    }
}
