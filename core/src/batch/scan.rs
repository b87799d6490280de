//! The reader of requests: one pass over the bytes, borrowing, without recursion, and with no allocation for a plain order.
//!
//! An order that plainly obeys every rule is passed at a glance (`plain`); the parts of all others are decoded and given
//! to the rules. It finds exactly what `oracle` finds, which is the same in the plainest words.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::plain::{Manner, Next, Places};
use super::seen::Seen;
use super::{Limits, Verdict};
use crate::amount::{Amount, Number, is_plainly_canonical};
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
    /// The place behind it.
    #[inline]
    pub(super) fn end(self) -> usize {
        self.at + self.length
    }

    /// What lies between the quotes that it begins and ends with.
    fn inside(self) -> Self {
        Self { at: self.at + 1, length: self.length.saturating_sub(2) }
    }

    /// What lies there: the places of plain strings and of numbers hold whole characters.
    pub(super) fn text(self, bytes: &[u8]) -> &str {
        let text = bytes.get(self.at..self.at + self.length);
        text.and_then(|text| core::str::from_utf8(text).ok()).unwrap_or("")
    }

    /// The canonical text of the amount that lies there.
    #[inline]
    pub(super) fn amount<'a>(self, bytes: &[u8]) -> Piece<'a> {
        let is_canonical = bytes.get(self.at..self.end()).is_some_and(is_plainly_canonical);
        if is_canonical { Piece::Plain(self) } else { self.rewritten_amount(bytes) }
    }

    #[cold]
    fn rewritten_amount<'a>(self, bytes: &[u8]) -> Piece<'a> {
        let amount = Amount::parse(self.text(bytes));
        amount.map_or(Piece::Plain(self), |amount| Piece::Decoded(Cow::Owned(amount.text())))
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

    /// What a request with so many elements is found to be.
    pub(super) fn verdict(self, orders: u32) -> Verdict {
        Verdict { orders, total: self.total, findings: self.listed }
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

/// Reads a request for its verdict.
#[inline]
pub(super) fn scan<'a>(bytes: &'a [u8], limits: &Limits, keep: &mut dyn Keep<'a>) -> Verdict {
    let mut findings = Findings::new(limits);
    let orders = match read(bytes, limits, &mut findings, keep) {
        Ok(count) => {
            if count > limits.orders {
                let many = Breach::new(Code::TooManyOrders, count, limits.orders);
                findings.add_first(many.at(Finding::WHOLE, Place::Whole));
            }
            count
        }
        Err(breach) => {
            findings.alone(breach);
            0
        }
    };
    findings.verdict(orders)
}

/// Reads a request: how many elements its array has, or what makes it unreadable as a whole.
#[inline]
fn read<'a>(bytes: &'a [u8], limits: &Limits, findings: &mut Findings, keep: &mut dyn Keep<'a>) -> Result<u32, Breach> {
    if u32::try_from(bytes.len()).map_or(true, |length| length > limits.bytes) {
        return Err(Breach::new(Code::BodyTooLarge, bytes.len(), limits.bytes));
    }
    let mut scanner = Scanner { reader: Reader::of(bytes, limits.depth), findings, seen: Seen::of(bytes), last: None };
    scanner.body(keep).unwrap_or_else(|fault| {
        // What is no text is told before what is no JSON, wherever that is.
        Err(Breach::of_fault(scanner.reader.text_only().err().unwrap_or(fault), limits.depth))
    })
}

struct Scanner<'a, 'f> {
    reader: Reader<'a>,
    findings: &'f mut Findings,
    seen: Seen<'a>,
    /// The last field of the element before and the end of its value, if that was an order in which nothing was found. After
    /// a run of plain orders it may be that of one further back, from where it is too far for a manner.
    last: Option<(Field, usize)>,
}

impl<'a> Scanner<'a, '_> {
    /// The whole request: how many elements the array has, or what makes it no array of any.
    #[inline]
    fn body(&mut self, keep: &mut dyn Keep<'a>) -> Result<Result<u32, Breach>, Fault> {
        self.reader.skip_space();
        if self.reader.peek() != Some(b'[') {
            self.reader.text_only()?;
            let given = self.reader.skip()?;
            self.reader.end()?;
            return Ok(Err(Breach::new(Code::NotAnArray, given as u8, 0_u32)));
        }
        self.reader.enter()?;
        if self.reader.take(b']') {
            self.reader.end()?;
            return Ok(Err(Breach::new(Code::EmptyBatch, 0_u32, 0_u32)));
        }
        let usual = [&Manner::COMPACT, &Manner::SPACED].into_iter().find(|manner| self.next(manner).is_some());
        let (usual, mut learned) = (usual.unwrap_or(&Manner::COMPACT), None);
        let mut count = 0;
        loop {
            let (read, is_ended) = self.run(learned.as_ref().unwrap_or(usual), count, keep);
            count = read;
            if !is_ended {
                learned = self.element(count, keep)?.or(learned);
                count += 1;
            }
            if self.reader.ends(b']', Expected::CommaOrBracket)? {
                break;
            }
        }
        self.reader.end()?;
        Ok(Ok(count))
    }

    /// Reads the plain orders that come next and are written in a manner: how many elements there were then, and whether
    /// the last of those orders has ended and something else follows. If not, an element follows.
    #[inline]
    fn run(&mut self, manner: &Manner<'a>, count: u32, keep: &mut dyn Keep<'a>) -> (u32, bool) {
        self.reader.skip_space();
        let (bytes, mut count) = (self.reader.bytes, count);
        let mut next = self.next(manner);
        while let Some(Next { begin, value }) = next {
            self.reader.at = begin;
            let Some((order, last)) = manner.order(bytes, value) else { break };
            next = manner.next(bytes, last);
            if next.is_none() {
                let Some(end) = manner.closed(bytes, last) else { break };
                self.reader.at = end;
                self.last = Some((manner.last(), last));
            }
            self.take(order, count, keep);
            count += 1;
            if next.is_none() {
                return (count, true);
            }
        }
        (count, false)
    }

    /// The order that comes next, if one may, and if it begins as is usual in a manner.
    fn next(&self, manner: &Manner<'_>) -> Option<Next> {
        manner.first(self.reader.bytes, self.reader.at).filter(|_| self.reader.may_enter())
    }

    /// Reads an element that is no plain order, or not written as those before it: the manner in which it is, if it is an
    /// order in which nothing is found and the one before was too.
    #[cold]
    #[inline(never)]
    fn element(&mut self, index: u32, keep: &mut dyn Keep<'a>) -> Result<Option<Manner<'a>>, Fault> {
        let (at, before, last) = (self.reader.at, self.findings.total, self.last.take());
        let mut order = None;
        if self.reader.peek() == Some(b'{') {
            order = self.order(index, keep)?;
        } else {
            let given = self.reader.skip()?;
            self.findings.add(Breach::new(Code::NotAnObject, given as u8, 0_u32).at(index, Place::Whole));
        }
        self.reader.text_since(at)?;
        let Some(order) = order.filter(|_| self.findings.total == before) else { return Ok(None) };
        self.last = Some(order.last());
        Ok(last.and_then(|last| Manner::of(self.reader.bytes, last, at, &order)))
    }

    /// Takes a plain order.
    #[inline(always)]
    fn take(&mut self, order: Places, index: u32, keep: &mut dyn Keep<'a>) {
        let first = self.seen.first(order.record_id, index);
        self.saw(first, index);
        keep.keep(Piece::Plain(order.record_id), Piece::Plain(order.parameter_1), order.parameter_2);
    }

    /// Reads an object, and says where the values of the order lie that it is.
    fn order(&mut self, index: u32, keep: &mut dyn Keep<'a>) -> Result<Option<Places>, Fault> {
        let (mut record_id, mut parameter_1, mut parameter_2) = (None, None, None);
        let mut places = [None; Field::ALL.len()];
        self.reader.enter()?;
        let mut ended = self.reader.take(b'}');
        while !ended {
            let named = self.key()?;
            self.reader.skip_space();
            let at = self.reader.at;
            match named {
                Err(key) => {
                    self.findings.add(Breach::new(Code::UnknownField, key.0, key.1).at(index, Place::Unknown));
                    self.reader.skip()?;
                }
                Ok(field) => {
                    if places.get(field as usize).is_some_and(Option::is_some) {
                        self.findings.add(Breach::new(Code::DuplicateField, 0_u32, 0_u32).at(index, field));
                        self.reader.skip()?;
                    } else {
                        match field {
                            Field::RecordId => record_id = self.record_id(index)?,
                            Field::Parameter1 => parameter_1 = self.string(index, field, rule::PARAMETER_1)?,
                            Field::Parameter2 => parameter_2 = self.number(index, field)?,
                        }
                        if let Some(place) = places.get_mut(field as usize) {
                            *place = Some(Span { at, length: self.reader.at - at });
                        }
                    }
                }
            }
            ended = self.reader.ends(b'}', Expected::CommaOrBrace)?;
        }
        self.reader.leave();
        if let (Some(record_id), Some(parameter_1), Some(parameter_2)) = (record_id, parameter_1, parameter_2) {
            keep.keep(record_id, parameter_1, parameter_2);
            let [Some(record_id), Some(parameter_1), Some(parameter_2)] = places else { return Ok(None) };
            return Ok(Some(Places { record_id: record_id.inside(), parameter_1: parameter_1.inside(), parameter_2 }));
        }
        for (field, place) in Field::ALL.iter().zip(places) {
            if place.is_none() {
                self.findings.add(Breach::new(Code::MissingField, 0_u32, 0_u32).at(index, *field));
            }
        }
        Ok(None)
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
            let first = self.seen.first_decoded(text, index);
            self.saw(first, index);
        }
        Ok(id)
    }

    /// Finds that an identity was there before, if another order had it first.
    #[inline]
    fn saw(&mut self, first: u32, index: u32) {
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
