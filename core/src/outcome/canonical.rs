//! Canonical JSON (RFC 8785) of an order of a result.

use alloc::collections::BinaryHeap;
use alloc::string::String;
use core::cmp::Ordering;

use super::malformed::MalformedOrder;
use crate::amount::{Amount, AmountError, SIGNIFICANT_DIGITS};
use crate::json::{JsonString, Member, Value, write_string};
use crate::text::{text, truncate};

/// Appends a value's canonical JSON: no white space, keys sorted by their UTF-16 code units, one notation for each string and
/// each number.
pub(super) fn write_canonical(out: &mut String, value: &Value<'_>) -> Result<(), MalformedOrder> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(&parse_number(text)?.text()),
        Value::String(string) => write_text(out, string)?,
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(out, value)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            // The code of a heap is a tenth of a sort's, which counts in the WASM module.
            let sorted = BinaryHeap::from_iter(members.iter().map(ByKey)).into_sorted_vec();
            out.push('{');
            let mut previous: Option<&Member<'_>> = None;
            for ByKey(member) in sorted {
                if previous.is_some_and(|previous| previous.key.text == member.key.text) {
                    let message = text!["`", truncate(&member.key.text, 40), "` is given more than once"];
                    return Err(MalformedOrder::new("duplicate_field", message));
                }
                if previous.is_some() {
                    out.push(',');
                }
                write_text(out, &member.key)?;
                out.push(':');
                write_canonical(out, &member.value)?;
                previous = Some(member);
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_text(out: &mut String, string: &JsonString<'_>) -> Result<(), MalformedOrder> {
    if string.lone_surrogate.is_some() {
        return Err(MalformedOrder::new("invalid_characters", "a string holds half a surrogate pair"));
    }
    write_string(out, &string.text);
    Ok(())
}

pub(super) fn parse_number(text: &str) -> Result<Amount, MalformedOrder> {
    Amount::parse(text).map_err(|error| match error {
        AmountError::TooPrecise { digits } => {
            let message = text!["a number has ", digits, " significant digits: at most ", SIGNIFICANT_DIGITS];
            MalformedOrder::new("too_precise", message)
        }
        AmountError::NotANumber | AmountError::OutOfRange => {
            MalformedOrder::new("out_of_range", "a number is neither 0 nor from 1e-130 to below 1e126")
        }
    })
}

/// Orders members as RFC 8785 does: by the UTF-16 code units of their keys.
struct ByKey<'m, 'a>(&'m Member<'a>);

impl Ord for ByKey<'_, '_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key.text.encode_utf16().cmp(other.0.key.text.encode_utf16())
    }
}

impl PartialOrd for ByKey<'_, '_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByKey<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ByKey<'_, '_> {}
