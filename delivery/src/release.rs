//! A release: what one commit built, as the artifacts bucket keeps it in `releases/<commit>.json`.
//!
//! It is written last, when every zip that it names is there, and never changes. The workflows read `gridbid` out of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cloud::Bucket;
use crate::failure::Failure;
use crate::manifest::{Function, Manifest, Profile};
use crate::moment::Moment;
use crate::names::{FunctionName, ReleaseId, Sha256};

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Release {
    /// The commit.
    pub(crate) release: ReleaseId,
    /// When it was committed: a release is older than another when its commit is.
    pub(crate) committed_at: Moment,
    /// How the functions were compiled. Releases that are older than this member have none; nothing but the profile
    /// `release` could be released then, so that is what its absence means.
    #[serde(default = "Profile::of_older_releases")]
    pub(crate) profile: Profile,
    /// The functions, in the words of `functions.json`.
    pub(crate) functions: BTreeMap<FunctionName, Function>,
    /// The delivery binary that belongs to it, at `releases/<commit>/gridbid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gridbid: Option<Sha256>,
}

impl Release {
    /// A release's key.
    pub(crate) fn key(id: &ReleaseId) -> String {
        format!("releases/{id}.json")
    }

    /// The key of its delivery binary.
    pub(crate) fn tool_key(id: &ReleaseId) -> String {
        format!("releases/{id}/gridbid")
    }

    /// A release, none when there is no such one.
    ///
    /// # Errors
    /// When the bucket does not answer, or holds something else in its place.
    pub(crate) async fn find(bucket: &impl Bucket, id: &ReleaseId) -> Result<Option<Self>, Failure> {
        let key = Self::key(id);
        let Some(stored) = bucket.read(&key).await? else { return Ok(None) };
        let release = serde_json::from_slice(&stored.bytes)
            .map_err(|error| Failure::new(format!("`{key}` in the artifacts bucket is no release: {error}")))?;
        Ok(Some(release))
    }

    /// A release that must be there.
    ///
    /// # Errors
    /// As [`Release::find`], and when there is no such one.
    pub(crate) async fn read(bucket: &impl Bucket, id: &ReleaseId) -> Result<Self, Failure> {
        let missing = || {
            Failure::new(format!("there is no release {id} in the artifacts bucket"))
                .with_todo("release that commit first with `gridbid release`, or name one that `gridbid status` lists")
        };
        Self::find(bucket, id).await?.ok_or_else(missing)
    }

    /// The manifest for Terraform.
    pub(crate) fn manifest(&self) -> Manifest {
        Manifest { profile: self.profile, functions: self.functions.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_file_without_a_profile_holds_functions_for_production() {
        let json = |profile: &str| {
            format!(
                r#"{{"release": "{}", "committed_at": "2026-11-22T07:05:00Z", {profile} "functions": {{}}}}"#,
                "0".repeat(40)
            )
        };
        let profile = |member: &str| serde_json::from_str::<Release>(&json(member)).unwrap().profile;
        assert_eq!(profile(""), Profile::Release);
        assert_eq!(profile(r#""profile": "local","#), Profile::Local);
    }
}
