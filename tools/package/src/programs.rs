//! Compiles the Rust functions and the other programs for this machine.
//!
//! A function is a folder below `lambdas/rust` with a `src/main.rs`; its crate is `gridbid-<folder>` and its binary has the
//! name of the folder. With the profile `local`, one cargo call compiles the workspace, so that nothing is compiled twice; every
//! function then links the adapters that any function enables. With the profile `release`, one cargo call compiles each
//! function, which links only what it uses, as in production.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use gridbid_devkit::cargo::{PROFILE, WORKSPACE, cargo};
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::Tool;
use gridbid_release_format::Profile;
use serde_json::Value;

/// A compiled function.
#[derive(Clone, Debug)]
pub struct Binary {
    /// The function's name.
    pub name: String,
    /// Its executable.
    pub executable: PathBuf,
}

/// The programs that a local system needs besides its functions.
#[derive(Clone, Debug)]
pub struct HostPrograms {
    /// The delivery command `gridbid`.
    pub gridbid: PathBuf,
    /// The simulators `gridbid-simulators`.
    pub simulators: PathBuf,
}

/// The compiled programs of the workspace.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The functions.
    pub functions: Vec<Binary>,
    /// The other programs of a local system.
    pub host: HostPrograms,
    /// The command `gridbid-bindgen`.
    pub bindgen: PathBuf,
}

/// Compiles the functions with the profile of the layout, and the other programs.
///
/// # Errors
/// When there is no function or compilation fails.
pub fn build_all(layout: &Layout, tool: &Tool, step: &Step) -> Result<Programs, Failure> {
    let mut binaries = compile(layout, tool, "build", PROFILE, &[&WORKSPACE[..], &["--bins"]].concat(), step)?;
    let mut take = |name: &str| {
        let missing = || Failure::new(format!("the workspace has no binary called {name}"));
        binaries.remove(name).ok_or_else(missing)
    };
    let host = HostPrograms { gridbid: take("gridbid")?, simulators: take("gridbid-simulators")? };
    let bindgen = take("gridbid-bindgen")?;
    let functions = names(layout)?;
    let functions = match layout.profile() {
        Profile::Local => {
            let binary = |name: String| Ok(Binary { executable: take(&name)?, name });
            functions.into_iter().map(binary).collect::<Result<_, Failure>>()?
        }
        Profile::Release => {
            functions.into_iter().map(|name| build_release(layout, tool, name, step)).collect::<Result<_, _>>()?
        }
    };
    Ok(Programs { functions, host, bindgen })
}

/// The names of the functions, sorted.
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

/// Compiles the crate `gridbid-<name>`, which has a binary of that name, as for production.
///
/// # Errors
/// When compilation fails or there is no such binary.
pub fn build_release(layout: &Layout, tool: &Tool, name: String, step: &Step) -> Result<Binary, Failure> {
    let executable = compile_one(layout, tool, &name, "release", &["--package", &format!("gridbid-{name}")], step)?;
    Ok(Binary { executable, name })
}

/// Compiles one program of the workspace for this machine, reusing what [`build_all`] has compiled.
///
/// # Errors
/// When compilation fails or there is no such binary.
pub fn build_program(layout: &Layout, tool: &Tool, name: &str, step: &Step) -> Result<PathBuf, Failure> {
    compile_one(layout, tool, name, PROFILE, &[&WORKSPACE[..], &["--bin", name]].concat(), step)
}

fn compile_one(
    layout: &Layout,
    tool: &Tool,
    name: &str,
    profile: &str,
    selection: &[&str],
    step: &Step,
) -> Result<PathBuf, Failure> {
    let log = format!("build-{name}");
    let mut binaries = compile(layout, tool, &log, profile, selection, step)?;
    let missing = || Failure::new(format!("there is no binary called {name}")).with_log(layout.log(&log));
    binaries.remove(name).ok_or_else(missing)
}

/// Compiles packages and returns their binaries by name.
fn compile(
    layout: &Layout,
    tool: &Tool,
    log: &str,
    profile: &str,
    selection: &[&str],
    step: &Step,
) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let messages = cargo(layout, tool, log, ["build", "--profile", profile, "--locked"])
        .args(["--message-format=json-render-diagnostics"])
        .args(selection)
        .output(step)
        .map_err(|failure| failure.with_hint("`cargo check` shows the same errors sooner"))?;
    Ok(messages.lines().filter_map(executable).collect())
}

/// The name and the path of the binary in a message of cargo; none for any other message.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = message.get("target")?;
    let is_binary = target.get("kind")?.as_array()?.iter().any(|kind| kind == "bin");
    let executable = message.get("executable")?.as_str()?;
    let name = target.get("name")?.as_str()?;
    is_binary.then(|| (name.to_owned(), PathBuf::from(executable)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_binaries_are_read_from_messages_of_cargo() {
        let message = |kind: &str, name: &str| {
            serde_json::json!({"target": {"kind": [kind], "name": name}, "executable": "/t/release/x"}).to_string()
        };
        let expected = ("orders-api".to_owned(), PathBuf::from("/t/release/x"));
        assert_eq!(executable(&message("bin", "orders-api")), Some(expected));
        assert_eq!(executable(&message("example", "orders-api")), None);
        assert_eq!(executable("not json"), None);
    }
}
