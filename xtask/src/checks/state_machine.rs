//! The state machine's definition is valid Amazon States Language.
//!
//! The validator is an npm package (see `npm`). It is also shown a definition with a transition to nowhere, which it must refuse: a validator that says yes to everything is no check.
//! Called by `commands::test`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::npm;
use crate::progress::{Progress, Step};
use crate::requirements::{NODE, Tool};
use crate::subprocess::Subprocess;

const LIMIT: Duration = Duration::from_secs(300);

/// Validates every definition below `terraform`.
///
/// # Errors
/// When one is not valid, or the validator cannot be had.
pub fn validate(layout: &Layout, progress: &Progress) -> Result<(), Failure> {
    let node = NODE.find()?;
    progress.step("prepare npm's packages", |step| Ok(((), npm::prepare(layout, step)?)))?;
    progress.step("asl-validator", |step| {
        let definitions = definitions(&layout.terraform());
        if definitions.is_empty() {
            return Err(Failure::new("there is no state machine (*.asl.json) below terraform"));
        }
        for definition in &definitions {
            validator(layout, &node, definition).run(step)?;
            refuses_a_broken_one(layout, &node, definition, step)?;
        }
        Ok(((), format!("{} valid", definitions.len())))
    })
}

fn refuses_a_broken_one(layout: &Layout, node: &Tool, definition: &Path, step: &Step) -> Result<(), Failure> {
    let text = fs::read(definition).on_file("read", definition)?;
    let mut broken: Value = serde_json::from_slice(&text).on_file("understand", definition)?;
    let Some(start) = broken.get_mut("StartAt") else {
        return Err(Failure::new(format!("`{}` has no StartAt", layout.shown(definition))));
    };
    *start = Value::from("Nowhere");
    let file = layout.npm().join("broken.asl.json");
    fs::write(&file, broken.to_string()).on_file("write", &file)?;
    if validator(layout, node, &file).status(step)?.success() {
        return Err(Failure::new("asl-validator accepts a state machine that starts at a state that is not there"));
    }
    Ok(())
}

fn validator(layout: &Layout, node: &Tool, definition: &Path) -> Subprocess {
    Subprocess::new(&node.path, layout.log("asl-validator"), LIMIT)
        .args([layout.npm().join("node_modules").join(".bin").join("asl-validator").as_os_str()])
        .args(["--json-path".as_ref(), definition.as_os_str()])
}

fn definitions(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && !name.starts_with('.') {
            found.extend(definitions(&path));
        } else if name.ends_with(".asl.json") {
            found.push(path);
        }
    }
    found.sort();
    found
}
