//! Measures core on one request per shape: the escapes, numbers, white space, key orders and violations that clients send.
//!
//! `cargo bench --package gridbid-core --bench shapes [-- WORD]` prints a table; with a word, only of the shapes with it in
//! their names. Next to each median stands the time that serde_json takes for the same input, divided by it: for the grammar
//! alone next to checking, for a tree next to reading.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first error")]

use std::env;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use gridbid_core::batch::{self, Limits};

/// Time for each subject and shape.
const BUDGET: Duration = Duration::from_millis(120);
/// Minimum time of a sample, long compared with the clock's resolution.
const SAMPLE: Duration = Duration::from_micros(500);

const FIELDS: [usize; 3] = [0, 1, 2];
const KEY_ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
const COMPACT: [&str; 4] = ["", "", "", ":"];

/// How a request writes its orders.
struct Shape {
    name: &'static str,
    orders: usize,
    /// The bytes before an order, before a member, and before a closing brace; and the colon.
    white_space: [&'static str; 4],
    keys: fn(usize) -> [usize; 3],
    /// The three values of an order, as JSON.
    values: fn(usize) -> [String; 3],
}

fn id(index: usize) -> String {
    format!("\"order-{index:08}\"")
}

fn text(index: usize) -> String {
    format!("\"delivery hour {}\"", index % 24)
}

fn amount(index: usize) -> String {
    if index.is_multiple_of(3) { index.to_string() } else { format!("{}.{:02}", index * 5 / 4, index * 25 % 100) }
}

fn plain(index: usize) -> [String; 3] {
    [id(index), text(index), amount(index)]
}

/// A pseudo-random number that depends on the index alone.
fn scatter(index: usize) -> usize {
    let mixed = (index as u64).wrapping_add(7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33) as usize
}

fn digits(index: usize, count: usize) -> String {
    let digits: String = (0..count).map(|place| char::from(b'1' + (scatter(index * 64 + place) % 9) as u8)).collect();
    format!("{}.{}", digits.split_at(2).0, digits.split_at(2).1)
}

/// A request that is written compactly, with the keys in the usual order.
fn compact(name: &'static str, values: fn(usize) -> [String; 3]) -> Shape {
    Shape { name, orders: 100, white_space: COMPACT, keys: |_| FIELDS, values }
}

fn shapes() -> Vec<Shape> {
    let spaced = |name, white_space| Shape { white_space, ..compact(name, plain) };
    let ordered = |name, keys| Shape { keys, ..compact(name, plain) };
    vec![
        compact("plain", plain),
        spaced("spaces of json.dumps", ["", "", "", ": "]),
        compact("escape in 1 of 100", |index| {
            [id(index), if index == 50 { "\"Z\\u00fcrich\"".into() } else { text(index) }, amount(index)]
        }),
        compact("escape in 10 of 100", |index| {
            [id(index), if index % 10 == 5 { "\"Z\\u00fcrich\"".into() } else { text(index) }, amount(index)]
        }),
        compact("escape in each", |index| [id(index), format!("\"Z\\u00fcrich {index}\""), amount(index)]),
        compact("escaped slash in each", |index| [id(index), format!("\"hour\\/{index}\""), amount(index)]),
        compact("escape in each id", |index| [format!("\"order\\u002d{index:08}\""), text(index), amount(index)]),
        compact("Cyrillic, escaped", |index| {
            let text = "час поставки".encode_utf16().fold(String::new(), |text, unit| text + &format!("\\u{unit:04x}"));
            [id(index), format!("\"{text} {index}\""), amount(index)]
        }),
        compact("emoji, escaped", |index| [id(index), format!("\"\\ud83d\\ude00 {index}\""), amount(index)]),
        compact("exponent in each", |index| [id(index), text(index), format!("{}.5e{}", index + 1, index % 7)]),
        compact("16 to 17 digits", |index| [id(index), text(index), digits(index, 16 + index % 2)]),
        compact("20 digits", |index| [id(index), text(index), digits(index, 20)]),
        compact("38 digits", |index| [id(index), text(index), digits(index, 38)]),
        spaced("indent 2", ["\n  ", "\n    ", "\n  ", ": "]),
        spaced("indent 4", ["\n    ", "\n        ", "\n    ", ": "]),
        spaced("indent 8", ["\n        ", "\n                ", "\n        ", ": "]),
        spaced("tabs", ["\n\t", "\n\t\t", "\n\t", ": "]),
        spaced("one order a line, CRLF", ["\r\n", "", "", ":"]),
        ordered("two key orders", |index| if index.is_multiple_of(2) { FIELDS } else { [2, 1, 0] }),
        ordered("random key order", |index| KEY_ORDERS[scatter(index) % KEY_ORDERS.len()]),
        compact("raw umlauts", |index| [id(index), format!("\"Zürich {index}\""), amount(index)]),
        compact("raw Cyrillic", |index| [id(index), format!("\"час поставки {index}\""), amount(index)]),
        compact("raw Japanese", |index| [id(index), format!("\"入札の時間 {index}\""), amount(index)]),
        compact("raw emoji", |index| [id(index), format!("\"hour 😀 {index}\""), amount(index)]),
        compact("raw degree signs", |index| [id(index), format!("\"{index} °C, £½\""), amount(index)]),
        compact("wrong: amount is a string", |index| [id(index), text(index), format!("\"{}\"", amount(index))]),
        compact("wrong: blank text", |index| [id(index), "\"   \"".into(), amount(index)]),
        compact("wrong: space in id", |index| [format!("\"order {index}\""), text(index), amount(index)]),
        compact("wrong: long text", |index| [id(index), format!("\"{}\"", "x".repeat(257)), amount(index)]),
        compact("wrong: amount out of range", |index| [id(index), text(index), "1e400".into()]),
        compact("wrong: null and numbers", |index| ["null".into(), index.to_string(), "true".into()]),
        compact("wrong: same id", |index| [id(0), text(index), amount(index)]),
        Shape {
            values: |index| [id(index), text(index), format!("{},\"power\":1", amount(index))],
            ..compact("wrong: unknown field", plain)
        },
        Shape { orders: 1, ..compact("1 order", plain) },
        Shape { orders: 1, ..spaced("1 order, indent 2", ["\n  ", "\n    ", "\n  ", ": "]) },
        Shape { orders: 1, ..spaced("1 order, indent 4", ["\n    ", "\n        ", "\n    ", ": "]) },
    ]
}

fn request(shape: &Shape) -> String {
    let [before_order, before_member, before_brace, colon] = shape.white_space;
    let comma = if colon == ": " && before_order.is_empty() { ", " } else { "," };
    let mut body = String::from("[");
    for index in 0..shape.orders {
        let values = (shape.values)(index);
        write!(body, "{}{before_order}{{", if index > 0 { comma } else { "" }).unwrap();
        for (number, field) in (shape.keys)(index).into_iter().enumerate() {
            let key = ["record_id", "parameter_1", "parameter_2"].get(field).unwrap();
            let comma = if number > 0 { comma } else { "" };
            write!(body, "{comma}{before_member}\"{key}\"{colon}{}", values.get(field).unwrap()).unwrap();
        }
        write!(body, "{before_brace}}}").unwrap();
    }
    body + "]"
}

fn main() {
    // cargo adds `--bench`.
    let word = env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    println!("| 100 orders | bytes | checking | grammar | reading | tree | spans | texts | report |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for shape in shapes().iter().filter(|shape| shape.name.contains(&word)) {
        let body = request(shape);
        let (bytes, limits) = (body.as_bytes(), &Limits::default());
        let is_valid = !shape.name.starts_with("wrong");
        let total = batch::validate(bytes, limits).total;
        assert_eq!(is_valid, total == 0, "{}", shape.name);
        let medians = measure(&mut [
            &mut || drop(black_box(batch::validate(bytes, limits))),
            &mut || drop(black_box(serde_json::from_slice::<serde::de::IgnoredAny>(bytes))),
            &mut || drop(black_box(batch::parse(bytes, limits))),
            &mut || drop(black_box(serde_json::from_slice::<serde_json::Value>(bytes))),
            &mut || drop(black_box(batch::parse_utf16_spans(bytes, limits))),
            &mut || drop(black_box(batch::parse_delimited(bytes, limits))),
            &mut || drop(black_box(batch::validate(bytes, limits).report_json(bytes))),
        ]);
        let [checking, grammar, reading, tree, spans, texts, report] = medians;
        println!(
            "| {} | {} | {checking:.2} µs | {:.1}× | {reading:.2} µs | {:.1}× | {spans:.2} µs | {texts:.2} µs | {report:.2} µs |",
            shape.name,
            bytes.len(),
            grammar / checking,
            tree / reading,
        );
    }
}

/// The median microseconds of each function. They take turns, so that other load on the machine affects all of them alike.
fn measure<const COUNT: usize>(subjects: &mut [&mut dyn FnMut(); COUNT]) -> [f64; COUNT] {
    let sample = |subject: &mut dyn FnMut(), runs: u32| {
        let started = Instant::now();
        (0..runs).for_each(|_| subject());
        started.elapsed()
    };
    let mut samples = [const { Vec::new() }; COUNT];
    let mut all_runs = [1; COUNT];
    for (subject, runs) in subjects.iter_mut().zip(&mut all_runs) {
        while sample(subject, *runs) < SAMPLE {
            *runs *= 2;
        }
    }
    let started = Instant::now();
    while started.elapsed() < BUDGET * COUNT as u32 {
        for ((subject, runs), samples) in subjects.iter_mut().zip(all_runs).zip(&mut samples) {
            samples.push(sample(subject, runs).as_secs_f64() * 1e6 / f64::from(runs));
        }
    }
    samples.map(|mut samples| {
        samples.sort_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied().unwrap()
    })
}
