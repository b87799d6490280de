//! The reader of requests: one pass over the bytes, borrowing, without recursion, and without an allocation per order.
//!
//! Strings and numbers that plainly obey their field's rules are passed while their end is looked for; all others are
//! decoded and given to the rules. It finds exactly what `oracle` finds, which is the same in the plainest words.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Limits;
use super::seen::Seen;
use crate::amount::Number;
use crate::json::{Expected, Fault, Reader, Text, Type};
use crate::rule::{self, NumberRule, Plain, TextRule};
use crate::violation::{Breach, Code, Field, Finding, Place};

/// What is done with each order in which nothing was found.
pub(super) trait Keep<'a> {
    /// Takes an order's fields, the amount as it is written.
    fn keep(&mut self, record_id: Cow<'a, str>, parameter_1: Cow<'a, str>, parameter_2: &'a str);
}

/// Nothing is kept: only the verdict counts.
impl<'a> Keep<'a> for () {
    #[inline]
    fn keep(&mut self, _: Cow<'a, str>, _: Cow<'a, str>, _: &'a str) {}
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
        let mut scanner = Scanner { reader, findings: &mut findings, seen: Seen::default() };
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
        if self.reader.peek() == Some(b'{') {
            return self.order(index, keep);
        }
        let given = self.reader.skip()?;
        self.findings.add(Breach::new(Code::NotAnObject, given as u8, 0_u32).at(index, Place::Whole));
        Ok(())
    }

    #[inline]
    fn order(&mut self, index: u32, keep: &mut dyn Keep<'a>) -> Result<(), Fault> {
        let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
        let mut given = [false; Field::ALL.len()];
        self.reader.enter()?;
        let mut ended = self.reader.take(b'}');
        while !ended {
            let named = self.key()?;
            self.reader.colon()?;
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
                            Field::Parameter1 => parameter_1 = self.string(index, &PARAMETER_1)?,
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

    /// The field that a key names, or where the key lies.
    #[inline]
    fn key(&mut self) -> Result<Result<Field, (usize, usize)>, Fault> {
        self.reader.skip_space();
        let rest = self.reader.text.as_bytes().get(self.reader.at..).unwrap_or(&[]);
        // Arrays of a fixed length are compared as words; slices would be by a call.
        if rest.first_chunk() == Some(b"\"record_id\"") {
            self.reader.at += 11;
            return Ok(Ok(Field::RecordId));
        }
        if let Some(chunk) = rest.first_chunk::<13>() {
            let field = match chunk {
                b"\"parameter_1\"" => Some(Field::Parameter1),
                b"\"parameter_2\"" => Some(Field::Parameter2),
                _ => None,
            };
            if let Some(field) = field {
                self.reader.at += chunk.len();
                return Ok(Ok(field));
            }
        }
        let (key, place) = self.reader.key()?;
        Ok(Field::ALL.iter().copied().find(|field| field.as_str() == key.characters).ok_or(place))
    }

    #[inline]
    fn record_id(&mut self, index: u32) -> Result<Option<Cow<'a, str>>, Fault> {
        let id = self.string(index, &RECORD_ID)?;
        if let Some(id) = &id {
            let first = self.seen.first(id.clone(), index);
            if first != index {
                self.findings.add(Breach::new(Code::DuplicateRecordId, first, 0_u32).at(index, Field::RecordId));
            }
        }
        Ok(id)
    }

    /// A string that obeys its field's rules.
    #[inline]
    fn string(&mut self, index: u32, field: &StringField) -> Result<Option<Cow<'a, str>>, Fault> {
        if let Some(length) = self.plain_string(&field.plain) {
            let start = self.reader.at + 1;
            self.reader.at = start + length + 1;
            return Ok(Some(Cow::Borrowed(self.reader.text.get(start..start + length).unwrap_or(""))));
        }
        self.other_string(index, field)
    }

    /// The length of the string that comes next, if it plainly obeys its field's rules.
    #[inline]
    fn plain_string(&self, table: &Table) -> Option<usize> {
        let (quote, inside) = self.reader.text.as_bytes().get(self.reader.at..)?.split_first()?;
        if *quote != b'"' || table.class(*inside.first()?) & FIRST == 0 {
            return None;
        }
        let mut classes = 0;
        for (length, byte) in inside.iter().enumerate() {
            let class = table.class(*byte);
            if class & REST == 0 {
                return (*byte == b'"' && classes & TELLING != 0 && length <= table.longest).then_some(length);
            }
            classes |= class;
        }
        None
    }

    fn other_string(&mut self, index: u32, field: &StringField) -> Result<Option<Cow<'a, str>>, Fault> {
        if self.reader.peek() != Some(b'"') {
            return self.wrong_type(index, field.name, Type::String);
        }
        let text: Text<'a> = self.reader.string()?;
        let before = self.findings.total;
        for breach in field.rules.iter().filter_map(|rule| (rule.check)(&text)) {
            self.findings.add(breach.at(index, field.name));
        }
        Ok((self.findings.total == before).then_some(text.characters))
    }

    /// A number that obeys its field's rules, as it is written.
    #[inline]
    fn number(&mut self, index: u32, field: Field) -> Result<Option<&'a str>, Fault> {
        let start = self.reader.at;
        if let Some(length) = self.plain_number() {
            self.reader.at += length;
            return Ok(self.reader.text.get(start..start + length));
        }
        self.other_number(index, field)
    }

    /// The length of the number that comes next, if it is an integer or a decimal of few digits.
    #[inline]
    fn plain_number(&self) -> Option<usize> {
        let rest = self.reader.text.as_bytes().get(self.reader.at..)?;
        let unsigned = rest.strip_prefix(b"-").unwrap_or(rest);
        let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole = digits(unsigned);
        if whole == 0 || (whole > 1 && unsigned.first() == Some(&b'0')) {
            return None;
        }
        let mut length = whole;
        let mut count = whole;
        let mut next = unsigned.get(length);
        if next == Some(&b'.') {
            let fraction = digits(unsigned.get(length + 1..)?);
            if fraction == 0 {
                return None;
            }
            length += 1 + fraction;
            count += fraction;
            next = unsigned.get(length);
        }
        let ends = !matches!(next, Some(b'e' | b'E'));
        (ends && count <= PLAIN_DIGITS).then_some(length + rest.len() - unsigned.len())
    }

    #[cold]
    fn other_number(&mut self, index: u32, field: Field) -> Result<Option<&'a str>, Fault> {
        if !matches!(self.reader.peek(), Some(b'-' | b'0'..=b'9')) {
            return self.wrong_type(index, field, Type::Number);
        }
        let text = self.reader.number()?;
        let Some(number) = Number::read(text) else { return Ok(None) };
        let before = self.findings.total;
        for breach in rule::PARAMETER_2.iter().filter_map(|rule| (rule.check)(&number)) {
            self.findings.add(breach.at(index, field));
        }
        Ok((self.findings.total == before).then_some(text))
    }

    fn wrong_type<T>(&mut self, index: u32, field: Field, wanted: Type) -> Result<Option<T>, Fault> {
        let given = self.reader.skip()?;
        self.findings.add(Breach::new(Code::WrongType, given as u8, wanted as u8).at(index, field));
        Ok(None)
    }
}

/// A field that is a string: its rules, and the texts that plainly obey them.
struct StringField {
    name: Field,
    rules: &'static [TextRule],
    plain: Table,
}

impl StringField {
    const fn new(name: Field, rules: &'static [TextRule]) -> Self {
        Self { name, rules, plain: Table::of(Plain::of(rules)) }
    }
}

static RECORD_ID: StringField = StringField::new(Field::RecordId, rule::RECORD_ID);
static PARAMETER_1: StringField = StringField::new(Field::Parameter1, rule::PARAMETER_1);

/// The most digits of a number that plainly obeys every rule.
const PLAIN_DIGITS: usize = {
    let mut rules: &[NumberRule] = rule::PARAMETER_2;
    let mut digits = usize::MAX;
    while let Some((rule, others)) = rules.split_first() {
        digits = if rule.plain_digits < digits { rule.plain_digits } else { digits };
        rules = others;
    }
    digits
};

/// A byte may stand first in a plain text, anywhere in it, or tells something.
const FIRST: u8 = 1;
const REST: u8 = 2;
const TELLING: u8 = 4;

/// What each byte may be in a text that plainly obeys a field's rules.
struct Table {
    classes: [u8; 256],
    longest: usize,
}

impl Table {
    #[expect(clippy::indexing_slicing, reason = "an index below 256, at compile time")]
    const fn of(plain: Plain) -> Self {
        let mut classes = [0; 256];
        // A quote ends a string, a backslash begins an escape, a control must be one: none is plain.
        let mut byte = b' ';
        loop {
            if byte != b'"' && byte != b'\\' {
                let (first, telling) = (plain.first.has(byte), plain.telling.has(byte));
                if plain.rest.has(byte) {
                    classes[byte as usize] = REST | if first { FIRST } else { 0 } | if telling { TELLING } else { 0 };
                }
            }
            if byte == u8::MAX {
                break Self { classes, longest: plain.longest };
            }
            byte += 1;
        }
    }

    #[inline]
    fn class(&self, byte: u8) -> u8 {
        self.classes.get(usize::from(byte)).copied().unwrap_or(0)
    }
}
