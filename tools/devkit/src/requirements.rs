//! The tools that must be on the PATH, each with its oldest accepted version and how to install it.
//!
//! [`find_all`] checks every tool before a command starts anything and reports all problems at once. The user's settings
//! (`TF_CLI_ARGS`, `NODE_OPTIONS`, `PYTHONHOME`, ...) are hidden from a tool when it reports its version.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::failure::Failure;

/// A tool that the user has to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The names of its executable, in order of preference.
    names: &'static [&'static str],
    /// Its name in messages.
    title: &'static str,
    /// The arguments that make it print its version.
    version_arguments: &'static [&'static str],
    /// The oldest accepted version; any version where there is none.
    at_least: Option<(u32, u32)>,
    /// The first major version that is not accepted.
    below: Option<u32>,
    /// A part that packagers ship separately.
    part: Option<Part>,
    /// How to install it.
    install: &'static str,
}

/// A part of a tool that can be missing when the tool is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// The arguments that make the tool fail without this part.
    arguments: &'static [&'static str],
    /// Completes the message "Python 3.12.1 is on the PATH, but ...".
    complaint: &'static str,
    /// How to install it.
    install: &'static str,
}

/// The fields that most requirements have in common.
const ANY: Requirement = Requirement {
    names: &[],
    title: "",
    version_arguments: &["--version"],
    at_least: None,
    below: None,
    part: None,
    install: "",
};

/// cargo.
pub const CARGO: Requirement = Requirement {
    names: &["cargo"],
    title: "cargo",
    at_least: Some((1, 95)),
    install: "install Rust with rustup; `rust-toolchain.toml` then selects the version",
    ..ANY
};

/// A C compiler, for ring and other crates with C sources.
pub const C_COMPILER: Requirement = Requirement {
    names: &["cc", "gcc", "clang"],
    title: "a C compiler (cc, gcc or clang)",
    install: "install gcc or clang from your package manager (Debian, Ubuntu: apt install build-essential; \
              macOS: xcode-select --install)",
    ..ANY
};

/// Terraform.
pub const TERRAFORM: Requirement = Requirement {
    names: &["terraform"],
    title: "Terraform",
    version_arguments: &["version"],
    at_least: Some((1, 11)),
    below: Some(2),
    install: "install Terraform 1.11 or newer from your package manager or from HashiCorp's download page",
    ..ANY
};

/// Python with the modules for virtual environments.
pub const PYTHON: Requirement = Requirement {
    names: &["python3", "python3.14", "python3.13", "python3.12", "python3.11"],
    title: "Python",
    at_least: Some((3, 11)),
    below: Some(4),
    part: Some(Part {
        // Debian ships ensurepip and its wheels separately; a Python built without OpenSSL reaches no index.
        arguments: &["-I", "-c", "import ensurepip, ssl, venv; ensurepip.version()"],
        complaint: "cannot make virtual environments: `import ensurepip, ssl, venv` fails",
        install: "install Python's venv module (Debian, Ubuntu: apt install python3-venv)",
    }),
    install: "install Python 3.11 or newer from your package manager (Debian, Ubuntu: apt install python3 python3-venv)",
    ..ANY
};

/// Node.js.
pub const NODE: Requirement = Requirement {
    names: &["node"],
    title: "Node.js",
    at_least: Some((20, 0)),
    install: "install Node.js 20 or newer from your package manager",
    ..ANY
};

/// npm, which comes with Node.js.
pub const NPM: Requirement = Requirement {
    names: &["npm"],
    title: "npm",
    at_least: Some((9, 0)),
    install: "install npm; it usually comes with Node.js",
    ..ANY
};

/// A browser for the browser tests: the first version with import maps and WASM SIMD.
pub const CHROMIUM: Requirement = Requirement {
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "Google Chrome", "Chromium"],
    title: "Chromium or Chrome",
    at_least: Some((91, 0)),
    install: "install Chromium or Chrome, or name one in the environment variable CHROMIUM",
    ..ANY
};

/// An installed tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The path of its executable.
    pub path: PathBuf,
    /// Its version, for example `1.11.4`.
    pub version: String,
}

/// Why a tool cannot be used.
#[derive(Debug)]
struct Problem {
    message: String,
    install: &'static str,
}

/// Finds all tools on the PATH, in the order of the requirements.
///
/// # Errors
/// One failure that names every tool which is missing or cannot be used, and how to install it.
pub fn find_all<const N: usize>(requirements: [&Requirement; N]) -> Result<[Tool; N], Failure> {
    let folders = search_path();
    let mut tools = Vec::with_capacity(N);
    let mut problems = Vec::new();
    for requirement in requirements {
        match requirement.look_in(&folders) {
            Ok(tool) => tools.push(tool),
            Err(problem) => problems.push(problem),
        }
    }
    // With a problem there are too few tools for the array.
    tools.try_into().map_err(|_| failure(&problems))
}

impl Requirement {
    /// A tool that cargo installs.
    #[must_use]
    pub const fn of_cargo(
        names: &'static [&'static str],
        version_arguments: &'static [&'static str],
        at_least: (u32, u32),
    ) -> Self {
        let title = match names {
            [title, ..] => title,
            [] => "a tool",
        };
        Self { names, title, version_arguments, at_least: Some(at_least), install: "install it with cargo", ..ANY }
    }

    /// Finds the tool on the PATH.
    ///
    /// # Errors
    /// When it is missing or cannot be used; the hint says how to install it.
    pub fn find(&self) -> Result<Tool, Failure> {
        self.find_in(&search_path())
    }

    /// Finds the tool in a list of folders.
    ///
    /// # Errors
    /// As [`Requirement::find`].
    pub fn find_in(&self, folders: &OsStr) -> Result<Tool, Failure> {
        self.look_in(folders).map_err(|problem| failure(&[problem]))
    }

    /// Accepts one file as the tool.
    ///
    /// # Errors
    /// When it is missing or cannot be used; the hint says how to install it.
    pub fn check_file(&self, path: PathBuf) -> Result<Tool, Failure> {
        self.check(path).map_err(|problem| failure(&[problem]))
    }

    /// The first usable executable among the tool's names, or else the problem with the first that exists.
    fn look_in(&self, folders: &OsStr) -> Result<Tool, Problem> {
        let mut problem = None;
        for path in self.names.iter().filter_map(|name| first_in(folders, name)) {
            match self.check(path) {
                Ok(tool) => return Ok(tool),
                Err(found) => _ = problem.get_or_insert(found),
            }
        }
        Err(problem.unwrap_or_else(|| self.problem(format!("{} is not on the PATH", self.wanted()))))
    }

    /// Runs an executable to see whether it can be used.
    fn check(&self, path: PathBuf) -> Result<Tool, Problem> {
        let title = self.title;
        let version = version_of(&path, self.version_arguments).map_err(|reason| {
            self.problem(format!("{title} does not report its version: `{}` {reason}", path.display()))
        })?;
        if !self.is_enough(&version) {
            return Err(self.problem(format!("{title} {version} is on the PATH, but {} is needed", self.range())));
        }
        match self.part {
            Some(part) if !succeeds(&path, part.arguments) => Err(Problem {
                message: format!("{title} {version} is on the PATH, but {}", part.complaint),
                install: part.install,
            }),
            _ => Ok(Tool { path, version }),
        }
    }

    fn problem(&self, message: String) -> Problem {
        Problem { message, install: self.install }
    }

    fn wanted(&self) -> String {
        match self.at_least {
            Some((major, minor)) => format!("{} ({major}.{minor} or newer)", self.title),
            None => self.title.to_owned(),
        }
    }

    fn range(&self) -> String {
        let (major, minor) = self.at_least.unwrap_or_default();
        match self.below {
            Some(below) => format!("{major}.{minor} or newer, below {below},"),
            None => format!("{major}.{minor} or newer"),
        }
    }

    fn is_enough(&self, version: &str) -> bool {
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        self.at_least.is_none_or(|oldest| found >= oldest) && self.below.is_none_or(|below| found.0 < below)
    }
}

/// One problem as a message with a hint, several as a list.
fn failure(problems: &[Problem]) -> Failure {
    if let [Problem { message, install }] = problems {
        return Failure::new(message).with_hint(format!("{install}, or enter `nix develop`"));
    }
    let mut message = format!("{} tools are missing or cannot be used:", problems.len());
    for problem in problems {
        // Writing to a String cannot fail.
        let _ = write!(message, "\n    {}: {}", problem.message, problem.install);
    }
    Failure::new(message).with_hint("install each of them, or enter `nix develop`")
}

fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

fn first_in(folders: &OsStr, name: &str) -> Option<PathBuf> {
    env::split_paths(folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The first word of the tool's output that looks like a version, or else the reason why there is none.
fn version_of(path: &Path, arguments: &[&str]) -> Result<String, String> {
    let Output { status, stdout, stderr } =
        run(path, arguments).map_err(|error| format!("cannot be started: {error}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if !status.success() {
        let reason = stderr.lines().chain(stdout.lines()).map(str::trim).find(|line| !line.is_empty());
        return Err(format!("failed ({status}){}", reason.map(|line| format!(": {line}")).unwrap_or_default()));
    }
    stdout.split_ascii_whitespace().find_map(version_in).ok_or_else(|| "printed none".to_owned())
}

fn succeeds(path: &Path, arguments: &[&str]) -> bool {
    run(path, arguments).is_ok_and(|output| output.status.success())
}

/// Runs a tool without the user's settings for it.
fn run(path: &Path, arguments: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in env::vars_os().filter(|(name, _)| is_setting(name)) {
        command.env_remove(name);
    }
    command.env("CHECKPOINT_DISABLE", "1").output()
}

/// Whether a variable changes how one of the tools runs.
fn is_setting(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["TF_", "NODE_", "PYTHON"].iter().any(|prefix| name.starts_with(prefix))
        || name.to_ascii_lowercase().starts_with("npm_config_")
}

fn version_in(word: &str) -> Option<String> {
    let word = word.trim_start_matches('v');
    let numbers: String = word.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let numbers = numbers.trim_end_matches('.');
    (numbers.contains('.') && numbers.starts_with(|c: char| c.is_ascii_digit())).then(|| numbers.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_the_output_of_tools() {
        let first = |text: &str| text.split_ascii_whitespace().find_map(version_in);
        assert_eq!(first("Terraform v1.11.4\non linux_amd64").as_deref(), Some("1.11.4"));
        assert_eq!(first("cargo 1.95.0 (f2d3ce0bd 2026-03-21)").as_deref(), Some("1.95.0"));
        assert_eq!(first("Python 3.13.0rc2").as_deref(), Some("3.13.0"));
        assert_eq!(first("v20.20.2").as_deref(), Some("20.20.2"));
        assert_eq!(first("pyenv: no such command"), None);
    }

    #[test]
    fn both_ends_of_the_range_are_checked() {
        assert!(TERRAFORM.is_enough("1.11.0"));
        assert!(TERRAFORM.is_enough("1.20.3"));
        assert!(!TERRAFORM.is_enough("1.10.9"));
        assert!(!TERRAFORM.is_enough("2.0.0"));
        assert!(!PYTHON.is_enough("3.9.18"));
        assert!(NODE.is_enough("24.1.0"));
    }
}
