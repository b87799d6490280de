//! The console of a release: the files of a static page.
//!
//! Each file is stored once in the artifacts bucket, under its digest. So a release uploads only the files that changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::name::ConsolePath;

/// The files of a console. Without files: the release has no console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Console {
    /// The files by path.
    pub files: BTreeMap<ConsolePath, ConsoleFile>,
}

/// A file of a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleFile {
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
}

impl Console {
    /// Whether there is no console.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The page, which selects the assets; `None` when there is no console.
    #[must_use]
    pub fn index(&self) -> Option<(&ConsolePath, ConsoleFile)> {
        self.files.iter().find(|(path, _)| path.is_index()).map(|(path, file)| (path, *file))
    }

    /// The files that the page loads.
    pub fn assets(&self) -> impl Iterator<Item = (&ConsolePath, ConsoleFile)> {
        self.files.iter().filter(|(path, _)| !path.is_index()).map(|(path, file)| (path, *file))
    }
}

impl ConsoleFile {
    /// Describes a file by its bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, sha256: Sha256::of(bytes) }
    }

    /// The file's key in the artifacts bucket.
    #[must_use]
    pub fn key(&self) -> String {
        format!("console/{}", self.sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_and_assets_are_separated_and_keyed_by_their_digests() {
        let names = ["index.html", "assets/main-1.js", "assets/core-2.wasm"];
        let files = names.map(|name| (name.parse().unwrap(), ConsoleFile::of(name.as_bytes())));
        let console = Console { files: files.into() };
        let (path, index) = console.index().unwrap();
        assert_eq!((path.as_str(), index.key()), ("index.html", format!("console/{}", Sha256::of(b"index.html"))));
        assert_eq!(console.assets().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), [names[2], names[1]]);
        let json = serde_json::to_string(&console).unwrap();
        assert!(json.starts_with(r#"{"assets/core-2.wasm":{"bytes":18,"sha256":""#), "{json}");
        assert_eq!(serde_json::from_str::<Console>(&json).unwrap(), console);
        assert!(Console::default().index().is_none());
    }
}
