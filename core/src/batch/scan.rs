//! The reader of requests: one pass over the bytes, borrowing, without recursion, and without an allocation per order.
//!
//! An order that plainly obeys every rule is passed at a glance (`plain`); the parts of all others are decoded and given
//! to the rules. It finds exactly what `oracle` finds, which is the same in the plainest words.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Limits;
use super::plain;
use super::seen::Seen;
use crate::amount::Number;
use crate::json::{Expected, Fault, Reader, Text, Type};
use crate::rule::{self, TextRule};
use crate::violation::{Breach, Code, Field, Finding, Place};

/// What is done with each order in which nothing was found.
pub(super) trait Keep<'a> {
    /// Takes an order's fields, the amount as it is written.
    fn keep(&mut self, record_id: Piece<'a>, parameter_1: Piece<'a>, parameter_2: Span);
}

/// Nothing is kept: only the verdict counts.
impl<'a> Keep<'a> for () {
    #[inline]
    fn keep(&mut self, _: Piece<'a>, _: Piece<'a>, _: Span) {}
}

/// Where something lies in the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) at: usize,
    pub(super) length: usize,
}

/// A string of the request.
#[derive(Clone, Debug)]
pub(super) enum Piece<'a> {
    /// It is written as it is.
    Plain(Span),
    /// It was looked at closely, and may be written otherwise.
    Decoded(Cow<'a, str>),
}

impl Span {
    /// What lies there: the places of plain strings and of numbers hold whole characters.
    pub(super) fn text(self, bytes: &[u8]) -> &str {
        let text = bytes.get(self.at..self.at + self.length);
        text.and_then(|text| core::str::from_utf8(text).ok()).unwrap_or("")
    }
}

impl<'a> Piece<'a> {
    /// Its characters.
    pub(super) fn text(self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self {
            Self::Plain(place) => Cow::Borrowed(place.text(bytes)),
            Self::Decoded(text) => text,
        }
    }
}

/// What was found: all are counted, and the first are listed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Findings {
    pub(super) listed: Vec<Finding>,
    pub(super) total: u32,
    most: usize,
}

impl Findings {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { listed: Vec::new(), total: 0, most: usize::try_from(limits.listed).unwrap_or(usize::MAX) }
    }

    #[cold]
    pub(super) fn add(&mut self, finding: Finding) {
        if self.listed.len() < self.most {
            self.listed.push(finding);
        }
        self.total = self.total.saturating_add(1);
    }

    /// Forgets all that was found, for what makes the request as a whole unreadable.
    pub(super) fn alone(&mut self, breach: Breach) {
        self.listed.clear();
        self.total = 0;
        self.add(breach.at(Finding::WHOLE, Place::Whole));
    }

    /// Adds what is found at the end and told first.
    pub(super) fn add_first(&mut self, finding: Finding) {
        self.listed.insert(0, finding);
        self.listed.truncate(self.most);
        self.total = self.total.saturating_add(1);
    }
}

/// Reads a request and says how many elements its array has and what was found.
#[inline]
pub(super) fn scan<'a>(bytes: &'a [u8], limits: &Limits, keep: &mut dyn Keep<'a>) -> (u32, Findings) {
    let mut findings = Findings::new(limits);
    if u32::try_from(bytes.len()).map_or(true, |length| length > limits.bytes) {
        findings.alone(Breach::new(Code::BodyTooLarge, bytes.len(), limits.bytes));
        return (0, findings);
    }
    let scanned = Reader::new(bytes, limits.depth).and_then(|reader| {
        let mut scanner = Scanner { reader, findings: &mut findings, seen: Seen::of_bytes(bytes.len()) };
        scanner.body(keep)
    });
    match scanned {
        Ok(Ok(count)) => {
            if count > limits.orders {
                findings
                    .add_first(Breach::new(Code::TooManyOrders, count, limits.orders).at(Finding::WHOLE, Place::Whole));
            }
            (count, findings)
        }
        Ok(Err(breach)) => {
            findings.alone(breach);
            (0, findings)
        }
        Err(fault) => {
            findings.alone(Breach::of_fault(fault, limits.depth));
            (0, findings)
        }
    }
}

struct Scanner<'a, 'f> {
    reader: Reader<'a>,
    findings: &'f mut Findings,
    seen: Seen<'a>,
}

impl<'a> Scanner<'a, '_> {
    /// The whole request: how many elements the array has, or what makes it no array of any.
    #[inline]
    fn body(&mut self, keep: &mut dyn Keep<'a>) -> Result<Result<u32, Breach>, Fault> {
        self.reader.skip_space();
        if self.reader.peek() != Some(b'[') {
            let given = self.reader.skip()?;
            self.reader.end()?;
            return Ok(Err(Breach::new(Code::NotAnArray, given as u8, 0_u32)));
        }
        self.reader.enter()?;
        if self.reader.take(b']') {
            self.reader.end()?;
            return Ok(Err(Breach::new(Code::EmptyBatch, 0_u32, 0_u32)));
        }
        let mut count = 0;
        loop {
            self.element(count, keep)?;
            count += 1;
            if self.reader.ends(b']', Expected::CommaOrBracket)? {
                break;
            }
        }
        self.reader.end()?;
        Ok(Ok(count))
    }

    #[inline]
    fn element(&mut self, index: u32, keep: &mut dyn Keep<'a>) -> Result<(), Fault> {
        self.reader.skip_space();
        if self.reader.may_enter()
            && let Some(plain) = plain::order(self.reader.bytes, self.reader.at)
        {
            self.reader.at = plain.end;
            let Span { at, length } = plain.record_id;
            self.see(Cow::Borrowed(self.reader.bytes.get(at..at + length).unwrap_or(&[])), index);
            keep.keep(Piece::Plain(plain.record_id), Piece::Plain(plain.parameter_1), plain.parameter_2);
            return Ok(());
        }
        self.other_element(index, keep)
    }

    fn other_element(&mut self, index: u32, keep: &mut dyn Keep<'a>) -> Result<(), Fault> {
        if self.reader.peek() == Some(b'{') {
            return self.order(index, keep);
        }
        let given = self.reader.skip()?;
        self.findings.add(Breach::new(Code::NotAnObject, given as u8, 0_u32).at(index, Place::Whole));
        Ok(())
    }

    fn order(&mut self, index: u32, keep: &mut dyn Keep<'a>) -> Result<(), Fault> {
        let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
        let mut given = [false; Field::ALL.len()];
        self.reader.enter()?;
        let mut ended = self.reader.take(b'}');
        while !ended {
            let named = self.key()?;
            self.reader.skip_space();
            match named {
                Err(key) => {
                    self.findings.add(Breach::new(Code::UnknownField, key.0, key.1).at(index, Place::Unknown));
                    self.reader.skip()?;
                }
                Ok(field) => {
                    let again = given.get_mut(field as usize).is_some_and(|given| core::mem::replace(given, true));
                    if again {
                        self.findings.add(Breach::new(Code::DuplicateField, 0_u32, 0_u32).at(index, field));
                        self.reader.skip()?;
                    } else {
                        match field {
                            Field::RecordId => record_id = self.record_id(index)?,
                            Field::Parameter1 => parameter_1 = self.string(index, field, rule::PARAMETER_1)?,
                            Field::Parameter2 => parameter_2 = self.number(index, field)?,
                        }
                    }
                }
            }
            ended = self.reader.ends(b'}', Expected::CommaOrBrace)?;
        }
        self.reader.leave();
        if let (Some(record_id), Some(parameter_1), Some(parameter_2)) = (record_id, parameter_1, parameter_2) {
            keep.keep(record_id, parameter_1, parameter_2);
        } else {
            for (field, given) in Field::ALL.iter().zip(given) {
                if !given {
                    self.findings.add(Breach::new(Code::MissingField, 0_u32, 0_u32).at(index, *field));
                }
            }
        }
        Ok(())
    }

    /// The field that a key and its colon name, or where the key lies.
    fn key(&mut self) -> Result<Result<Field, (usize, usize)>, Fault> {
        let (key, place) = self.reader.key()?;
        self.reader.colon()?;
        Ok(Field::ALL.iter().copied().find(|field| field.as_str() == key.characters).ok_or(place))
    }

    fn record_id(&mut self, index: u32) -> Result<Option<Piece<'a>>, Fault> {
        let id = self.string(index, Field::RecordId, rule::RECORD_ID)?;
        if let Some(Piece::Decoded(text)) = &id {
            let id = match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.as_bytes().to_vec()),
            };
            self.see(id, index);
        }
        Ok(id)
    }

    /// Takes notice of an identity, and finds it if it was there before.
    #[inline]
    fn see(&mut self, id: Cow<'a, [u8]>, index: u32) {
        let first = self.seen.first(id, index);
        if first != index {
            self.findings.add(Breach::new(Code::DuplicateRecordId, first, 0_u32).at(index, Field::RecordId));
        }
    }

    /// A string that obeys its field's rules.
    fn string(&mut self, index: u32, field: Field, rules: &[TextRule]) -> Result<Option<Piece<'a>>, Fault> {
        if self.reader.peek() != Some(b'"') {
            return self.wrong_type(index, field, Type::String);
        }
        let text: Text<'a> = self.reader.string()?;
        let before = self.findings.total;
        for breach in rules.iter().filter_map(|rule| (rule.check)(&text)) {
            self.findings.add(breach.at(index, field));
        }
        Ok((self.findings.total == before).then_some(Piece::Decoded(text.characters)))
    }

    /// A number that obeys its field's rules, as it is written.
    fn number(&mut self, index: u32, field: Field) -> Result<Option<Span>, Fault> {
        if !matches!(self.reader.peek(), Some(b'-' | b'0'..=b'9')) {
            return self.wrong_type(index, field, Type::Number);
        }
        let at = self.reader.at;
        let text = self.reader.number()?;
        let Some(number) = Number::read(text) else { return Ok(None) };
        let before = self.findings.total;
        for breach in rule::PARAMETER_2.iter().filter_map(|rule| (rule.check)(&number)) {
            self.findings.add(breach.at(index, field));
        }
        Ok((self.findings.total == before).then_some(Span { at, length: text.len() }))
    }

    fn wrong_type<T>(&mut self, index: u32, field: Field, wanted: Type) -> Result<Option<T>, Fault> {
        let given = self.reader.skip()?;
        self.findings.add(Breach::new(Code::WrongType, given as u8, wanted as u8).at(index, field));
        Ok(None)
    }
}
