//! The rules of Gridbid: what an order is, what a result means, and when each ends.
//!
//! Everything here is a pure function of its arguments. This crate promises never to panic, read a clock, draw a random
//! number, wait, or touch a float: an amount is an exact decimal with one canonical text. It is compiled without the
//! standard library, which holds it to most of that. Input and output, and the encoding of HTTP answers, are left to the
//! functions. Its callers are the Lambda functions (through `gridbid-adapters`) and, compiled to WASM, the TypeScript and
//! the Python package.
//!
//! - [`batch::read`]: bytes in, a valid batch of orders or a report of every violation out.
//! - [`outcome`]: the auction platform's answer, and what becomes of each order in it.
//! - [`stored`] and [`expiry`]: what a new order means beside one that is there, and how long an order lives.
//! - [`submission`]: the request for orders to the auction platform, and its response.
//! - [`wire`]: all of it as JSON texts, for hosts of other languages.
//! - [`summary`]: what a results run amounts to. [`day`]: what a day's do. [`name`]: the keys under which results are filed.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod amount;
pub mod batch;
pub mod day;
pub mod expiry;
mod json;
#[cfg(test)]
mod mutated;
pub mod name;
pub mod order;
pub mod outcome;
mod rule;
pub mod stored;
pub mod submission;
pub mod summary;
mod text;
pub mod violation;
pub mod wire;

use alloc::string::String;

/// The user's own words as an error may show them: at most `bytes` bytes, cut at a character with `…`, and with
/// control characters as `?`.
pub(crate) fn shortened(text: &str, bytes: usize) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        let character = if character.is_control() { '?' } else { character };
        if shown.len() + character.len_utf8() > bytes {
            shown.push('…');
            break;
        }
        shown.push(character);
    }
    shown
}
