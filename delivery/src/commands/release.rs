//! `gridbid release`: puts what a commit built into the artifacts bucket, once and for good.
//!
//! Zips go under their hash, the list of them (`releases/<commit>.json`) last: so a release that was cut off is none, and
//! the next run puts only what is missing. Nothing that is there is ever written over. Called by `cli`.

use std::path::Path;

use super::Mode;
use crate::binary;
use crate::cloud::{Bucket, Created};
use crate::failure::Failure;
use crate::manifest::{Binaries, Build, Manifest, digests};
use crate::moment::Moment;
use crate::names::ReleaseId;
use crate::progress::say;
use crate::release::Release;

/// What is to be released.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The commit.
    pub(crate) release: ReleaseId,
    /// When it was committed.
    pub(crate) committed_at: Moment,
    /// What it built.
    pub(crate) build: Build,
    /// The delivery binary that belongs to it.
    pub(crate) gridbid: Option<Vec<u8>>,
}

/// Releases.
///
/// # Errors
/// When something is there already with other bytes, or the bucket does not take something.
pub(crate) async fn release(bucket: &impl Bucket, order: Order, mode: Mode) -> Result<(), Failure> {
    let Order { release: id, committed_at, build, gridbid } = order;
    let gridbid_sha256 = gridbid.as_ref().map(|tool| digests(tool).0.parse()).transpose();
    let gridbid_sha256 = gridbid_sha256.map_err(|error| Failure::new(format!("cannot hash gridbid: {error}")))?;
    let Manifest { profile, functions } = build.manifest.clone();
    let wanted = Release { release: id.clone(), committed_at, profile, functions, gridbid: gridbid_sha256 };
    if let Some(there) = Release::find(bucket, &id).await? {
        return same(&there, &wanted).map(|()| say(&format!("release {id} is there already: nothing to do")));
    }
    let mut new = 0;
    for (name, function) in &build.manifest.functions {
        let zip = build.zips.get(name).cloned().unwrap_or_default();
        new += usize::from(put(bucket, &function.key(name), zip, mode).await?);
    }
    if let Some(tool) = gridbid {
        put(bucket, &Release::tool_key(&id), tool, mode).await?;
    }
    let zips = build.manifest.functions.len();
    if mode == Mode::DryRun {
        say(&format!("release {id} would be written: {zips} zips, {new} of them new"));
        return Ok(());
    }
    let json = serde_json::to_vec_pretty(&wanted)
        .map_err(|error| Failure::new(format!("cannot write the release: {error}")))?;
    if bucket.create(&Release::key(&id), json).await? == Created::Existed {
        // Somebody was faster; what counts is that it is the same.
        same(&Release::read(bucket, &id).await?, &wanted)?;
    }
    say(&format!("release {id} is there: {zips} zips, {new} of them new"));
    say(&format!("  deploy it: gridbid deploy --env ENVIRONMENT --release {id}"));
    Ok(())
}

/// A release that is there already holds the same.
fn same(there: &Release, wanted: &Release) -> Result<(), Failure> {
    let id = &wanted.release;
    if there.profile != wanted.profile {
        return Err(Failure::new(format!(
            "release {id} is there already with the profile `{}`, and this build has `{}`",
            there.profile, wanted.profile
        ))
        .with_todo("release a new commit, or build the functions with the profile that the release has"));
    }
    let differ = there.functions.keys().chain(wanted.functions.keys());
    let differ = differ.filter(|name| there.functions.get(*name) != wanted.functions.get(*name));
    let mut differ: Vec<&str> = differ.map(crate::names::FunctionName::as_str).collect();
    differ.dedup();
    if there.gridbid != wanted.gridbid {
        differ.push("gridbid");
    }
    if differ.is_empty() {
        return Ok(());
    }
    differ.sort_unstable();
    differ.dedup();
    Err(Failure::new(format!("release {id} is there already with other bytes of {}", differ.join(", "))).with_todo(
        "one commit must build one set of bytes: find out what differs between the two builds, and release a new commit",
    ))
}

/// Puts an object there, unless it is; tells whether it was new.
async fn put(bucket: &impl Bucket, key: &str, bytes: Vec<u8>, mode: Mode) -> Result<bool, Failure> {
    let (sha256, size) = (digests(&bytes).0, bytes.len());
    let there = match bucket.sha256(key).await? {
        None if mode == Mode::DryRun => None,
        None => match bucket.create(key, bytes).await? {
            Created::New(_) => None,
            Created::Existed => bucket.sha256(key).await?,
        },
        there => there,
    };
    match there {
        None => {
            say(&format!("  {} {key} ({size} bytes)", mode.verb("uploaded", "would upload")));
            Ok(true)
        }
        Some(there) if there == sha256 => {
            say(&format!("  {key} is there"));
            Ok(false)
        }
        Some(there) => Err(Failure::new(format!(
            "`{key}` is there already with other bytes (SHA-256 {there}, and {sha256} is to be released)"
        ))
        .with_todo("nothing was written over: look at who put it there, and remove it by hand if it is wrong")),
    }
}

/// Reads the delivery binary of a release, which must run anywhere.
///
/// # Errors
/// When it cannot be read, or is not static although it has to be.
pub(crate) fn read_tool(file: &Path, binaries: Binaries) -> Result<Vec<u8>, Failure> {
    let unfit = |why: &dyn std::fmt::Display| Failure::new(format!("`{}` cannot be released: {why}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| unfit(&error))?;
    if binaries == Binaries::ForLambda {
        binary::is_static(&bytes)
            .map_err(|error| unfit(&error).with_todo("release the static binary that `nix build .#gridbid` makes"))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cloud::CallError;
    use crate::cloud::memory::Memory;
    use crate::history::tests::release as id;
    use crate::manifest::{Function, Profile};

    fn order(number: u8, zips: &[(&str, &str)]) -> Order {
        let zips: BTreeMap<_, _> =
            zips.iter().map(|(name, zip)| (name.parse().unwrap(), zip.as_bytes().to_vec())).collect();
        let function = |zip: &Vec<u8>| Function {
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            architecture: "arm64".to_owned(),
            zip: "a.zip".to_owned(),
            bytes: zip.len() as u64,
            sha256: digests(zip).0.parse().unwrap(),
            sha256_base64: digests(zip).1,
        };
        let functions = zips.iter().map(|(name, zip)| (crate::names::FunctionName::clone(name), function(zip)));
        let manifest = Manifest { profile: Profile::Release, functions: functions.collect() };
        Order {
            release: id(number),
            committed_at: Moment::from_unix_seconds(1_800_000_000),
            build: Build { manifest, zips },
            gridbid: Some(b"gridbid".to_vec()),
        }
    }

    #[tokio::test]
    async fn only_a_changed_zip_is_uploaded_and_a_second_time_nothing() {
        let memory = Memory::default();
        release(&memory, order(1, &[("one", "a"), ("two", "b")]), Mode::ForReal).await.unwrap();
        assert_eq!(memory.logged("create").len(), 4);
        memory.log.borrow_mut().clear();
        // A release's time of commit may be told in other words.
        let again = Order { committed_at: Moment::from_unix_seconds(1), ..order(1, &[("one", "a"), ("two", "b")]) };
        release(&memory, again, Mode::ForReal).await.unwrap();
        assert!(memory.log.borrow().is_empty());
        release(&memory, order(2, &[("one", "a"), ("two", "changed")]), Mode::ForReal).await.unwrap();
        assert_eq!(memory.logged("create functions/").len(), 1);
        assert_eq!(memory.logged("create functions/two/").len(), 1);
        let read = Release::read(&memory, &id(1)).await.unwrap();
        assert_eq!(read.gridbid.unwrap().as_str(), digests(b"gridbid").0);
    }

    #[tokio::test]
    async fn an_upload_that_was_cut_off_is_no_release_and_is_completed_by_the_next_run() {
        let memory = Memory::default();
        let zips = [("one", "a"), ("two", "b"), ("zzz", "c")];
        memory.fail("create functions/two/", CallError::Failed("the connection broke".to_owned()));
        let failure = release(&memory, order(1, &zips), Mode::ForReal).await.unwrap_err();
        assert_eq!(failure.to_string(), "the connection broke");
        let missing = Release::read(&memory, &id(1)).await.unwrap_err().to_string();
        assert!(missing.starts_with("there is no release"), "{missing}");
        memory.log.borrow_mut().clear();
        release(&memory, order(1, &zips), Mode::ForReal).await.unwrap();
        assert_eq!(memory.logged("create functions/").len(), 2);
        Release::read(&memory, &id(1)).await.unwrap();
    }

    #[tokio::test]
    async fn a_key_with_other_bytes_is_refused() {
        let memory = Memory::default();
        let order = order(1, &[("one", "a")]);
        let (name, function) = order.build.manifest.functions.first_key_value().unwrap();
        memory.put(&function.key(name), b"other");
        let refused = release(&memory, order, Mode::ForReal).await.unwrap_err().to_string();
        assert!(refused.contains("is there already with other bytes"), "{refused}");
        assert_eq!(Release::find(&memory, &id(1)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_commit_that_builds_other_bytes_the_second_time_is_refused() {
        let memory = Memory::default();
        release(&memory, order(1, &[("one", "a"), ("two", "b")]), Mode::ForReal).await.unwrap();
        let refused = release(&memory, order(1, &[("one", "a"), ("two", "x")]), Mode::ForReal).await.unwrap_err();
        assert!(refused.to_string().ends_with("with other bytes of two"), "{refused}");
    }

    #[tokio::test]
    async fn profile_is_recorded_and_another_one_for_the_same_release_is_refused() {
        let memory = Memory::default();
        let mut local = order(1, &[("one", "a")]);
        local.build.manifest.profile = Profile::Local;
        release(&memory, local.clone(), Mode::ForReal).await.unwrap();
        assert_eq!(Release::read(&memory, &id(1)).await.unwrap().profile, Profile::Local);
        release(&memory, local, Mode::ForReal).await.unwrap();
        let refused = release(&memory, order(1, &[("one", "a")]), Mode::ForReal).await.unwrap_err().to_string();
        assert!(refused.ends_with("with the profile `local`, and this build has `release`"), "{refused}");
    }

    #[tokio::test]
    async fn a_dry_run_writes_nothing() {
        let memory = Memory::default();
        release(&memory, order(1, &[("one", "a")]), Mode::DryRun).await.unwrap();
        assert!(memory.objects.borrow().is_empty());
    }
}
