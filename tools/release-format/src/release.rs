//! The release file: what one commit built, in `releases/<commit>.json` of the artifacts bucket.
//!
//! It is written after every zip and file that it names and never changes. The workflows read the digest of `gridbid` from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::console::Console;
use crate::digest::Sha256;
use crate::manifest::{Function, Manifest, Profile};
use crate::name::{FunctionName, ReleaseId};
use crate::timestamp::Timestamp;

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The commit.
    pub release: ReleaseId,
    /// The commit's time: a release is older than another when its commit is.
    pub committed_at: Timestamp,
    /// The cargo profile of the functions; [`Profile::Release`] in files from before it was recorded.
    #[serde(default)]
    pub profile: Profile,
    /// The functions, as in `functions.json`.
    pub functions: BTreeMap<FunctionName, Function>,
    /// The console; empty in releases without one.
    #[serde(default, skip_serializing_if = "Console::is_empty")]
    pub console: Console,
    /// The digest of the delivery binary of the same commit, when one was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gridbid: Option<Sha256>,
}

impl Release {
    /// The release file's key in the artifacts bucket.
    #[must_use]
    pub fn key(id: &ReleaseId) -> String {
        format!("releases/{id}.json")
    }

    /// The key of the release's delivery binary.
    #[must_use]
    pub fn gridbid_key(id: &ReleaseId) -> String {
        format!("releases/{id}/gridbid")
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
