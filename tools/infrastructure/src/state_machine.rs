//! The state machine's definition is valid Amazon States Language, and names the errors that the functions raise.
//!
//! The names are read from `HandlerError` in `adapters`, which documents them. The validator is an npm package. It must also
//! refuse a definition with a broken transition, because a validator that accepts everything checks nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::files::collect;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::npm;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::{NODE, Tool};
use gridbid_devkit::subprocess::Subprocess;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(300);

/// The source with the names of the functions' errors.
pub const ERRORS: &str = "lambdas/rust/adapters/src/error.rs";
/// The error that the state machine neither retries nor catches by name: it fails the run.
const UNHANDLED: &str = "ContractBroken";

/// Checks that the errors without a prefix that the state machine retries or catches are those that the functions raise.
///
/// # Errors
/// When it names an error that no function raises, or does not name one that a function raises.
pub fn check_error_names(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    context.step("error names", |_| {
        let file = layout.file(ERRORS);
        let raised = raised(&fs::read_to_string(&file).on_file("read", &file)?);
        if !raised.contains(UNHANDLED) {
            return Err(Failure::new(format!("`{ERRORS}` names no error `{UNHANDLED}`")));
        }
        let expected: BTreeSet<String> = raised.iter().filter(|name| *name != UNHANDLED).cloned().collect();
        for (definition, text) in definitions(layout)? {
            let states: Value = serde_json::from_slice(&text).on_file("parse", &definition)?;
            let named = named(&states);
            if named != expected {
                let message = format!(
                    "`{}` retries and catches {named:?}, functions raise {raised:?}",
                    layout.shown(&definition)
                );
                return Err(Failure::new(message).with_hint(format!("name all of them but {UNHANDLED}, and no others")));
            }
        }
        Ok(((), format!("{} raised by functions", raised.len())))
    })
}

/// The names of the errors in the source: the result of `name` for each variant.
fn raised(source: &str) -> BTreeSet<String> {
    let arms = source.lines().filter_map(|line| line.trim().strip_prefix("Self::")?.split_once("(_) => \""));
    arms.filter_map(|(_, rest)| rest.strip_suffix("\",")).map(str::to_owned).collect()
}

/// The names without a prefix in `ErrorEquals` at any depth.
fn named(states: &Value) -> BTreeSet<String> {
    match states {
        Value::Object(members) => {
            let own = members.get("ErrorEquals").and_then(Value::as_array).into_iter().flatten();
            let own = own.filter_map(Value::as_str).filter(|name| !name.contains('.')).map(str::to_owned);
            own.chain(members.values().flat_map(named)).collect()
        }
        Value::Array(values) => values.iter().flat_map(named).collect(),
        _ => BTreeSet::new(),
    }
}

/// Validates every definition below `terraform`.
///
/// # Errors
/// When one is invalid, or the validator is out of reach.
pub fn validate(context: &Context) -> Result<(), Failure> {
    let layout = &context.layout;
    let node = NODE.find()?;
    context.step("prepare npm packages", |step| Ok(((), npm::prepare(layout, step)?)))?;
    context.step("asl-validator", |step| {
        let definitions = definitions(layout)?;
        for (definition, text) in &definitions {
            validator(layout, &node, definition).run(step)?;
            check_refusal(layout, &node, definition, text, step)?;
        }
        Ok(((), format!("{} valid", definitions.len())))
    })
}

fn check_refusal(layout: &Layout, node: &Tool, definition: &Path, text: &[u8], step: &Step) -> Result<(), Failure> {
    let mut broken: Value = serde_json::from_slice(text).on_file("parse", definition)?;
    let Some(start) = broken.get_mut("StartAt") else {
        return Err(Failure::new(format!("`{}` has no StartAt", layout.shown(definition))));
    };
    *start = Value::from("Nowhere");
    let file = layout.npm().join("broken.asl.json");
    fs::write(&file, broken.to_string()).on_file("write", &file)?;
    if validator(layout, node, &file).status(step)?.success() {
        return Err(Failure::new("asl-validator accepts a state machine that starts at a missing state"));
    }
    Ok(())
}

fn validator(layout: &Layout, node: &Tool, definition: &Path) -> Subprocess {
    npm::node(node, layout.log("asl-validator"), LIMIT)
        .args([layout.npm().join("node_modules").join(".bin").join("asl-validator").as_os_str()])
        .args(["--json-path".as_ref(), definition.as_os_str()])
}

/// The definitions below `terraform` and their texts, sorted by path.
fn definitions(layout: &Layout) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let is_wanted = |name: &str| !name.starts_with('.');
    let mut files = Vec::new();
    collect(layout.root(), &layout.terraform(), &is_wanted, &mut files)?;
    files.retain(|(path, _)| path.ends_with(".asl.json"));
    files.sort();
    if files.is_empty() {
        return Err(Failure::new("no state machine (*.asl.json) is below terraform"));
    }
    Ok(files.into_iter().map(|(path, text)| (layout.file(&path), text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_source() {
        let source = "match self {\n  Self::OrderRejected(_) => \"OrderRejected\",\n  Self::Unavailable(_) => \"Unavailable\",\n}";
        assert_eq!(raised(source), BTreeSet::from(["OrderRejected".to_owned(), "Unavailable".to_owned()]));
    }

    #[test]
    fn names_without_a_prefix_are_found_at_any_depth() {
        let states = serde_json::json!({"States": {"A": {
            "Retry": [{"ErrorEquals": ["Unavailable", "Lambda.Unknown"]}],
            "ItemProcessor": {"States": {"B": {"Catch": [{"ErrorEquals": ["OrderRejected"]}, {"ErrorEquals": ["States.ALL"]}]}}},
        }}});
        assert_eq!(named(&states), BTreeSet::from(["OrderRejected".to_owned(), "Unavailable".to_owned()]));
    }
}
