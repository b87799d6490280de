//! The standard library for wasm32: rustup's, or one built from Debian's sources when rustup cannot download.
//!
//! The first choice is `rustup target add`. A machine that reaches Debian's packages but not rustup's servers unpacks Debian's
//! newest compiler and its sources into `.gridbid/wasm-std`, installs nothing, and builds the library with the module.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::subprocess::Subprocess;

pub(super) const TARGET: &str = "wasm32-unknown-unknown";
/// The name of the library of the compiler pinned by rust-toolchain.toml.
pub(super) const PINNED: &str = "rustup";
const LIMIT: Duration = Duration::from_secs(600);
/// Debian's compiler, its library for this machine (for build scripts and macros), and its sources.
const PACKAGES: [&str; 3] = ["rustc-web", "libstd-rust-web-dev", "rust-web-src"];

/// A standard library for the target, and how to compile with it.
pub(super) struct Library {
    /// Its name, which distinguishes target folders.
    pub(super) name: &'static str,
    pub(super) arguments: Vec<&'static str>,
    pub(super) environment: Vec<(&'static str, Option<OsString>)>,
    /// The sources of the library, when their paths would be in the module.
    pub(super) sources: Option<PathBuf>,
}

/// Finds or installs the library in the first way that works.
pub(super) fn library(layout: &Layout, step: &Step) -> Result<Library, Failure> {
    if is_installed(layout) || add_with_rustup(layout, step) {
        return Ok(Library { name: PINNED, arguments: Vec::new(), environment: Vec::new(), sources: None });
    }
    from_debian(layout, step).map_err(|failure| {
        failure.with_hint(format!(
            "connect to the internet once and run `rustup target add {TARGET}`, or enter `nix develop`; on Debian or \
             Ubuntu a reachable package archive is enough"
        ))
    })
}

/// Whether the toolchain has the library.
fn is_installed(layout: &Layout) -> bool {
    let folder = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(layout.root())
        .stdin(Stdio::null())
        .output();
    let Ok(folder) = folder else { return false };
    let folder = PathBuf::from(String::from_utf8_lossy(&folder.stdout).trim());
    fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some())
}

/// Adds the library with rustup, and returns whether that succeeded.
fn add_with_rustup(layout: &Layout, step: &Step) -> bool {
    // A machine that has fallen back to Debian does not wait for rustup's servers again.
    if compiler(layout).is_file() {
        return false;
    }
    Subprocess::new("rustup", layout.log("rustup"), LIMIT)
        .inside(layout.root())
        .args(["target", "add", TARGET])
        .run(step)
        .is_ok()
}

fn root(layout: &Layout) -> PathBuf {
    layout.home().join("wasm-std")
}

fn compiler(layout: &Layout) -> PathBuf {
    root(layout).join("usr/bin/rustc")
}

/// Debian's compiler with its sources, and the flags that build its library with the module.
fn from_debian(layout: &Layout, step: &Step) -> Result<Library, Failure> {
    let root = root(layout);
    if !compiler(layout).is_file() {
        unpack(layout, &root, step)?;
    }
    let libraries = fs::read_dir(root.join("usr/lib"))
        .on_file("read", &root)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|folder| folder.is_dir())
        .map(PathBuf::into_os_string)
        .reduce(|mut all, folder| {
            all.push(":");
            all.push(folder);
            all
        })
        .unwrap_or_default();
    let set = |name, value: OsString| (name, Some(value));
    Ok(Library {
        name: "debian",
        arguments: vec!["-Zbuild-std=std,panic_abort"],
        environment: vec![
            set("RUSTC", compiler(layout).into()),
            set("LD_LIBRARY_PATH", libraries),
            // Building the standard library is an unstable feature; the sources belong to this compiler.
            set("RUSTC_BOOTSTRAP", "1".into()),
            set("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker(layout)?.into()),
        ],
        sources: Some(root.join("usr")),
    })
}

/// The linker of the toolchain, because Debian's linker is not unpacked.
fn linker(layout: &Layout) -> Result<PathBuf, Failure> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).current_dir(layout.root()).output();
    let sysroot =
        output.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())).unwrap_or_default();
    let targets = sysroot.join("lib/rustlib");
    fs::read_dir(&targets)
        .on_file("read", &targets)?
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin/rust-lld"))
        .find(|linker| linker.is_file())
        .ok_or_else(|| Failure::new("the Rust toolchain has no rust-lld"))
}

/// Downloads the packages with their dependencies, and unpacks them without installing them.
fn unpack(layout: &Layout, root: &Path, step: &Step) -> Result<(), Failure> {
    let downloads = layout.home().join("wasm-std-packages");
    for folder in [root, &downloads] {
        if folder.exists() {
            fs::remove_dir_all(folder).on_file("remove", folder)?;
        }
        fs::create_dir_all(folder).on_file("make", folder)?;
    }
    // An outdated index lists versions that have been removed.
    apt(layout, &downloads, step, &["update"])?;
    let mut wanted: Vec<String> = PACKAGES.iter().map(ToString::to_string).collect();
    let mut next = 0;
    while let Some(package) = wanted.get(next).cloned() {
        next += 1;
        apt(layout, &downloads, step, &["download", &package])?;
        let archive = newest(&downloads, &package)?;
        for needed in shared_libraries(&archive) {
            if !wanted.contains(&needed) {
                wanted.push(needed);
            }
        }
        Subprocess::new("dpkg", layout.log("dpkg"), LIMIT)
            .args(["-x".as_ref(), archive.as_os_str(), root.as_os_str()])
            .run(step)?;
    }
    fs::remove_dir_all(&downloads).on_file("remove", &downloads)
}

fn apt(layout: &Layout, folder: &Path, step: &Step, arguments: &[&str]) -> Result<(), Failure> {
    Subprocess::new("apt-get", layout.log("apt"), LIMIT).inside(folder).args(arguments).run(step)
}

fn newest(folder: &Path, package: &str) -> Result<PathBuf, Failure> {
    fs::read_dir(folder)
        .on_file("read", folder)?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with(&format!("{package}_")))
        .map(|entry| entry.path())
        .ok_or_else(|| Failure::new(format!("apt-get did not download {package}")))
}

/// The dependencies of a package that belong to the compiler: rustc's driver and LLVM.
fn shared_libraries(archive: &Path) -> Vec<String> {
    let output = Command::new("dpkg-deb").arg("-f").arg(archive).arg("Depends").output();
    let depends = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    depends
        .split(',')
        .filter_map(|needed| needed.split_whitespace().next())
        .filter(|name| name.starts_with("libstd-rust-web") || name.starts_with("libllvm"))
        .map(ToString::to_string)
        .collect()
}
