//! The release file: what one commit built, in `releases/<commit>.json` of the artifacts bucket.
//!
//! It is written after every zip and file that it names and never changes. The workflows read the digests of `gridbid` from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::console::Console;
use crate::digest::Sha256;
use crate::manifest::{Architecture, Function, Manifest, Profile};
use crate::name::{FunctionName, ReleaseId};
use crate::timestamp::Timestamp;

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The commit.
    pub release: ReleaseId,
    /// The commit's time, for people. Which of two releases is older is for the history of their commits to say.
    pub committed_at: Timestamp,
    /// The cargo profile of the functions; [`Profile::Release`] in files from before it was recorded.
    #[serde(default)]
    pub profile: Profile,
    /// The functions, as in `functions.json`.
    pub functions: BTreeMap<FunctionName, Function>,
    /// The console; empty in releases without one.
    #[serde(default, skip_serializing_if = "Console::is_empty")]
    pub console: Console,
    /// The digests of the delivery binaries of the same commit, by the processor that they run on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gridbid: BTreeMap<Architecture, Sha256>,
}

impl Release {
    /// The release file's key in the artifacts bucket.
    #[must_use]
    pub fn key(id: &ReleaseId) -> String {
        format!("releases/{id}.json")
    }

    /// The key of the release's delivery binary for a processor.
    #[must_use]
    pub fn gridbid_key(id: &ReleaseId, architecture: Architecture) -> String {
        format!("releases/{id}/gridbid-{architecture}")
    }

    /// The release's `functions.json`.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        Manifest { profile: self.profile, functions: self.functions.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_file_without_a_profile_holds_functions_for_production() {
        let commit = "0".repeat(40);
        let json = |profile: &str| {
            format!(r#"{{"release": "{commit}", "committed_at": "2026-11-22T07:05:00Z", {profile} "functions": {{}}}}"#)
        };
        let profile = |member: &str| serde_json::from_str::<Release>(&json(member)).unwrap().profile;
        assert_eq!(profile(""), Profile::Release);
        assert_eq!(profile(r#""profile": "local","#), Profile::Local);
    }
}
