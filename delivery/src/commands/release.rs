//! `gridbid release`: publishes what a commit built to the artifacts bucket, once.
//!
//! Zips and the console's files are stored under their digests, and `releases/<commit>.json`, which lists them, is written last. So an interrupted
//! upload is not a release, and the next run uploads only what is missing. Nothing is overwritten.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use gridbid_release_format::{
    Architecture, Console, ConsoleFile, ConsolePath, Manifest, Release, ReleaseId, Sha256, Timestamp,
};

use crate::binary;
use crate::build::{Binaries, Build};
use crate::cloud::services::{Bucket, PutOutcome};
use crate::commands::mode::Mode;
use crate::failure::Failure;
use crate::progress::{log, log_detail};
use crate::releases;

/// What to release.
#[derive(Clone, Debug)]
pub(crate) struct ReleaseRequest {
    /// The commit.
    pub(crate) release: ReleaseId,
    /// The commit's time.
    pub(crate) committed_at: Timestamp,
    /// What it built.
    pub(crate) build: Build,
    /// The files of its console; empty for a release without one.
    pub(crate) console: BTreeMap<ConsolePath, Vec<u8>>,
    /// The delivery binaries of the same commit.
    pub(crate) gridbid: BTreeMap<Architecture, Vec<u8>>,
}

/// Releases a build.
///
/// # Errors
/// When a key or the release exists with different content, or a call fails.
pub(crate) async fn release(bucket: &impl Bucket, request: ReleaseRequest, mode: Mode) -> Result<(), Failure> {
    let ReleaseRequest { release: id, committed_at, build: Build { manifest, mut zips }, console, gridbid } = request;
    let Manifest { profile, functions } = manifest;
    let described = console.iter().map(|(path, bytes)| (path.clone(), ConsoleFile::of(bytes))).collect();
    let release = Release {
        release: id.clone(),
        committed_at,
        profile,
        functions,
        console: Console { files: described },
        gridbid: gridbid.iter().map(|(architecture, binary)| (*architecture, Sha256::of(binary))).collect(),
    };
    if let Some(existing) = releases::find(bucket, &id).await? {
        check_same(&existing, &release)?;
        log(&format!("release {id} already exists: nothing to do"));
        return Ok(());
    }
    let mut new = 0;
    for (name, function) in &release.functions {
        let zip = zips.remove(name).ok_or_else(|| Failure::new(format!("the build has no zip of {name}")))?;
        new += usize::from(upload(bucket, &function.key(name), zip, mode).await?);
    }
    let mut new_files = 0;
    for bytes in console.into_values() {
        new_files += usize::from(upload(bucket, &ConsoleFile::of(&bytes).key(), bytes, mode).await?);
    }
    for (architecture, binary) in gridbid {
        upload(bucket, &Release::gridbid_key(&id, architecture), binary, mode).await?;
    }
    let mut contents = format!("{} zips, {new} of them new", release.functions.len());
    if !release.console.is_empty() {
        contents += &format!(", and {} files of the console, {new_files} of them new", release.console.files.len());
    }
    if mode == Mode::DryRun {
        log(&format!("release {id} would be written: {contents}"));
        return Ok(());
    }
    let json =
        serde_json::to_vec_pretty(&release).map_err(|error| Failure::from_error("cannot write the release", &error))?;
    if bucket.create(&Release::key(&id), json).await? == PutOutcome::AlreadyExists {
        // A concurrent run was faster.
        check_same(&releases::read(bucket, &id).await?, &release)?;
    }
    log(&format!("release {id} is complete: {contents}"));
    log_detail(&format!("deploy it: gridbid deploy --env ENVIRONMENT --release {id}"));
    Ok(())
}

/// Checks that an existing release has the same content.
fn check_same(existing: &Release, release: &Release) -> Result<(), Failure> {
    let id = &release.release;
    if existing.profile != release.profile {
        return Err(Failure::new(format!(
            "release {id} already exists with the profile `{}`, and this build has `{}`",
            existing.profile, release.profile
        ))
        .with_hint("release a new commit, or build the functions with the profile of the release"));
    }
    let functions = existing.functions.keys().chain(release.functions.keys());
    let differing = functions.filter(|name| existing.functions.get(*name) != release.functions.get(*name));
    let mut differing: Vec<&str> = differing.map(|name| name.as_str()).collect();
    if existing.console != release.console {
        differing.push("the console");
    }
    if existing.gridbid != release.gridbid {
        differing.push("gridbid");
    }
    if differing.is_empty() {
        return Ok(());
    }
    differing.sort_unstable();
    differing.dedup();
    Err(Failure::new(format!("release {id} already exists with different bytes of {}", differing.join(", "))).with_hint(
        "one commit must build the same bytes each time: find out how the two builds differ, and release a new commit",
    ))
}

/// Uploads an object unless it exists; returns whether it was new.
async fn upload(bucket: &impl Bucket, key: &str, bytes: Vec<u8>, mode: Mode) -> Result<bool, Failure> {
    let (digest, size) = (Sha256::of(&bytes), bytes.len());
    let existing = match bucket.sha256(key).await? {
        None if mode == Mode::DryRun => None,
        None => match bucket.create(key, bytes).await? {
            PutOutcome::Created(_) => None,
            PutOutcome::AlreadyExists => bucket.sha256(key).await?,
        },
        existing => existing,
    };
    match existing {
        None => {
            let verb = if mode == Mode::DryRun { "would upload" } else { "uploaded" };
            log_detail(&format!("{verb} {key} ({size} bytes)"));
            Ok(true)
        }
        Some(existing) if existing == digest => {
            log_detail(&format!("{key} exists"));
            Ok(false)
        }
        Some(existing) => Err(Failure::new(format!(
            "`{key}` already exists with different bytes (SHA-256 {existing}, and this build has {digest})"
        ))
        .with_hint("nothing was overwritten: find out who uploaded it, and delete it by hand if it is wrong")),
    }
}

/// Reads the delivery binaries of a release.
///
/// # Errors
/// When one cannot be read, is not static although it must run on any machine, or has the processor of another one.
pub(crate) fn read_gridbid(files: &[PathBuf], binaries: Binaries) -> Result<BTreeMap<Architecture, Vec<u8>>, Failure> {
    let mut read = BTreeMap::new();
    for file in files {
        let unfit = |error: &(dyn Error + 'static)| {
            Failure::from_error(format!("`{}` cannot be released", file.display()), error)
                .with_hint("release the static binaries of `nix build .#gridbid`")
        };
        let bytes = fs::read(file).map_err(|error| unfit(&error))?;
        let architecture = match binaries {
            Binaries::Lambda => {
                binary::check_static(&bytes).map_err(|error| unfit(&error))?;
                binary::architecture(&bytes).map_err(|error| unfit(&error))?
            }
            Binaries::Host => Architecture::host(),
        };
        if read.insert(architecture, bytes).is_some() {
            let message = format!("`{}` is the second delivery binary for {architecture}", file.display());
            return Err(Failure::new(message).with_hint("name one binary for each processor"));
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use gridbid_release_format::{Function, FunctionName, Profile};

    use super::*;
    use crate::binary::tests::elf;
    use crate::cloud::call_error::CallError;
    use crate::cloud::memory::Memory;
    use crate::testing::{Folder, release_id, timestamp};

    fn request(number: u8, zips: &[(&str, &str)]) -> ReleaseRequest {
        let (mut build, mut functions) = (Vec::new(), Vec::new());
        for (name, zip) in zips {
            let name: FunctionName = name.parse().unwrap();
            functions.push((name.clone(), Function::native(&name, Architecture::Arm64, zip.as_bytes())));
            build.push((name, zip.as_bytes().to_vec()));
        }
        let manifest = Manifest { profile: Profile::Release, functions: functions.into_iter().collect() };
        ReleaseRequest {
            release: release_id(number),
            committed_at: timestamp(1_800_000_000),
            build: Build { manifest, zips: build.into_iter().collect() },
            console: BTreeMap::new(),
            gridbid: [(Architecture::Arm64, b"arm".to_vec()), (Architecture::X86, b"x86".to_vec())].into(),
        }
    }

    #[tokio::test]
    async fn only_changed_zips_are_uploaded_and_a_second_run_uploads_nothing() {
        let memory = Memory::default();
        release(&memory, request(1, &[("one", "a"), ("two", "b")]), Mode::Apply).await.unwrap();
        assert_eq!(memory.logged("create").len(), 5);
        memory.log.borrow_mut().clear();
        // The commit's time is not part of the comparison.
        let again = ReleaseRequest { committed_at: timestamp(1), ..request(1, &[("one", "a"), ("two", "b")]) };
        release(&memory, again, Mode::Apply).await.unwrap();
        assert!(memory.log.borrow().is_empty());
        release(&memory, request(2, &[("one", "a"), ("two", "changed")]), Mode::Apply).await.unwrap();
        assert_eq!(memory.logged("create functions/").len(), 1);
        assert_eq!(memory.logged("create functions/two/").len(), 1);
        let read = releases::read(&memory, &release_id(1)).await.unwrap();
        assert_eq!(read.gridbid[&Architecture::X86], Sha256::of(b"x86"));
        let key = Release::gridbid_key(&release_id(1), Architecture::X86);
        assert_eq!(memory.objects.borrow()[&key].bytes, b"x86");
    }

    fn with_console(request: ReleaseRequest, files: [(&str, &str); 3]) -> ReleaseRequest {
        let files = files.map(|(path, text)| (path.parse().unwrap(), text.as_bytes().to_vec()));
        ReleaseRequest { console: files.into(), ..request }
    }

    #[tokio::test]
    async fn changed_console_uploads_only_its_changed_files() {
        let memory = Memory::default();
        let files = [("index.html", "page"), ("assets/main-1.js", "code"), ("assets/core-1.wasm", "core")];
        release(&memory, with_console(request(1, &[("one", "a")]), files), Mode::Apply).await.unwrap();
        assert_eq!(memory.logged("create console/").len(), 3);
        memory.log.borrow_mut().clear();
        let changed = [("index.html", "page 2"), ("assets/main-2.js", "code 2"), ("assets/core-1.wasm", "core")];
        release(&memory, with_console(request(2, &[("one", "a")]), changed), Mode::Apply).await.unwrap();
        assert_eq!(memory.logged("create console/").len(), 2);
        assert!(memory.logged("create functions/").is_empty());
        let console = releases::read(&memory, &release_id(2)).await.unwrap().console;
        assert_eq!(console.index().unwrap().1, ConsoleFile::of(b"page 2"));
        let again = with_console(request(2, &[("one", "a")]), files);
        let refused = release(&memory, again, Mode::Apply).await.unwrap_err().to_string();
        assert!(refused.ends_with("with different bytes of the console"), "{refused}");
    }

    #[tokio::test]
    async fn interrupted_upload_is_not_a_release_and_is_completed_by_the_next_run() {
        let memory = Memory::default();
        let zips = [("one", "a"), ("two", "b"), ("zzz", "c")];
        memory.fail("create functions/two/", CallError::Failed("the connection broke".to_owned()));
        let failure = release(&memory, request(1, &zips), Mode::Apply).await.unwrap_err();
        assert_eq!(failure.to_string(), "the connection broke");
        let missing = releases::read(&memory, &release_id(1)).await.unwrap_err().to_string();
        assert!(missing.starts_with("there is no release"), "{missing}");
        memory.log.borrow_mut().clear();
        release(&memory, request(1, &zips), Mode::Apply).await.unwrap();
        assert_eq!(memory.logged("create functions/").len(), 2);
        releases::read(&memory, &release_id(1)).await.unwrap();
    }

    #[tokio::test]
    async fn key_with_different_bytes_is_refused() {
        let memory = Memory::default();
        let request = request(1, &[("one", "a")]);
        let (name, function) = request.build.manifest.functions.first_key_value().unwrap();
        memory.put(&function.key(name), b"other");
        let refused = release(&memory, request, Mode::Apply).await.unwrap_err().to_string();
        assert!(refused.contains("already exists with different bytes"), "{refused}");
        assert_eq!(releases::find(&memory, &release_id(1)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn commit_that_builds_different_bytes_is_refused() {
        let memory = Memory::default();
        release(&memory, request(1, &[("one", "a"), ("two", "b")]), Mode::Apply).await.unwrap();
        let refused = release(&memory, request(1, &[("one", "a"), ("two", "x")]), Mode::Apply).await.unwrap_err();
        assert!(refused.to_string().ends_with("with different bytes of two"), "{refused}");
    }

    #[tokio::test]
    async fn profile_is_recorded_and_a_different_one_for_the_same_release_is_refused() {
        let memory = Memory::default();
        let mut local = request(1, &[("one", "a")]);
        local.build.manifest.profile = Profile::Local;
        release(&memory, local.clone(), Mode::Apply).await.unwrap();
        assert_eq!(releases::read(&memory, &release_id(1)).await.unwrap().profile, Profile::Local);
        release(&memory, local, Mode::Apply).await.unwrap();
        let refused = release(&memory, request(1, &[("one", "a")]), Mode::Apply).await.unwrap_err().to_string();
        assert!(refused.ends_with("with the profile `local`, and this build has `release`"), "{refused}");
    }

    #[tokio::test]
    async fn dry_run_writes_nothing() {
        let memory = Memory::default();
        release(&memory, request(1, &[("one", "a")]), Mode::DryRun).await.unwrap();
        assert!(memory.objects.borrow().is_empty());
    }

    #[test]
    fn delivery_binaries_are_static_and_one_for_each_processor() {
        let folder = Folder::new("delivery-binaries");
        let file = |name: &str, bytes: &[u8]| {
            let file = folder.0.join(name);
            fs::write(&file, bytes).unwrap();
            file
        };
        let (arm, x86) = (file("arm", &elf(Architecture::Arm64, None)), file("x86", &elf(Architecture::X86, None)));
        let read = read_gridbid(&[arm.clone(), x86.clone()], Binaries::Lambda).unwrap();
        assert!(read.keys().eq([&Architecture::Arm64, &Architecture::X86]), "{:?}", read.keys());
        let refused = read_gridbid(&[arm.clone(), arm], Binaries::Lambda).unwrap_err().to_string();
        assert!(refused.ends_with("is the second delivery binary for arm64"), "{refused}");
        let dynamic = file("dynamic", &elf(Architecture::X86, Some("/lib64/ld-linux-x86-64.so.2")));
        let refused = read_gridbid(&[x86, dynamic], Binaries::Lambda).unwrap_err().report();
        assert!(refused.contains("it is not static") && refused.contains("nix build .#gridbid"), "{refused}");
    }
}
