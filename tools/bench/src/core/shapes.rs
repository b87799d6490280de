//! Shapes of requests, in all languages: a table with the weakest rows first, and a picture of the same figures.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::tables::microseconds;
use super::{Line, Measured};
use crate::document::table;

/// The texts of the requests that measure sizes. All others are names of shapes.
const SIZES: [&str; 2] = ["ascii", "cyrillic"];
/// Languages with Gridbid's name in them, the peers, and whether these check what Gridbid checks.
const LANGUAGES: [Language; 3] = [
    Language {
        name: "Node",
        ours: "@gridbid/core",
        peers: &[
            ("JSON.parse + ajv", "ajv", "#0072b2"),
            ("JSON.parse + typebox", "typebox", "#56b4e9"),
            ("JSON.parse + valibot", "valibot", "#009e73"),
            ("JSON.parse + zod", "zod", "#000000"),
        ],
        is_compared: true,
    },
    Language {
        name: "Python",
        ours: "gridbid",
        peers: &[
            ("msgspec", "msgspec", "#d55e00"),
            ("pydantic TypedDict", "pydantic", "#cc79a7"),
            ("orjson + jsonschema-rs", "orjson + jsonschema-rs", "#e69f00"),
        ],
        is_compared: true,
    },
    Language {
        name: "native",
        ours: "gridbid-core",
        peers: &[("serde_json, grammar alone", "serde_json, grammar alone", "#999999")],
        is_compared: false,
    },
];

struct Language {
    name: &'static str,
    ours: &'static str,
    /// Each peer's subject, short name and color.
    peers: &'static [(&'static str, &'static str, &'static str)],
    is_compared: bool,
}

/// A shape's figures in each language.
struct Row<'a> {
    request: String,
    figures: Vec<Figures<'a>>,
}

/// Gridbid's median, and each peer's divided by it; none where a peer cannot check the request.
struct Figures<'a> {
    language: &'a Language,
    ours: Option<f64>,
    peers: Vec<Option<f64>>,
}

impl Row<'_> {
    /// The smallest quotient of a peer with comparable checks.
    fn weakest(&self) -> f64 {
        let compared = self.figures.iter().filter(|figures| figures.language.is_compared);
        compared.flat_map(|figures| &figures.peers).flatten().copied().fold(f64::INFINITY, f64::min)
    }
}

/// The section and the picture.
pub(super) fn document(native: &[Line], node: &Measured, python: &Measured) -> (String, String) {
    let rows = rows([&node.results, &python.results, native]);
    let mut head = vec!["request".to_owned()];
    for language in &LANGUAGES {
        head.push(language.name.to_owned());
        head.extend(language.peers.iter().map(|(_, name, _)| (*name).to_owned()));
    }
    let cells = |row: &Row<'_>| {
        let mut cells = vec![row.request.clone()];
        for figures in &row.figures {
            cells.push(figures.ours.map(microseconds).unwrap_or_default());
            cells.extend(figures.peers.iter().map(|peer| peer.map(|times| format!("{times:.1}×")).unwrap_or_default()));
        }
        cells
    };
    let text = format!(
        "Checking what clients send: escapes, numbers, white space, key orders and violations, in 100 orders unless stated otherwise. \
         Every\nviolation is produced with its message. One run, medians. `×` is a peer's time divided by Gridbid's; below 1 the peer \
         is faster. The weakest\nrows come first; serde_json's grammar check, which reports nothing, does not count. An empty cell: the \
         peer finds nothing wrong, or cannot read the numbers.\n\n![Peers' times divided by Gridbid's for every shape](benchmarks-core.svg)\n\n{}",
        table(&head, &rows.iter().map(cells).collect::<Vec<_>>())
    );
    (text, picture(&rows))
}

/// The rows, weakest first.
fn rows<'a>(results: [&'a [Line]; 3]) -> Vec<Row<'a>> {
    let is_shape = |line: &&Line| line.task == "validate" && !SIZES.contains(&line.text.as_str());
    let [node, ..] = results;
    let names = node.iter().filter(|line| is_shape(line) && line.subject == "@gridbid/core").map(|line| &line.text);
    let mut rows: Vec<Row<'_>> = names
        .map(|name| {
            let figures = LANGUAGES.iter().zip(results).map(|(language, lines)| {
                let time = |subject: &str| {
                    let found = |line: &&Line| is_shape(line) && line.text == *name && line.subject == subject;
                    lines.iter().find(found).map(|line| line.microseconds)
                };
                let ours = time(language.ours);
                let peers = language.peers.iter().map(|(subject, ..)| Some(time(subject)? / ours?)).collect();
                Figures { language, ours, peers }
            });
            Row { request: name.clone(), figures: figures.collect() }
        })
        .collect();
    rows.sort_by(|one, other| one.weakest().partial_cmp(&other.weakest()).unwrap_or(Ordering::Equal));
    rows
}

const LABELS: f64 = 190.0;
const WIDTH: f64 = 900.0;
const ROW: f64 = 18.0;
const TOP: f64 = 62.0;
/// The smallest and the largest quotient of the logarithmic axis.
const AXIS: (f64, f64) = (0.125, 64.0);
const TICKS: [f64; 9] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// An SVG: a line for each shape, a mark for each peer, round in Node and square in Python, on a logarithmic axis.
fn picture(rows: &[Row<'_>]) -> String {
    let x = |times: f64| {
        let (low, high) = AXIS;
        LABELS + (times.clamp(low, high) / low).log2() / (high / low).log2() * (WIDTH - LABELS - 20.0)
    };
    let lines: Vec<(f64, &Row<'_>)> =
        rows.iter().zip(1_u32..).map(|(row, at)| (TOP + f64::from(at) * ROW, row)).collect();
    let bottom = lines.last().map_or(TOP, |(y, _)| *y) + ROW;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {bottom}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"18\" font-size=\"13\">Time of a peer divided by Gridbid's, checking; right of 1× Gridbid is faster</text>\n"
    );
    let mut legend = 10.0;
    for language in LANGUAGES.iter().filter(|language| language.is_compared) {
        for (_, name, color) in language.peers {
            mark(&mut out, language, legend + 4.0, 34.0, color);
            let label = format!("{name} ({})", language.name);
            let _ = writeln!(out, "<text x=\"{}\" y=\"38\">{label}</text>", legend + 12.0);
            legend += 30.0 + 5.6 * f64::from(u32::try_from(label.len()).unwrap_or(u32::MAX));
        }
    }
    for times in TICKS {
        let (at, color) = (x(times), if times == 1.0 { "#000" } else { "#ddd" });
        let _ = writeln!(out, "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"{color}\"/>");
        let _ = writeln!(out, "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{times}×</text>", TOP - 6.0);
    }
    for (y, row) in lines {
        let _ =
            writeln!(out, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", LABELS - 8.0, y + 4.0, row.request);
        for figures in row.figures.iter().filter(|figures| figures.language.is_compared) {
            for ((_, _, color), times) in figures.language.peers.iter().zip(&figures.peers) {
                if let Some(times) = times {
                    mark(&mut out, figures.language, x(*times), y, color);
                }
            }
        }
    }
    out.push_str("</svg>\n");
    out
}

fn mark(out: &mut String, language: &Language, x: f64, y: f64, color: &str) {
    let _ = match language.name {
        "Node" => writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\" fill-opacity=\".8\"/>"),
        _ => writeln!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\" fill=\"{color}\" fill-opacity=\".8\"/>",
            x - 3.5,
            y - 3.5
        ),
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn line(text: &str, subject: &str, microseconds: f64) -> Line {
        Line {
            orders: 100,
            text: text.to_owned(),
            valid: true,
            bytes: 8_200,
            task: "validate".to_owned(),
            subject: subject.to_owned(),
            microseconds,
        }
    }

    fn measured(results: Vec<Line>) -> Measured {
        Measured { machine: BTreeMap::new(), versions: BTreeMap::new(), cannot: BTreeMap::new(), results }
    }

    #[test]
    fn weakest_shape_comes_first_and_a_peer_that_cannot_check_it_is_left_empty() {
        let ajv = "JSON.parse + ajv";
        let node = measured(vec![
            line("ascii", "@gridbid/core", 1.0),
            line("plain", "@gridbid/core", 5.0),
            line("plain", ajv, 50.0),
            line("tabs", "@gridbid/core", 5.0),
            line("tabs", ajv, 10.0),
        ]);
        let python = measured(vec![line("tabs", "gridbid", 4.0)]);
        let native = [line("plain", "gridbid-core", 2.0), line("plain", "serde_json, grammar alone", 1.0)];
        let (text, picture) = document(&native, &node, &python);
        let rows: Vec<&str> =
            text.lines().filter(|line| line.starts_with("| tabs") || line.starts_with("| plain")).collect();
        assert_eq!(
            rows,
            [
                "| tabs | 5.00 µs | 2.0× |  |  |  | 4.00 µs |  |  |  |  |  |",
                "| plain | 5.00 µs | 10.0× |  |  |  |  |  |  |  | 2.00 µs | 0.5× |",
            ]
        );
        assert!(!text.contains("| ascii"));
        // The legend has seven marks.
        assert_eq!((picture.matches("<circle").count(), picture.matches("<rect x=").count()), (4 + 2, 3));
    }
}
