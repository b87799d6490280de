//! core for hosts of other languages, in one WASM module that the npm and the Python package both ship.
//!
//! It owns no rule and no sentence. What is called often goes through a plain C ABI on linear memory: the host asks for
//! room with `gridbid_input`, writes the bytes there, calls a function with their number, and reads what lies at the
//! address that it gets back. All numbers are little-endian `u32`; an address is good until the next call. What is called
//! seldom answers a JSON text (`gridbid_core::wire`). The one of them that any host wants, a report, is there through
//! wasm-bindgen too.
//!
//! An instance is used by one thread at a time. A trap (memory that cannot be had) leaves an instance of no use: the host
//! makes a new one.

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

/// There is nobody to tell: the host sees a trap.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The version of the ABI: what a host was written for must be what it finds.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_abi() -> u32 {
    3
}

/// What lies in linear memory between calls.
struct Memory {
    /// What the host has written.
    input: Vec<u8>,
    /// The words that the last call answered with.
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

/// Runs a call on the memory.
fn with_memory<T>(call: impl FnOnce(&mut Memory) -> T) -> T {
    // SAFETY: exports do not call one another, and there is one thread: no other reference exists.
    call(unsafe { &mut *MEMORY.0.get() })
}

fn address<T>(value: *const T) -> u32 {
    value as usize as u32
}

impl Memory {
    fn input(&self, length: u32) -> &[u8] {
        self.input.get(..length as usize).unwrap_or(&[])
    }

    /// Answers with a text: where it lies, and how long it is.
    fn tell(&mut self, text: String) -> u32 {
        self.text = text;
        self.answer([address(self.text.as_ptr()), self.text.len() as u32, 0, 0], [0; 6])
    }

    /// Answers with what a request of so many bytes is found to be, and with other words behind that.
    fn judge(&mut self, length: u32, verdict: &Verdict, words: [u32; 6]) -> u32 {
        if verdict.total > 0 {
            self.report = verdict.report(self.input(length)).to_json();
        }
        let report = (address(self.report.as_ptr()), self.report.len() as u32);
        self.answer([verdict.orders, verdict.total, report.0, report.1], words)
    }

    /// Puts the header's words down and says where.
    fn answer(&mut self, [a, b, c, d]: [u32; 4], [e, f, g, h, i, j]: [u32; 6]) -> u32 {
        self.header = [a, b, c, d, e, f, g, h, i, j];
        address(self.header.as_ptr())
    }
}

/// Room for so many bytes, where the host writes its input: the address, or 0 if it cannot be had.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_input(length: u32) -> u32 {
    with_memory(|memory| {
        let length = length as usize;
        if length > memory.input.len() {
            let more = length - memory.input.len();
            if memory.input.try_reserve(more).is_err() {
                return 0;
            }
            memory.input.resize(length, 0);
        }
        address(memory.input.as_ptr())
    })
}

/// Checks a request of so many bytes. Answers the address of: how many orders, how many violations, the address and the
/// length of the report as JSON, which is of this request only if there are violations.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_check(length: u32, orders: u32, bytes: u32, depth: u32, listed: u32) -> u32 {
    with_memory(|memory| {
        let verdict = batch::check(memory.input(length), &limits(orders, bytes, depth, listed));
        memory.judge(length, &verdict, [0; 6])
    })
}

/// Reads a request of so many bytes into places, counted in UTF-16's code units. Answers the address of: the words of
/// [`gridbid_check`], the address of the rows (seven words each, see [`batch::Row`]), the address and the length of the
/// text beside them.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_parse(length: u32, orders: u32, bytes: u32, depth: u32, listed: u32) -> u32 {
    with_memory(|memory| {
        let columns = batch::columns(memory.input(length), &limits(orders, bytes, depth, listed));
        memory.rows = columns.rows;
        memory.text = columns.beside;
        let (rows, text) = (address(memory.rows.as_ptr()), address(memory.text.as_ptr()));
        let words = [rows, text, memory.text.len() as u32, 0, 0, 0];
        memory.judge(length, &columns.verdict, words)
    })
}

/// Reads a request of so many bytes into a text for each field, in which each value is followed by U+001F. Answers the
/// address of: the words of [`gridbid_check`], and for `record_id`, `parameter_1` and `parameter_2` the address and the
/// length of the text.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_join(length: u32, orders: u32, bytes: u32, depth: u32, listed: u32) -> u32 {
    with_memory(|memory| {
        let joined = batch::joined(memory.input(length), &limits(orders, bytes, depth, listed));
        memory.values = joined.values;
        let [id, text, amount] = memory.values.each_ref().map(|values| (address(values.as_ptr()), values.len() as u32));
        memory.judge(length, &joined.verdict, [id.0, id.1, text.0, text.1, amount.0, amount.1])
    })
}

/// What the auction platform's answer of so many bytes says, as JSON. Answers the address of: the text's address, its
/// length.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_answer(length: u32) -> u32 {
    told(length, wire::answer)
}

/// What becomes of an order of so many bytes, as JSON. Answers the address of: the text's address, its length.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_decision(length: u32) -> u32 {
    told(length, wire::decision)
}

/// An order's canonical JSON and its SHA-256, as JSON. Answers the address of: the text's address, its length.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_canonical(length: u32) -> u32 {
    told(length, wire::canonical)
}

/// What a JSON array of a day's summaries, of so many bytes, amounts to, as JSON. Answers the address of: the text's
/// address, its length.
#[unsafe(no_mangle)]
pub extern "C" fn gridbid_day(length: u32) -> u32 {
    told(length, wire::day)
}

/// What the input of so many bytes comes to, as a text.
#[inline(never)]
fn told(length: u32, tell: fn(&[u8]) -> String) -> u32 {
    with_memory(|memory| memory.tell(tell(memory.input(length))))
}

fn limits(orders: u32, bytes: u32, depth: u32, listed: u32) -> Limits {
    Limits { orders, bytes, depth: u8::try_from(depth).unwrap_or(u8::MAX), listed }
}

/// The report on a request, as JSON.
#[wasm_bindgen]
#[must_use]
pub fn report(request: &[u8], orders: u32, bytes: u32, depth: u32, listed: u32) -> String {
    wire::report(request, &limits(orders, bytes, depth, listed))
}
