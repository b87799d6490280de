//! The rules of Gridbid: what a valid order is, what an auction result means, and when each expires.
//!
//! Every function is pure. The crate never panics, reads a clock, draws a random number, waits, or uses a float: an amount is
//! an exact decimal with one canonical text. It is compiled without the standard library, which enforces most of that. I/O and
//! HTTP are left to the Lambda functions. They use the crate through `gridbid-adapters`; the TypeScript and the Python package
//! use it as a WASM module.
//!
//! - [`batch`]: parses a request body into a validated batch, or a report of every violation.
//! - [`outcome`]: parses the auction's results and decides each order in them.
//! - [`stored`] and [`expiry`]: compares a new order with a stored one, and computes an order's lifetime.
//! - [`submission`]: writes the request for orders to the auction platform, and parses its response.
//! - [`summary`], [`day`]: the totals of a results run and of a day. [`name`]: the S3 keys of results.
//! - [`wire`]: the same as JSON texts, for hosts of other languages.
//!
//! ```
//! use gridbid_core::batch::{self, Limits};
//!
//! let report = batch::parse(br#"[{"record_id":"a","parameter_2":"4"}]"#, &Limits::default()).unwrap_err();
//! assert_eq!(report.violations[0].message, "`parameter_2` must be a number, not a string");
//! assert_eq!(report.violations[1].message, "`parameter_1` is missing");
//! ```

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod amount;
pub mod batch;
pub mod day;
pub mod expiry;
pub mod field;
mod json;
#[cfg(test)]
mod mutation;
pub mod name;
pub mod order;
pub mod outcome;
mod rule;
mod simd;
pub mod span;
pub mod stored;
pub mod submission;
pub mod summary;
mod text;
pub mod violation;
pub mod wire;

// Lengths and counts of 32 bits are compared as `usize`.
const _: () = assert!(usize::BITS >= u32::BITS);

#[cfg(test)]
mod tests {
    #[test]
    fn tests_run_with_overflow_checks() {
        let add_one = |number: u8| number + 1;
        let sum = std::panic::catch_unwind(|| add_one(std::hint::black_box(u8::MAX)));
        assert!(sum.is_err(), "an overflow in core would not be noticed");
    }
}
