//! The release files in the artifacts bucket.

use gridbid_release_format::{Release, ReleaseId};

use crate::cloud::services::Bucket;
use crate::failure::Failure;

/// Reads a release; `None` when it does not exist.
///
/// # Errors
/// When a call fails or the file cannot be parsed.
pub(crate) async fn find(bucket: &impl Bucket, id: &ReleaseId) -> Result<Option<Release>, Failure> {
    let key = Release::key(id);
    let Some(object) = bucket.get(&key).await? else { return Ok(None) };
    let release = serde_json::from_slice(&object.bytes);
    release
        .map(Some)
        .map_err(|error| Failure::from_error(format!("`{key}` in the artifacts bucket is not a release"), &error))
}

/// Reads a release.
///
/// # Errors
/// As [`find`], and when the release does not exist.
pub(crate) async fn read(bucket: &impl Bucket, id: &ReleaseId) -> Result<Release, Failure> {
    let missing = || {
        Failure::new(format!("there is no release {id} in the artifacts bucket"))
            .with_hint("release that commit with `gridbid release`, or name a release that `gridbid status` lists")
    };
    find(bucket, id).await?.ok_or_else(missing)
}
