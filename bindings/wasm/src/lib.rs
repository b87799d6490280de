//! core as one WASM module, which the npm and the Python package both ship.
//!
//! It contains no rules and no sentences. Exports take and return numbers, and work on linear memory: the host reserves an input
//! buffer with `gridbid_input`, writes the bytes there, calls a function with their length, and reads the result at the returned
//! address. All numbers are little-endian `u32`; an address is valid until the next call. Rare calls return a JSON text
//! (`gridbid_core::wire`).
//!
//! What TypeScript calls is a `#[wasm_bindgen]` function, so that wasm-bindgen generates its JavaScript and its types. With
//! numbers only, its export in the module is the plain function, which other hosts call by name, and the glue adds no copy: a
//! `&[u8]` would be copied into the module once more.
//!
//! An instance is used by one thread at a time. After a trap (out of memory) it is unusable: the host creates a new one.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

use gridbid_core::batch::{self, Limits, Verdict};
use gridbid_core::wire;
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// A panic message has nowhere to go, so the host sees only a trap.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    trap()
}

#[cfg(target_arch = "wasm32")]
fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_arch = "wasm32"))]
fn trap() -> ! {
    std::process::abort()
}

/// The version of the ABI. A host must refuse a module with another version than its own.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_abi() -> u32 {
    3
}

/// The content of linear memory between calls.
struct Memory {
    /// Written by the host.
    input: Vec<u8>,
    /// The words of the last result.
    header: [u32; 10],
    rows: Vec<batch::Row>,
    text: String,
    report: String,
    values: [String; 3],
}

struct Shared(UnsafeCell<Memory>);

// SAFETY: a WASM instance without shared memory has one thread; elsewhere this crate is not called.
unsafe impl Sync for Shared {}

static MEMORY: Shared = Shared(UnsafeCell::new(Memory {
    input: Vec::new(),
    header: [0; 10],
    rows: Vec::new(),
    text: String::new(),
    report: String::new(),
    values: [const { String::new() }; 3],
}));

fn with_memory<T>(call: impl FnOnce(&mut Memory) -> T) -> T {
    // SAFETY: exports do not call one another, and there is one thread: no other reference exists.
    call(unsafe { &mut *MEMORY.0.get() })
}

fn address<T>(value: *const T) -> u32 {
    value as usize as u32
}

impl Memory {
    /// Returns the first `length` bytes of the input. Traps if the host has not reserved that many: a verdict on another input
    /// would be worse.
    fn input(&self, length: u32) -> &[u8] {
        self.input.get(..length as usize).unwrap_or_else(|| trap())
    }

    /// Returns a text: its address and length.
    fn return_text(&mut self, text: String) -> u32 {
        self.text = text;
        self.return_words([address(self.text.as_ptr()), self.text.len() as u32, 0, 0], [0; 6])
    }

    /// Returns the verdict on a request of `length` bytes, followed by other words.
    fn return_verdict(&mut self, length: u32, verdict: &Verdict, words: [u32; 6]) -> u32 {
        if verdict.total > 0 {
            self.report = verdict.report_json(self.input(length));
        }
        let report = (address(self.report.as_ptr()), self.report.len() as u32);
        self.return_words([verdict.orders, verdict.total, report.0, report.1], words)
    }

    /// Stores the words of a result and returns their address.
    fn return_words(&mut self, [a, b, c, d]: [u32; 4], [e, f, g, h, i, j]: [u32; 6]) -> u32 {
        self.header = [a, b, c, d, e, f, g, h, i, j];
        address(self.header.as_ptr())
    }
}

/// Reserves an input buffer of `length` bytes. Returns its address, or 0 if memory runs out.
#[wasm_bindgen]
#[must_use]
pub fn gridbid_input(length: u32) -> u32 {
    with_memory(|memory| {
        let length = length as usize;
        if length > memory.input.len() {
            let more = length - memory.input.len();
            if memory.input.try_reserve_exact(more).is_err() {
                return 0;
            }
            memory.input.resize(length, 0);
        }
        address(memory.input.as_ptr())
    })
}

/// Validates a request of `length` bytes. Returns the address of: number of orders, number of violations, address and length
/// of the report as JSON. If there are no violations, the last two words are stale.
#[wasm_bindgen]
#[must_use]
pub fn gridbid_check(length: u32, orders: u32, bytes: u32, depth: u32, listed: u32) -> u32 {
    with_memory(|memory| {
        let verdict = batch::validate(memory.input(length), &limits(orders, bytes, depth, listed));
        memory.return_verdict(length, &verdict, [0; 6])
    })
}

/// Parses a request of `length` bytes into spans of UTF-16 code units. Returns the address of: the words of
/// [`gridbid_check`], address of the rows (seven words each, see [`batch::Row`]), address and length of the side text.
#[wasm_bindgen]
#[must_use]
pub fn gridbid_parse(length: u32, orders: u32, bytes: u32, depth: u32, listed: u32) -> u32 {
    with_memory(|memory| {
        let spans = batch::parse_utf16_spans(memory.input(length), &limits(orders, bytes, depth, listed));
        memory.rows = spans.rows;
        memory.text = spans.side_text;
        let (rows, text) = (address(memory.rows.as_ptr()), address(memory.text.as_ptr()));
        let words = [rows, text, memory.text.len() as u32, 0, 0, 0];
        memory.return_verdict(length, &spans.verdict, words)
    })
}

/// Parses a request of `length` bytes into one text per field, in which U+001F follows each value. Returns the address of: the
/// words of [`gridbid_check`], then address and length of the text of `record_id`, of `parameter_1` and of `parameter_2`.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_join(length: u32, orders: u32, bytes: u32, depth: u32, listed: u32) -> u32 {
    with_memory(|memory| {
        let delimited = batch::parse_delimited(memory.input(length), &limits(orders, bytes, depth, listed));
        memory.values = delimited.values;
        let [id, text, amount] = memory.values.each_ref().map(|values| (address(values.as_ptr()), values.len() as u32));
        memory.return_verdict(length, &delimited.verdict, [id.0, id.1, text.0, text.1, amount.0, amount.1])
    })
}

/// Parses the platform's results of `length` bytes. Returns the address of: address and length of a JSON text.
#[wasm_bindgen]
#[must_use]
pub fn gridbid_results(length: u32) -> u32 {
    return_json(length, wire::parse_results)
}

/// Decides an order of a result of `length` bytes. Returns the address of: address and length of a JSON text.
#[wasm_bindgen]
#[must_use]
pub fn gridbid_decision(length: u32) -> u32 {
    return_json(length, wire::decide_order)
}

/// Canonicalizes an order of a result of `length` bytes, and hashes it. Returns the address of: address and length of a JSON
/// text.
#[wasm_bindgen]
#[must_use]
pub fn gridbid_canonical(length: u32) -> u32 {
    return_json(length, wire::canonicalize_order)
}

/// Adds up a JSON array of `length` bytes with a day's summaries. Returns the address of: address and length of a JSON text.
#[wasm_bindgen]
#[must_use]
pub fn gridbid_day(length: u32) -> u32 {
    return_json(length, wire::total_day)
}

#[inline(never)]
fn return_json(length: u32, call: fn(&[u8]) -> String) -> u32 {
    with_memory(|memory| memory.return_text(call(memory.input(length))))
}

/// A depth of more than 255 levels is one of 255.
fn limits(orders: u32, bytes: u32, depth: u32, listed: u32) -> Limits {
    Limits { orders, bytes, depth: u8::try_from(depth).unwrap_or(u8::MAX), listed }
}
