//! Compiles the Rust functions, and other binaries, for this machine.
//!
//! A function is a folder below `lambdas/rust` with a `src/main.rs`; its crate is `gridbid-<folder>` and its binary is
//! called like the folder. Each is built by a call of its own: built together, cargo would give all of them the
//! adapters that any one of them asks for. Called by `package` and by `delivery`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, OnFile};
use crate::layout::Layout;
use crate::progress::Step;
use crate::requirements::Tool;
use crate::subprocess::Subprocess;

/// A first build of one function compiles the AWS SDK, with all optimisations.
const LIMIT: Duration = Duration::from_secs(3600);

/// A function that was compiled.
#[derive(Debug)]
pub struct Binary {
    /// The function's name.
    pub name: String,
    /// Its executable.
    pub executable: PathBuf,
}

/// Compiles every function.
///
/// # Errors
/// When there is none or one does not compile.
pub fn build_all(layout: &Layout, cargo: &Tool, step: &Step) -> Result<Vec<Binary>, Failure> {
    let names = names(layout)?;
    names.into_iter().map(|name| build(layout, cargo, name, step)).collect()
}

fn names(layout: &Layout) -> Result<Vec<String>, Failure> {
    let folder = layout.rust_functions();
    let mut names: Vec<String> = fs::read_dir(&folder)
        .on_file("read", &folder)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("src").join("main.rs").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(Failure::new(format!("no folder in {} is a function", layout.shown(&folder))));
    }
    Ok(names)
}

/// Compiles one function, or another crate `gridbid-<name>` with a binary of that name.
///
/// # Errors
/// When it does not compile.
pub fn build(layout: &Layout, cargo: &Tool, name: String, step: &Step) -> Result<Binary, Failure> {
    let executable = compile(layout, cargo, &format!("gridbid-{name}"), &name, "release", step)?;
    Ok(Binary { executable, name })
}

/// Compiles one package and hands back its binary of a name.
///
/// # Errors
/// When it does not compile or has no such binary.
pub fn compile(
    layout: &Layout,
    cargo: &Tool,
    package: &str,
    name: &str,
    profile: &str,
    step: &Step,
) -> Result<PathBuf, Failure> {
    let log = layout.log(&format!("build-{name}"));
    let messages = Subprocess::new(&cargo.path, &log, LIMIT)
        .inside(layout.root())
        .args(["build", "--profile", profile, "--locked", "--message-format=json-render-diagnostics"])
        .args(["--package", package])
        .output(step)
        .map_err(|failure| failure.with_todo(format!("`cargo check -p {package}` shows the same errors sooner")))?;
    let missing = || Failure::new(format!("the crate {package} has no binary called {name}")).with_log(&log);
    messages.lines().find_map(|line| executable(line, name)).ok_or_else(missing)
}

/// The executable that a message of cargo's tells, when it is the wanted one.
fn executable(message: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = message.get("target")?;
    let is_binary = target.get("kind")?.as_array()?.iter().any(|kind| kind == "bin");
    let executable = message.get("executable")?.as_str()?;
    (is_binary && target.get("name")? == name).then(|| PathBuf::from(executable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_binary_of_that_name_is_taken() {
        let message = |kind: &str, name: &str| {
            serde_json::json!({"target": {"kind": [kind], "name": name}, "executable": "/t/release/x"}).to_string()
        };
        assert_eq!(executable(&message("bin", "orders-api"), "orders-api"), Some(PathBuf::from("/t/release/x")));
        assert_eq!(executable(&message("bin", "close-run"), "orders-api"), None);
        assert_eq!(executable(&message("example", "orders-api"), "orders-api"), None);
        assert_eq!(executable("not json", "orders-api"), None);
    }
}
