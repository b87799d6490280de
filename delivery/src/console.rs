//! The console of an environment: the files of a page, in a bucket behind CloudFront.
//!
//! Assets have immutable names and are uploaded first. Then index.html, which selects them, is replaced. No file is deleted, so
//! open tabs load their assets by the old names, and a rollback replaces only index.html. config.json is Terraform's.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use gridbid_release_format::{Console, ConsoleFile, ConsolePath, Sha256};

use crate::cloud::call_error::CallError;
use crate::cloud::services::{Cloud, ConsoleHeaders, Object};
use crate::failure::Failure;
use crate::history::Record;
use crate::interruption::Interruption;
use crate::lease::Lease;
use crate::progress::log_detail;
use crate::shift::{self, AliasShift};

const INDEX: &str = "index.html";
/// The environment's file: a build has a placeholder for it.
const CONFIG: &str = "config.json";
const ASSETS: &str = "assets";

/// Reads the files of a built console.
///
/// # Errors
/// When a file cannot be read or does not belong to a console, or index.html is missing.
pub(crate) fn read(folder: &Path) -> Result<BTreeMap<ConsolePath, Vec<u8>>, Failure> {
    let unfit = |error: &(dyn Error + 'static)| {
        Failure::from_error(format!("`{}` is not a built console", folder.display()), error)
            .with_hint("build it with `nix build .#console` or `npm run build` in console/, and name its folder")
    };
    let mut files = BTreeMap::new();
    for parent in ["", ASSETS] {
        for entry in fs::read_dir(folder.join(parent)).map_err(|error| unfit(&error))? {
            let entry = entry.map_err(|error| unfit(&error))?;
            let name = Path::new(parent).join(entry.file_name()).to_string_lossy().into_owned();
            if name == ASSETS || name == CONFIG {
                continue;
            }
            let path: ConsolePath = name.parse().map_err(|error| unfit(&error))?;
            files.insert(path, fs::read(entry.path()).map_err(|error| unfit(&error))?);
        }
    }
    if files.contains_key(INDEX) {
        return Ok(files);
    }
    Err(Failure::new(format!("`{}` is not a built console: it has no {INDEX}", folder.display())))
}

/// The switch of an environment's console to another page, whose assets are in place.
#[derive(Clone, Debug)]
pub(crate) struct ConsoleSwitch {
    bucket: String,
    /// The page as it was read; `None` for the first one.
    before: Option<Object>,
    to: Vec<u8>,
}

/// Uploads the assets that the bucket lacks; returns the switch, or `None` when there is nothing to switch.
///
/// # Errors
/// When a file is missing or differs in one of the buckets, or a call fails.
pub(crate) async fn prepare<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    bucket: Option<&str>,
    console: &Console,
) -> Result<Option<ConsoleSwitch>, Failure> {
    let Some(bucket) = bucket else { return Ok(None) };
    let Some((_, index)) = console.index() else {
        log_detail("console: the release has none, so the page stays as it is");
        return Ok(None);
    };
    let mut uploaded = 0;
    for (path, file) in console.assets() {
        uploaded += usize::from(upload(cloud, lease, bucket, path, file).await?);
    }
    log_detail(&format!("console: {uploaded} of {} assets uploaded", console.assets().count()));
    let before = cloud.console_file(bucket, INDEX).await?;
    if before.as_ref().is_some_and(|page| Sha256::of(&page.bytes) == index.sha256) {
        return Ok(None);
    }
    let to = read_released(cloud, index).await?;
    Ok(Some(ConsoleSwitch { bucket: bucket.to_owned(), before, to }))
}

/// Uploads an asset unless it exists; returns whether it was new.
async fn upload<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    bucket: &str,
    path: &ConsolePath,
    file: ConsoleFile,
) -> Result<bool, Failure> {
    let mut existing = cloud.console_sha256(bucket, path.as_str()).await?;
    let is_new = existing.is_none();
    if is_new {
        let bytes = read_released(cloud, file).await?;
        lease.check()?;
        match cloud.write_console_file(bucket, path.as_str(), bytes, headers(path.as_str()), None).await {
            Ok(()) => return Ok(true),
            // A repeated call whose first response was lost.
            Err(CallError::Changed(_)) => existing = cloud.console_sha256(bucket, path.as_str()).await?,
            Err(error) => return Err(error.into()),
        }
    }
    if existing == Some(file.sha256) {
        return Ok(is_new);
    }
    Err(Failure::new(format!("`{path}` in the bucket {bucket} has other bytes than the release's"))
        .with_hint("the name of an asset contains the hash of its content: delete the file if it was changed by hand"))
}

/// Reads a file from the artifacts bucket.
async fn read_released<C: Cloud>(cloud: &C, file: ConsoleFile) -> Result<Vec<u8>, Failure> {
    let key = file.key();
    let missing = || Failure::new(format!("`{key}` does not exist in the artifacts bucket"));
    let bytes = cloud.get(&key).await?.ok_or_else(missing)?.bytes;
    if ConsoleFile::of(&bytes) == file {
        return Ok(bytes);
    }
    Err(Failure::new(format!("`{key}` in the artifacts bucket does not have the released bytes")))
}

fn headers(path: &str) -> ConsoleHeaders {
    let content_type = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    let cache_control = if path == INDEX { "no-cache" } else { "public, max-age=31536000, immutable" };
    ConsoleHeaders { content_type, cache_control }
}

impl ConsoleSwitch {
    /// Replaces the page.
    async fn show<C: Cloud>(
        &self,
        cloud: &C,
        lease: &Lease<'_, C>,
        interruption: &Interruption,
    ) -> Result<(), Failure> {
        lease.check()?;
        interruption.check()?;
        self.write(cloud, &self.to, self.before.as_ref()).await?;
        log_detail("console: index.html replaced");
        Ok(())
    }

    /// Restores the page before the switch if the page is the switch's. A first page stays: there is none before it.
    async fn revert<C: Cloud>(&self, cloud: &C) -> Result<(), CallError> {
        let Some(before) = &self.before else { return Ok(()) };
        let now = cloud.console_file(&self.bucket, INDEX).await?;
        match now {
            Some(now) if now.etag == before.etag => Ok(()),
            Some(now) if now.bytes == self.to => {
                self.write(cloud, &before.bytes, Some(&now)).await?;
                log_detail("console: index.html reverted");
                Ok(())
            }
            _ => Err(CallError::Changed(INDEX.to_owned())),
        }
    }

    /// Replaces the page that was read. After an error it is read again, because the response may have been lost.
    async fn write<C: Cloud>(&self, cloud: &C, bytes: &[u8], replaced: Option<&Object>) -> Result<(), CallError> {
        let etag = replaced.map(|page| page.etag.as_str());
        let written = cloud.write_console_file(&self.bucket, INDEX, bytes.to_vec(), headers(INDEX), etag).await;
        let Err(error) = written else { return Ok(()) };
        match cloud.console_file(&self.bucket, INDEX).await {
            Ok(Some(now)) if now.bytes == bytes => Ok(()),
            _ => Err(error),
        }
    }
}

/// Switches the console after the aliases were shifted.
///
/// # Errors
/// When the page cannot be replaced. Page and aliases are reverted then, and the message names what could not be.
pub(crate) async fn show_or_revert<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    interruption: &Interruption,
    switch: Option<&ConsoleSwitch>,
    shifts: &[AliasShift],
) -> Result<(), Failure> {
    let Some(switch) = switch else { return Ok(()) };
    let Err(failure) = switch.show(cloud, lease, interruption).await else { return Ok(()) };
    let failure = Failure::new(format!("the console cannot be switched: {failure}"));
    log_detail(&format!("{failure}: reverting"));
    match revert(cloud, lease, Some(switch), shifts).await {
        Ok(()) => Err(failure.with_consequence(restored(Some(switch)))),
        Err(error) => Err(failure.with_consequence(&error.to_string())),
    }
}

/// Reverts the console and every shifted alias.
///
/// # Errors
/// When the lease is lost, or the page or an alias could not be reverted. The others are reverted all the same.
pub(crate) async fn revert<C: Cloud>(
    cloud: &C,
    lease: &Lease<'_, C>,
    switch: Option<&ConsoleSwitch>,
    shifts: &[AliasShift],
) -> Result<(), Failure> {
    lease.check().map_err(|lost| lost.with_consequence("nothing was reverted"))?;
    let page = match switch {
        Some(switch) => switch.revert(cloud).await,
        None => Ok(()),
    };
    let page = page.map_err(|error| Failure::new(format!("could not revert the console: {error}")));
    match (page, shift::revert_shifts(cloud, lease, shifts).await) {
        (Err(page), Err(aliases)) => Err(page.with_consequence(&aliases.to_string())),
        (page, aliases) => page.and(aliases),
    }
}

/// The state after a complete revert.
pub(crate) fn restored(switch: Option<&ConsoleSwitch>) -> &'static str {
    match switch {
        None => "every alias is where it was before",
        Some(ConsoleSwitch { before: None, .. }) => {
            "every alias is where it was before, and the console keeps its first page"
        }
        Some(_) => "the console and every alias are where they were before",
    }
}

/// Whether the page differs from the recorded one: a deployment was interrupted after the switch, or somebody changed it.
///
/// # Errors
/// When a call fails.
pub(crate) async fn differs(cloud: &impl Cloud, record: &Record) -> Result<bool, Failure> {
    let Some(bucket) = &record.addresses.console_bucket else { return Ok(false) };
    let Some((path, index)) = record.console.index() else { return Ok(false) };
    Ok(cloud.console_sha256(bucket, path.as_str()).await? != Some(index.sha256))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn built_console_is_read_without_its_placeholder_configuration() {
        let folder = Folder::new("console");
        fs::create_dir_all(folder.0.join(ASSETS)).unwrap();
        assert!(read(&folder.0).unwrap_err().to_string().ends_with("it has no index.html"));
        for name in ["index.html", "config.json", "assets/main-1.js"] {
            fs::write(folder.0.join(name), name).unwrap();
        }
        let files = read(&folder.0).unwrap();
        let paths: Vec<&str> = files.keys().map(ConsolePath::as_str).collect();
        assert_eq!(paths, ["assets/main-1.js", "index.html"]);
        fs::write(folder.0.join("notes.txt"), "").unwrap();
        let refused = read(&folder.0).unwrap_err().report();
        assert!(refused.contains("`notes.txt` is not a file of the console"), "{refused}");
        assert!(refused.contains("nix build .#console"), "{refused}");
    }

    #[test]
    fn only_the_page_is_revalidated() {
        assert_eq!(headers(INDEX).cache_control, "no-cache");
        let wasm = headers("assets/core-1.wasm");
        assert_eq!((wasm.content_type, wasm.cache_control.contains("immutable")), ("application/wasm", true));
    }
}
