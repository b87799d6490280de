//! `cargo xtask watch`: brings the system up, then builds and deploys whatever changes in the repository.
//!
//! Each change is reported in one line: its files, what is live, and the time since it was saved. A change that cannot be built
//! or deployed is reported, and the watch continues until Ctrl-C. The local cloud keeps running.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use gridbid_devkit::clock::format_duration;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::layout::Layout;
use gridbid_devkit::terraform::WarmProvider;
use gridbid_devkit::{interrupt, lock};
use gridbid_local_cloud::behaviour::INTERACTIVE;
use gridbid_package::programs::HostPrograms;
use gridbid_release_format::{FunctionName, summarize};
use notify_debouncer_full::notify::event::{AccessKind, EventKind};
use notify_debouncer_full::notify::{self, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, new_debouncer};

use crate::system::{self, System, Update};

/// The watched files and folders of the repository.
const WATCHED: [&str; 6] = ["Cargo.lock", "Cargo.toml", "bindings", "core", "lambdas", "terraform"];
/// Folders that builds write.
const BUILT: [&str; 4] = ["__pycache__", "dist", "node_modules", "target"];
/// Events within this time are one change: editors write a file in several steps.
const DEBOUNCE: Duration = Duration::from_millis(100);
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Changed files, and the time of the first change.
struct Changed {
    files: BTreeSet<PathBuf>,
    since: Instant,
}

/// Watches until interrupted.
///
/// # Errors
/// When the system cannot be brought up or its files cannot be watched.
pub fn watch(context: &Context) -> Result<(), Failure> {
    let (layout, progress) = (&context.layout, &context.progress);
    let _held = lock::local_cloud(layout)?;
    context.tools()?;
    let cannot = |error: notify::Error| Failure::new(format!("cannot watch the repository: {error}"));
    let (sender, events) = mpsc::channel();
    let mut debouncer = new_debouncer(DEBOUNCE, None, sender).map_err(cannot)?;
    for name in WATCHED {
        debouncer.watch(layout.root().join(name), RecursiveMode::Recursive).map_err(cannot)?;
    }
    let System { record, programs, .. } = system::bring_up(context, INTERACTIVE, Update::Everything, &[])?;
    let provider = progress.step("start Terraform's provider", |step| {
        Ok((WarmProvider::start(layout, record.ports.cloud, step)?, String::new()))
    })?;
    progress.say(&format!("\nwatching {}; Ctrl-C ends it", WATCHED.join(", ")));
    while interrupt::check().is_ok() {
        let Some(changed) = next(layout.root(), &events)? else { continue };
        match update(context, &programs, &provider, &changed) {
            Ok(summary) => progress.say(&format!(
                "  {} … {summary} in {}",
                names(layout, &changed.files),
                format_duration(changed.since.elapsed())
            )),
            Err(failure) if failure.is_interruption() => break,
            Err(failure) => progress.say(&failure.report().to_string()),
        }
    }
    progress.say("\nthe watch has ended; the local cloud keeps running (`cargo xtask down` stops it)");
    Ok(())
}

/// Builds and deploys a change; returns a summary of what is live.
fn update(
    context: &Context,
    programs: &HostPrograms,
    provider: &WarmProvider,
    changed: &Changed,
) -> Result<String, Failure> {
    let update = match changed.files.iter().all(|file| file.starts_with("terraform")) {
        true => Update::Terraform(programs, provider),
        false => Update::Code(provider),
    };
    let System { changes, shifted, .. } = system::bring_up(&context.quiet(), INTERACTIVE, update, &[])?;
    Ok(match (shifted.is_empty(), changes.is_empty()) {
        (true, true) => "nothing to deploy".to_owned(),
        (true, false) => format!("live, {}", summarize(&changes)),
        (false, _) => format!("{} live", shifted.iter().map(FunctionName::as_str).collect::<Vec<_>>().join(", ")),
    })
}

/// Waits for the next change of a source; returns none after [`POLL_INTERVAL`].
fn next(root: &Path, events: &Receiver<DebounceEventResult>) -> Result<Option<Changed>, Failure> {
    let mut changed: Option<Changed> = None;
    let mut wait = POLL_INTERVAL;
    loop {
        match events.recv_timeout(wait) {
            Ok(Ok(events)) => {
                for event in events.iter().filter(|event| is_change(event.kind)) {
                    let files = event.paths.iter().filter_map(|path| source(root, path));
                    for file in files {
                        let changed =
                            changed.get_or_insert_with(|| Changed { files: BTreeSet::new(), since: event.time });
                        changed.files.insert(file);
                        changed.since = changed.since.min(event.time);
                    }
                }
                // Events that are already there belong to the same change.
                wait = Duration::ZERO;
            }
            Ok(Err(errors)) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                return Err(Failure::new(format!("cannot watch the repository: {}", errors.join("; "))));
            }
            Err(RecvTimeoutError::Timeout) => return Ok(changed),
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::new("the repository is not watched any more")),
        }
    }
}

fn is_change(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(AccessKind::Any | AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(_)))
}

/// The path below the root of a source; none for any other file.
fn source(root: &Path, path: &Path) -> Option<PathBuf> {
    let path = path.strip_prefix(root).ok()?;
    let is_in_built_folder = path.components().any(|component| {
        let name = component.as_os_str().to_string_lossy();
        name.starts_with('.') || name.ends_with('~') || BUILT.contains(&name.as_ref())
    });
    // Builds copy core's module and its glue there.
    let is_built = is_in_built_folder || path.starts_with("bindings/typescript/wasm");
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_source = !is_built && !matches!(extension, None | Some("wasm" | "draft" | "tmp" | "swp"));
    is_source.then(|| path.to_path_buf())
}

/// The names of the first changed files, and the number of the others.
fn names(layout: &Layout, files: &BTreeSet<PathBuf>) -> String {
    const SHOWN: usize = 2;
    let shown: Vec<String> = files.iter().take(SHOWN).map(|file| layout.shown(file)).collect();
    match files.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    #[test]
    fn output_of_builds_is_not_a_source() {
        let source = |path: &str| source(Path::new("/r"), &Path::new("/r").join(path)).is_some();
        assert!(source("lambdas/rust/orders-api/src/lib.rs"));
        assert!(source("terraform/modules/results-run/run.asl.json"));
        assert!(source("Cargo.lock"));
        assert!(!source("bindings/typescript/dist/index.js"));
        assert!(!source("bindings/python/src/gridbid/gridbid.wasm"));
        assert!(!source("bindings/typescript/wasm/gridbid_wasm.js"));
        assert!(source("bindings/wasm/src/lib.rs"));
        assert!(!source("lambdas/python/report-results/reporting/__pycache__/a.pyc"));
        assert!(!source("core/src/.lib.rs.swp"));
        assert!(!source("terraform/envs/local/.terraform.lock.hcl"));
        assert!(!source("core/src/4913"));
    }

    #[test]
    fn saved_file_is_one_change_with_the_time_of_saving() {
        let folder = std::env::temp_dir().join(format!("gridbid-watch-{}", std::process::id()));
        fs::create_dir_all(folder.join("dist")).unwrap();
        let root = folder.canonicalize().unwrap();
        let (sender, events) = mpsc::channel();
        let mut debouncer = new_debouncer(DEBOUNCE, None, sender).unwrap();
        debouncer.watch(&root, RecursiveMode::Recursive).unwrap();
        let saved = Instant::now();
        fs::write(root.join("dist/a.js"), "built").unwrap();
        fs::write(root.join("a.rs"), "one").unwrap();
        fs::write(root.join("a.rs"), "two").unwrap();
        let changed = loop {
            assert!(saved.elapsed() < Duration::from_secs(20), "no change was seen");
            if let Some(changed) = next(&root, &events).unwrap() {
                break changed;
            }
        };
        assert_eq!(changed.files, BTreeSet::from([PathBuf::from("a.rs")]));
        assert!(changed.since >= saved);
        thread::sleep(DEBOUNCE * 3);
        assert!(next(&root, &events).unwrap().is_none());
        fs::remove_dir_all(root).unwrap();
    }
}
