//! The figures of `bench core` as tables: medians and ratios, and beside each floor that was set what was measured.

use std::fmt::Write as _;

use super::{Line, Measured};
use crate::document::table;

const COUNTS: [u32; 4] = [1, 100, 10_000, 100_000];
const NODE: &str = "@gridbid/core";
const PYTHON: &str = "gridbid";
const NATIVE: &str = "gridbid-core";

/// The section.
pub(super) fn document(native: &[Line], node: &Measured, python: &Measured, module_bytes: u64) -> String {
    let mut out = format!(
        "```console\ncargo xtask bench core     # ten minutes at a first run, four later\n```\n\n\
         One run, subjects in turn on the same requests (about 82 bytes an order), medians. Checking tells every violation\n\
         with its sentence; reading hands out the orders, and every field of each is read. `×` is how many times Gridbid's own\n\
         time in the same column a subject takes. What a peer cannot check is left out of its work and stands at the end. The\n\
         module has {module_bytes} bytes.\n\n{}\n",
        machine(node, python)
    );
    let _ = writeln!(out, "\n### What was to be reached\n\n{}", goals(native, &node.results, &python.results));
    out.push_str(LIMITS);
    for (title, lines, task, ours) in [
        ("Native: checking", native, "validate", NATIVE),
        ("Native: reading", native, "objects", NATIVE),
        ("Node: checking", &node.results, "validate", NODE),
        ("Node: reading", &node.results, "objects", NODE),
        ("Python: checking", &python.results, "validate", PYTHON),
        ("Python: reading", &python.results, "objects", PYTHON),
        ("Python: reading into a list that is kept", &python.results, "kept", PYTHON),
    ] {
        let _ = writeln!(out, "### {title}\n\nAll valid, ASCII, µs:\n\n{}", main_table(lines, task, ours));
        let _ = writeln!(out, "Other requests, ratios alone:\n\n{}", other_table(lines, task, ours));
    }
    let _ = writeln!(out, "### What peers cannot check\n");
    for (name, cannot) in node.cannot.iter().chain(&python.cannot) {
        let words = match cannot.as_array() {
            Some(several) => several.iter().filter_map(|one| one.as_str()).collect::<Vec<_>>().join("; "),
            None => cannot.as_str().unwrap_or_default().to_owned(),
        };
        let _ = writeln!(out, "- {name}: {words}");
    }
    out
}

/// What stands in the way of more.
const LIMITS: &str = "\
That is of valid requests in ASCII; those with violations, and in other scripts, stand below. What limits it: the check itself is
one pass over the bytes, in WASM a quarter slower than native. Of a request beyond ASCII, V8 takes as long to encode its two-byte
text as the module to check it. A violation costs its sentence, and its way through the general reader; every order that is
not written plainly (an escape, an exponent) takes that way, whose code is made small and not fast: there JSON.parse is
quicker. One order costs the call and the encoding, as much as its check. Reading in Python is bound by making strings,
decimals and objects, each of which CPython makes one by one.

";

fn machine(node: &Measured, python: &Measured) -> String {
    let told = |value: Option<&serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "?".to_owned(),
    };
    let versions = node.versions.iter().chain(&python.versions);
    let versions: Vec<_> = versions.map(|(name, version)| format!("{name} {version}")).collect();
    format!(
        "{}, {} cores; Node {}; {}.",
        told(node.machine.get("cpu")),
        told(node.machine.get("cores")),
        told(node.machine.get("node")),
        versions.join(", ")
    )
}

/// Which request.
#[derive(Clone, Copy)]
struct Request {
    orders: u32,
    text: &'static str,
    valid: bool,
}

const fn plain(orders: u32) -> Request {
    Request { orders, text: "ascii", valid: true }
}

fn median(lines: &[Line], request: Request, task: &str, subject: &str) -> Option<f64> {
    let is_it = |line: &&Line| {
        line.orders == request.orders
            && line.text == request.text
            && line.valid == request.valid
            && line.task == task
            && line.subject == subject
    };
    lines.iter().find(is_it).map(|line| line.microseconds)
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

fn main_table(lines: &[Line], task: &str, ours: &str) -> String {
    let head: Vec<_> = std::iter::once(String::new())
        .chain(COUNTS.map(|orders| if orders == 1 { "1 order".to_owned() } else { format!("{orders} orders") }))
        .collect();
    let rows: Vec<_> = subjects(lines, task)
        .into_iter()
        .map(|subject| {
            let cells = COUNTS.map(|orders| {
                let own = median(lines, plain(orders), task, ours);
                match (median(lines, plain(orders), task, subject), own) {
                    (Some(median), Some(_)) if subject == ours => shown(median),
                    (Some(median), Some(own)) => format!("{} ({:.1}×)", shown(median), median / own),
                    _ => String::new(),
                }
            });
            std::iter::once(subject.to_owned()).chain(cells).collect()
        })
        .collect();
    table(&head, &rows)
}

fn other_table(lines: &[Line], task: &str, ours: &str) -> String {
    let requests: Vec<Request> = [("ascii", false), ("cyrillic", true), ("cyrillic", false)]
        .into_iter()
        .flat_map(|(text, valid)| [100, 10_000].map(|orders| Request { orders, text, valid }))
        .filter(|request| median(lines, *request, task, ours).is_some())
        .collect();
    let name = |request: &Request| {
        format!("{} {}{}", request.orders, request.text, if request.valid { "" } else { ", 1 % invalid" })
    };
    let head: Vec<_> = std::iter::once(String::new()).chain(requests.iter().map(name)).collect();
    let rows: Vec<_> = subjects(lines, task)
        .into_iter()
        .map(|subject| {
            let cells = requests.iter().map(|request| {
                let own = median(lines, *request, task, ours);
                match (median(lines, *request, task, subject), own) {
                    (Some(median), Some(_)) if subject == ours => format!("{} µs", shown(median)),
                    (Some(median), Some(own)) => format!("{:.1}×", median / own),
                    _ => String::new(),
                }
            });
            std::iter::once(subject.to_owned()).chain(cells).collect()
        })
        .collect();
    table(&head, &rows)
}

/// Microseconds with three digits or so.
fn shown(microseconds: f64) -> String {
    match microseconds {
        small if small < 10.0 => format!("{small:.2}"),
        middle if middle < 100.0 => format!("{middle:.1}"),
        large => format!("{large:.0}"),
    }
}

/// A floor and an aim on how many times our own time a peer's is, for some numbers of orders.
struct Goal {
    what: &'static str,
    task: &'static str,
    peer: &'static str,
    counts: &'static [u32],
    floor: f64,
    aim: Option<f64>,
}

impl Goal {
    const fn new(
        what: &'static str,
        task: &'static str,
        peer: &'static str,
        counts: &'static [u32],
        floor: f64,
        aim: Option<f64>,
    ) -> Self {
        Self { what, task, peer, counts, floor, aim }
    }
}

const MANY: &[u32] = &[100, 10_000, 100_000];

const IN_NODE: [Goal; 3] = [
    Goal::new("Node, checking, to JSON.parse + ajv", "validate", "JSON.parse + ajv", MANY, 6.0, Some(10.0)),
    Goal::new("Node, checking one order, to JSON.parse + ajv", "validate", "JSON.parse + ajv", &[1], 3.0, None),
    Goal::new("Node, reading, to JSON.parse + ajv", "objects", "JSON.parse + ajv", MANY, 1.4, Some(2.0)),
];

const IN_PYTHON: [Goal; 5] = [
    Goal::new("Python, checking, to pydantic models", "validate", "pydantic models", MANY, 9.0, Some(15.0)),
    Goal::new("Python, checking, to pydantic TypedDict", "validate", "pydantic TypedDict", MANY, 7.0, None),
    Goal::new("Python, checking, to msgspec", "validate", "msgspec", MANY, 6.0, Some(10.0)),
    Goal::new("Python, checking one order, to msgspec", "validate", "msgspec", &[1], 1.0, None),
    Goal::new("Python, reading, to msgspec", "objects", "msgspec", MANY, 1.4, Some(2.0)),
];

fn goals(native: &[Line], node: &[Line], python: &[Line]) -> String {
    let head = ["", "floor", "aim", "measured"].map(str::to_owned);
    let in_node = IN_NODE.iter().map(|goal| (goal, node, NODE));
    let in_python = IN_PYTHON.iter().map(|goal| (goal, python, PYTHON));
    let mut rows: Vec<_> = in_node
        .chain(in_python)
        .map(|(goal, lines, ours)| {
            let ratios: Vec<_> = goal
                .counts
                .iter()
                .filter_map(|orders| {
                    let own = median(lines, plain(*orders), goal.task, ours)?;
                    let ratio = median(lines, plain(*orders), goal.task, goal.peer)? / own;
                    Some(format!("{ratio:.1}× ({orders})"))
                })
                .collect();
            let aim = goal.aim.map_or_else(String::new, |aim| format!("{aim}×"));
            vec![goal.what.to_owned(), format!("{}×", goal.floor), aim, ratios.join(", ")]
        })
        .collect();
    let speeds: Vec<_> = MANY
        .iter()
        .filter_map(|orders| {
            let is_it = |line: &&Line| line.orders == *orders && line.text == "ascii" && line.valid;
            let line = native.iter().filter(is_it).find(|line| line.task == "validate" && line.subject == NATIVE)?;
            #[expect(clippy::cast_precision_loss, reason = "a speed, to be read by people")]
            let speed = line.bytes as f64 / line.microseconds / 1000.0;
            Some(format!("{speed:.2} GB/s ({orders})"))
        })
        .collect();
    rows.push(vec!["native, checking".to_owned(), String::new(), "2 GB/s".to_owned(), speeds.join(", ")]);
    table(&head, &rows)
}
