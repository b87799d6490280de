//! The tools that must be on the PATH, each with the oldest version that is enough and how to get it.
//!
//! A command asks for what it needs before it starts anything. Tools that cargo can install are `cargo_tools`' and
//! MiniStack is `venv`'s.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// A tool that somebody else has to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The names that it goes by, the wanted one first.
    names: &'static [&'static str],
    /// Its name as people write it.
    title: &'static str,
    /// Makes it tell its version.
    version_arguments: &'static [&'static str],
    /// The oldest version that is enough.
    at_least: (u32, u32),
    /// The first major version that is not known to work.
    below: Option<u32>,
    /// How to get it.
    install: &'static str,
}

/// cargo, which is there when xtask was started by it.
pub const CARGO: Requirement = Requirement {
    names: &["cargo"],
    title: "cargo",
    version_arguments: &["--version"],
    at_least: (1, 95),
    below: None,
    install: "install Rust with rustup; `rust-toolchain.toml` then chooses the version",
};

/// Terraform.
pub const TERRAFORM: Requirement = Requirement {
    names: &["terraform"],
    title: "Terraform",
    version_arguments: &["version"],
    at_least: (1, 11),
    below: Some(2),
    install: "install Terraform 1.11 or newer from your package manager or from HashiCorp's download page",
};

/// Python, for MiniStack.
pub const PYTHON: Requirement = Requirement {
    names: &["python3", "python3.14", "python3.13", "python3.12", "python3.11"],
    title: "Python",
    version_arguments: &["--version"],
    at_least: (3, 11),
    below: Some(4),
    install: "install Python 3.11 or newer from your package manager (Debian, Ubuntu: apt install python3 python3-venv)",
};

/// Node.js, for the validator of the state machine.
pub const NODE: Requirement = Requirement {
    names: &["node"],
    title: "Node.js",
    version_arguments: &["--version"],
    at_least: (20, 0),
    below: None,
    install: "install Node.js 20 or newer from your package manager",
};

/// npm, which comes with Node.js.
pub const NPM: Requirement = Requirement {
    names: &["npm"],
    title: "npm",
    version_arguments: &["--version"],
    at_least: (9, 0),
    below: None,
    install: "install npm; it usually comes with Node.js",
};

/// A tool that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Where it lies.
    pub path: PathBuf,
    /// Its version, as it tells it: `1.11.4`.
    pub version: String,
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
        Self { names, title, version_arguments, at_least, below: None, install: "install it with cargo" }
    }

    /// Finds the tool on the PATH.
    ///
    /// # Errors
    /// One sentence when it is missing or too old, and how to get it.
    pub fn find(&self) -> Result<Tool, Failure> {
        self.find_in(&env::var_os("PATH").unwrap_or_default())
    }

    /// Finds the tool in a list of folders.
    ///
    /// # Errors
    /// As [`Requirement::find`].
    pub fn find_in(&self, folders: &OsStr) -> Result<Tool, Failure> {
        let mut too_old = None;
        for path in self.names.iter().filter_map(|name| first_in(folders, name)) {
            let Some(version) = told_version(&path, self.version_arguments) else { continue };
            if self.is_enough(&version) {
                return Ok(Tool { path, version });
            }
            too_old.get_or_insert(version);
        }
        let (major, minor) = self.at_least;
        let title = self.title;
        let sentence = match too_old {
            Some(found) => format!("{title} {found} is on the PATH, but {}", self.wanted()),
            None => format!("{title} ({major}.{minor} or newer) is not on the PATH"),
        };
        Err(Failure::new(sentence).with_todo(format!("{}, or enter `nix develop`", self.install)))
    }

    fn wanted(&self) -> String {
        let (major, minor) = self.at_least;
        match self.below {
            Some(below) => format!("{major}.{minor} or newer, below {below}, is needed"),
            None => format!("{major}.{minor} or newer is needed"),
        }
    }

    fn is_enough(&self, version: &str) -> bool {
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        found >= self.at_least && self.below.is_none_or(|below| found.0 < below)
    }
}

fn first_in(folders: &OsStr, name: &str) -> Option<PathBuf> {
    env::split_paths(folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The first word of the tool's answer that looks like a version.
fn told_version(path: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(path);
    let told = command.args(arguments).stdin(Stdio::null()).env("CHECKPOINT_DISABLE", "1").output().ok()?;
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    text.split_ascii_whitespace().find_map(version_in)
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
    fn versions_are_found_in_what_tools_say() {
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
