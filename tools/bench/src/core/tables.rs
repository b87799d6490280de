//! The figures of `bench core` as tables: Gridbid's medians, and each peer's as a multiple of them.

use std::fmt::Write as _;

use super::{Line, Measured};
use crate::document::table;

const NODE: &str = "@gridbid/core";
const PYTHON: &str = "gridbid";
const NATIVE: &str = "gridbid-core";

/// A request that is a column of the tables.
#[derive(Clone, Copy)]
struct Request {
    label: &'static str,
    orders: u32,
    text: &'static str,
    valid: bool,
}

impl Request {
    const fn new(label: &'static str, orders: u32, text: &'static str, valid: bool) -> Self {
        Self { label, orders, text, valid }
    }

    fn find<'a>(self, lines: &'a [Line], task: &str, subject: &str) -> Option<&'a Line> {
        lines.iter().find(|line| {
            line.orders == self.orders
                && line.text == self.text
                && line.valid == self.valid
                && line.task == task
                && line.subject == subject
        })
    }
}

const REQUESTS: [Request; 10] = [
    Request::new("1", 1, "ascii", true),
    Request::new("100", 100, "ascii", true),
    Request::new("10,000", 10_000, "ascii", true),
    Request::new("100,000", 100_000, "ascii", true),
    Request::new("100, 1 % invalid", 100, "ascii", false),
    Request::new("10,000, 1 % invalid", 10_000, "ascii", false),
    Request::new("100 Cyrillic", 100, "cyrillic", true),
    Request::new("10,000 Cyrillic", 10_000, "cyrillic", true),
    Request::new("100 Cyrillic, 1 % invalid", 100, "cyrillic", false),
    Request::new("10,000 Cyrillic, 1 % invalid", 10_000, "cyrillic", false),
];

/// The section.
pub(super) fn document(native: &[Line], node: &Measured, python: &Measured, module_bytes: u64) -> String {
    let mut out = format!(
        "```console\ncargo xtask bench core     # ten minutes on the first run, four afterwards\n```\n\n\
         One run, implementations interleaved on the same requests (about 82 bytes per order), medians. Checking produces every \
         violation with its\nmessage; reading creates the orders and reads every field. `×` is a peer's time divided by Gridbid's \
         in the same column; below 1 the\npeer is faster. Requests are valid ASCII unless stated otherwise. The WASM module has \
         {module_bytes} bytes.\n{}\n\n",
        machine(node, python)
    );
    for (title, lines, task, ours) in [
        ("Python: reading", &python.results[..], "objects", PYTHON),
        ("Python: reading into a list", &python.results, "kept", PYTHON),
        ("Native: checking", native, "validate", NATIVE),
        ("Native: reading", native, "objects", NATIVE),
        ("Node: reading", &node.results, "objects", NODE),
        ("Node: checking", &node.results, "validate", NODE),
        ("Python: checking", &python.results, "validate", PYTHON),
    ] {
        let _ = writeln!(out, "### {title}\n\n{}", comparison(lines, task, ours));
    }
    let _ = writeln!(out, "Native checking: {}.\n\n### What the peers do not check\n", throughput(native));
    for (name, cannot) in node.cannot.iter().chain(&python.cannot) {
        let words = match cannot.as_array() {
            Some(several) => several.iter().map(text).collect::<Vec<_>>().join("; "),
            None => text(cannot),
        };
        let _ = writeln!(out, "- {name}: {words}");
    }
    out
}

fn machine(node: &Measured, python: &Measured) -> String {
    let versions = node.versions.iter().chain(&python.versions);
    let versions: Vec<_> = versions.map(|(name, version)| format!("{name} {version}")).collect();
    let [cpu, cores, version] =
        ["cpu", "cores", "node"].map(|name| node.machine.get(name).map_or("?".to_owned(), text));
    format!("{cpu}, {cores} cores; Node {version}; {}.", versions.join(", "))
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The subjects of a task, in the order in which they were measured.
fn subjects<'a>(lines: &'a [Line], task: &str) -> Vec<&'a str> {
    let mut subjects: Vec<&str> = Vec::new();
    for line in lines.iter().filter(|line| line.task == task) {
        if !subjects.contains(&line.subject.as_str()) {
            subjects.push(&line.subject);
        }
    }
    subjects
}

/// A row for each subject, a column for each request that was measured.
fn comparison(lines: &[Line], task: &str, ours: &str) -> String {
    let columns: Vec<_> =
        REQUESTS.into_iter().filter_map(|request| Some((request, request.find(lines, task, ours)?))).collect();
    let head: Vec<_> =
        std::iter::once(String::new()).chain(columns.iter().map(|(request, _)| request.label.to_owned())).collect();
    let row = |subject: &str| {
        let cells = columns.iter().map(|(request, own)| match request.find(lines, task, subject) {
            Some(line) if subject == ours => microseconds(line.microseconds),
            Some(line) => format!("{:.1}×", line.microseconds / own.microseconds),
            None => String::new(),
        });
        std::iter::once(subject.to_owned()).chain(cells).collect()
    };
    table(&head, &subjects(lines, task).into_iter().map(row).collect::<Vec<_>>())
}

/// Three significant digits.
pub(super) fn microseconds(microseconds: f64) -> String {
    match microseconds {
        small if small < 10.0 => format!("{small:.2} µs"),
        middle if middle < 100.0 => format!("{middle:.1} µs"),
        large => format!("{large:.0} µs"),
    }
}

fn throughput(native: &[Line]) -> String {
    let speed = |request: Request| {
        let line = request.find(native, "validate", NATIVE).filter(|_| request.valid && request.text == "ascii")?;
        #[expect(clippy::cast_precision_loss, reason = "a speed, to be read by people")]
        let speed = line.bytes as f64 / line.microseconds / 1000.0;
        Some(format!("{speed:.2} GB/s ({} orders)", request.label))
    };
    REQUESTS.into_iter().skip(1).filter_map(speed).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_multiples_of_ours_in_the_columns_that_were_measured() {
        let line = |subject: &str, orders, microseconds| Line {
            orders,
            text: "ascii".to_owned(),
            valid: true,
            bytes: 8_200,
            task: "validate".to_owned(),
            subject: subject.to_owned(),
            microseconds,
        };
        let lines = [line(NATIVE, 1, 0.5), line(NATIVE, 100, 20.0), line("peer", 100, 50.0)];
        let rows = "| gridbid-core | 0.50 µs | 20.0 µs |\n| peer |  | 2.5× |\n";
        assert_eq!(comparison(&lines, "validate", NATIVE), format!("|  | 1 | 100 |\n| --- | ---: | ---: |\n{rows}"));
        assert_eq!(throughput(&lines), "0.41 GB/s (100 orders)");
    }
}
