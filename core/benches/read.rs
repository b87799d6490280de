//! Compares core with hand-written serde_json code, on the same requests as the benchmarks in TypeScript and Python. Prints
//! medians as JSON lines.
//!
//! `cargo bench --package gridbid-core -- FOLDER`, where the folder holds `<orders>-<text or shape>-<valid|invalid>.json`. Before
//! they are measured, all subjects must find the same number of violations, except in shapes, in which hand-written code is not
//! measured: serde_json does not read all of them into doubles.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first error"
)]

use std::borrow::Cow;
use std::collections::HashSet;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use gridbid_core::batch::{self, Limits};
use serde::Deserialize;

const LIMITS: Limits = Limits { orders: u32::MAX, bytes: u32::MAX, depth: 32, listed: u32::MAX };
/// Time for each subject and request.
const BUDGET: Duration = Duration::from_millis(300);
/// Minimum time of a sample, long compared with the clock's resolution.
const SAMPLE: Duration = Duration::from_millis(1);

/// A task, who does it, and a function that counts the violations of a request.
type Subject = (&'static str, &'static str, fn(&[u8]) -> usize);

const SUBJECTS: [Subject; 5] = [
    ("validate", "gridbid-core", |body| batch::validate(body, &LIMITS).total as usize),
    ("objects", "gridbid-core", |body| batch::parse(body, &LIMITS).map_or_else(|report| report.total as usize, none)),
    ("places", "gridbid-core", |body| batch::parse_utf16_spans(body, &LIMITS).verdict.total as usize),
    ("objects", "serde_json, typed", typed),
    ("validate", "serde_json, grammar alone", |body| {
        serde_json::from_slice::<serde::de::IgnoredAny>(body).map_or(1, none)
    }),
];

/// No violations, of a parsed request.
fn none<T>(parsed: T) -> usize {
    black_box(&parsed);
    0
}

/// Hand-written code on serde_json: typed, borrowing, with the checks that are possible on a double. If the body has a type
/// error, it is parsed again order by order, to count all violations.
fn typed(body: &[u8]) -> usize {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order<'a> {
        #[serde(borrow)]
        record_id: Cow<'a, str>,
        #[serde(borrow)]
        parameter_1: Cow<'a, str>,
        parameter_2: f64,
    }
    fn is_invalid(order: &Order<'_>) -> bool {
        let mut id = order.record_id.bytes();
        let is_id = order.record_id.len() <= 128
            && id.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && id.all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte));
        let is_text = order.parameter_1.chars().count() <= 256
            && !order.parameter_1.trim().is_empty()
            && !order.parameter_1.chars().any(char::is_control);
        !is_id || !is_text || order.parameter_2.abs() >= 1e126
    }
    let orders: Vec<Order<'_>> = match serde_json::from_slice(body) {
        Ok(orders) => orders,
        Err(_) => {
            let all: Vec<serde_json::Value> = serde_json::from_slice(body).unwrap();
            let is_valid = |order: &serde_json::Value| Order::deserialize(order).is_ok_and(|order| !is_invalid(&order));
            return all.iter().filter(|order| !is_valid(order)).count();
        }
    };
    let mut seen = HashSet::with_capacity(orders.len());
    let violations = orders.iter().filter(|order| is_invalid(order) || !seen.insert(&order.record_id)).count();
    black_box(&orders);
    violations
}

fn main() {
    // cargo adds `--bench`.
    let folder = env::args().skip(1).find(|argument| !argument.starts_with("--")).expect("a folder of requests");
    let mut files: Vec<_> = fs::read_dir(Path::new(&folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let body = fs::read(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let violations = SUBJECTS[0].2(&body);
        let is_shape = !name.contains("-ascii-") && !name.contains("-cyrillic-");
        for (task, subject, count) in SUBJECTS {
            if is_shape && subject == "serde_json, typed" {
                continue;
            }
            assert!(subject.ends_with("grammar alone") || count(&body) == violations, "{name}: {subject}");
            let microseconds = median_microseconds(|| count(&body));
            println!(
                "{}",
                serde_json::json!({
                    "request": name, "bytes": body.len(), "task": task, "subject": subject, "microseconds": microseconds,
                })
            );
        }
    }
}

fn median_microseconds(mut run: impl FnMut() -> usize) -> f64 {
    let mut sample = |runs: u32| {
        let started = Instant::now();
        for _ in 0..runs {
            black_box(run());
        }
        started.elapsed()
    };
    let mut runs = 1;
    while sample(runs) < SAMPLE {
        runs *= 2;
    }
    let (started, mut samples) = (Instant::now(), Vec::new());
    while started.elapsed() < BUDGET || samples.len() < 7 {
        samples.push(sample(runs).as_secs_f64() * 1e6 / f64::from(runs));
    }
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
