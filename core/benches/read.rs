//! Measures reading requests natively against what a Rust team writes instead, on the same requests as the benchmarks in
//! TypeScript and Python, and prints medians as JSON lines.
//!
//! `cargo bench --package gridbid-core -- FOLDER`, where the folder holds `<orders>-<text>-<valid|invalid>.json`. Each
//! subject must find as many violations as the others before it is measured. Called by `cargo xtask bench core`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark ends at the first thing that is not as it should be"
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
/// What each subject gets for each request.
const PATIENCE: Duration = Duration::from_millis(300);
/// A measurement is no shorter: a clock's tick is nothing beside it.
const SHORTEST: Duration = Duration::from_millis(1);

/// A name, and what counts the violations of a request.
type Subject = (&'static str, &'static str, fn(&[u8]) -> usize);

const SUBJECTS: [Subject; 5] = [
    ("validate", "gridbid-core", |body| batch::check(body, &LIMITS).total as usize),
    ("objects", "gridbid-core", |body| batch::read(body, &LIMITS).map_or_else(|report| report.total as usize, of_none)),
    ("places", "gridbid-core", |body| batch::columns(body, &LIMITS).verdict.total as usize),
    ("objects", "serde_json, typed", typed),
    ("validate", "serde_json, grammar alone", |body| {
        serde_json::from_slice::<serde::de::IgnoredAny>(body).map_or(1, of_none)
    }),
];

fn of_none<T>(read: T) -> usize {
    black_box(&read);
    0
}

/// What is written by hand on serde_json: typed, borrowing, with the checks that it can do. An order that it cannot read is
/// looked for again, one by one, as all violations are wanted.
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
    fn is_wrong(order: &Order<'_>) -> bool {
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
            let read = |order: &serde_json::Value| Order::deserialize(order).is_ok_and(|order| !is_wrong(&order));
            return all.iter().filter(|order| !read(order)).count();
        }
    };
    let mut seen = HashSet::with_capacity(orders.len());
    let wrong = orders.iter().filter(|order| is_wrong(order) || !seen.insert(&order.record_id)).count();
    black_box(&orders);
    wrong
}

fn main() {
    // cargo adds an argument of its own.
    let folder = env::args().skip(1).find(|argument| !argument.starts_with("--")).expect("a folder of requests");
    let mut files: Vec<_> = fs::read_dir(Path::new(&folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let body = fs::read(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let wrong = SUBJECTS[0].2(&body);
        for (task, subject, count) in SUBJECTS {
            // The grammar alone knows no orders.
            assert!(subject.ends_with("grammar alone") || count(&body) == wrong, "{name}: {subject}");
            let microseconds = measured(|| count(&body));
            println!(
                "{}",
                serde_json::json!({
                    "request": name, "bytes": body.len(), "task": task, "subject": subject, "microseconds": microseconds,
                })
            );
        }
    }
}

/// The median of many measurements, in microseconds.
fn measured(mut run: impl FnMut() -> usize) -> f64 {
    let mut times = 1_u32;
    loop {
        let began = Instant::now();
        for _ in 0..times {
            black_box(run());
        }
        if began.elapsed() >= SHORTEST {
            break;
        }
        times *= 2;
    }
    let (started, mut taken) = (Instant::now(), Vec::new());
    while started.elapsed() < PATIENCE || taken.len() < 7 {
        let began = Instant::now();
        for _ in 0..times {
            black_box(run());
        }
        taken.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(times));
    }
    taken.sort_by(f64::total_cmp);
    taken.get(taken.len() / 2).copied().unwrap_or_default()
}
