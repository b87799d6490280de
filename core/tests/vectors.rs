//! Runs `vectors/*.json`, the cases that every language runs; see `vectors/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use gridbid_core::batch::{self, Limits};
use gridbid_core::violation::Code;
use gridbid_core::wire;
use serde_json::{Value, json};

/// The cases of every file, each with the file's name before its own.
fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            for case in file["cases"].as_array().unwrap() {
                cases.push((format!("{stem}: {}", case["name"].as_str().unwrap()), case.clone()));
            }
        }
    }
    cases
}

/// Concatenates the parts of an input.
fn bytes(input: &Value) -> Vec<u8> {
    match input {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        part => match part["hex"].as_str() {
            Some(hex) => {
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
            }
            None => {
                let times = part["times"].as_u64().unwrap();
                let texts: Vec<_> =
                    (0..times).map(|time| part["of"].as_str().unwrap().replace('#', &time.to_string())).collect();
                texts.join(part["join"].as_str().unwrap_or("")).into_bytes()
            }
        },
    }
}

fn limits(case: &Value) -> Limits {
    let mut limits = Limits::default();
    for (name, limit) in case["limits"].as_object().into_iter().flatten() {
        let limit = u32::try_from(limit.as_u64().unwrap()).unwrap();
        match name.as_str() {
            "orders" => limits.orders = limit,
            "bytes" => limits.bytes = limit,
            "depth" => limits.depth = u8::try_from(limit).unwrap(),
            "listed" => limits.listed = limit,
            other => panic!("unknown limit `{other}`"),
        }
    }
    limits
}

/// The result of a request, in the form of the case's expectation.
fn of_body(case: &Value) -> Value {
    match batch::parse(&bytes(&case["body"]), &limits(case)) {
        Ok(batch) => {
            let orders: Vec<_> = batch
                .orders()
                .iter()
                .map(|order| {
                    json!([order.record_id.as_str(), order.parameter_1.as_str(), order.parameter_2.to_string()])
                })
                .collect();
            if case["orders"].is_object() {
                json!({"orders": {"count": orders.len(), "first": orders.first(), "last": orders.last()}})
            } else {
                json!({ "orders": orders })
            }
        }
        Err(report) => {
            let json = report.to_json();
            let body = bytes(&case["body"]);
            assert_eq!(json, batch::validate(&body, &limits(case)).report_json(&body));
            serde_json::from_str(&json).unwrap()
        }
    }
}

fn of_answer(case: &Value) -> Value {
    let actual: Value = serde_json::from_str(&wire::parse_results(&bytes(&case["answer"]))).unwrap();
    match actual["orders"].as_array() {
        Some(orders) => {
            assert_eq!(actual["ready"], true);
            json!({"lines": orders.iter().map(|order| format!("{}\n", order.as_str().unwrap())).collect::<String>()})
        }
        None => actual,
    }
}

fn of_order(case: &Value) -> Value {
    serde_json::from_str(&wire::decide_order(&bytes(&case["order"]))).unwrap()
}

#[test]
fn vectors_have_their_expected_results() {
    let mut wrong = Vec::new();
    let cases = cases();
    for (name, case) in &cases {
        let mut expected = case.clone();
        let (input, actual) = match case {
            case if !case["body"].is_null() => ("body", of_body(case)),
            case if !case["answer"].is_null() => ("answer", of_answer(case)),
            case => ("order", of_order(case)),
        };
        let members = expected.as_object_mut().unwrap();
        members.retain(|name, _| !["name", "limits", input].contains(&name.as_str()));
        if let Some(lines @ Value::Array(_)) = members.get_mut("lines") {
            *lines = String::from_utf8(bytes(lines)).unwrap().into();
        }
        if actual != expected {
            wrong.push(format!("{name}\n  expected {expected}\n  actual   {actual}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} vectors:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn vector_names_are_unique() {
    let cases = cases();
    assert!(cases.len() >= 150, "{} vectors", cases.len());
    let names: BTreeSet<_> = cases.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), cases.len());
}

#[test]
fn codes_all_have_a_vector() {
    let cases = cases();
    let covered: BTreeSet<_> = cases
        .iter()
        .flat_map(|(_, case)| case["violations"].as_array().into_iter().flatten())
        .map(|violation| violation["code"].as_str().unwrap())
        .collect();
    let missing: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).filter(|code| !covered.contains(code)).collect();
    assert!(missing.is_empty(), "no vector for {missing:?}");
}
