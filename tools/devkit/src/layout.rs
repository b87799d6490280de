//! The repository's folders, and the folders that commands make in `.gridbid`.
//!
//! The repository is found when a command runs, never when it is compiled: a copied checkout, or one that shares a target
//! folder with another, works on its own files. `.gridbid` is ignored by git and may be deleted at any time. Several local
//! clouds can run at the same time: the user's in `.gridbid` and those of tests in folders below it; they share
//! the tools and what was built. The environment variable `GRIDBID_HOME` replaces `.gridbid`.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::digest::sha256_hex;
use gridbid_release_format::Profile;

/// The folders that one command works with.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    home: PathBuf,
    site: PathBuf,
    /// How functions are compiled.
    profile: Profile,
    /// A folder of zips built elsewhere.
    prebuilt: Option<PathBuf>,
    /// A delivery binary built elsewhere.
    gridbid: Option<PathBuf>,
    /// A simulators binary built elsewhere.
    simulators: Option<PathBuf>,
    /// A console built elsewhere.
    console: Option<PathBuf>,
}

impl Layout {
    /// The repository in which `cargo xtask` was called, and the user's local cloud.
    #[must_use]
    pub fn of_repository() -> Self {
        // `cargo run` and `cargo test` name the package's folder; a program started by hand has only the current one.
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let called_by_cargo = package.and_then(|package| repository_around(&package));
        let current = env::current_dir().unwrap_or_default();
        let root = called_by_cargo.or_else(|| repository_around(&current)).unwrap_or_else(|| current.clone());
        let home = match env::var_os("GRIDBID_HOME").filter(|home| !home.is_empty()) {
            Some(home) => current.join(home),
            None => root.join(".gridbid"),
        };
        Self {
            root,
            site: home.clone(),
            home,
            profile: Profile::Local,
            prebuilt: None,
            gridbid: None,
            simulators: None,
            console: None,
        }
    }

    /// The same folders with functions compiled as for production.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// How functions are compiled.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The same repository with another local cloud, in a folder of this name.
    #[must_use]
    pub fn with_site(&self, name: &str) -> Self {
        Self { site: self.home.join(name), ..self.clone() }
    }

    /// The same folders with zips and a `functions.json` built elsewhere.
    #[must_use]
    pub fn with_functions(self, folder: PathBuf) -> Self {
        Self { prebuilt: Some(folder), ..self }
    }

    /// The same folders with a delivery binary and a simulators binary built elsewhere.
    #[must_use]
    pub fn with_programs(self, gridbid: Option<PathBuf>, simulators: Option<PathBuf>) -> Self {
        Self { gridbid, simulators, ..self }
    }

    /// The same folders with a console built elsewhere.
    #[must_use]
    pub fn with_console(self, console: Option<PathBuf>) -> Self {
        Self { console, ..self }
    }

    /// The built console, in which `index.html` is missing before it is built.
    #[must_use]
    pub fn console(&self) -> PathBuf {
        self.console.clone().unwrap_or_else(|| self.file("console/dist"))
    }

    /// The delivery binary built elsewhere.
    #[must_use]
    pub fn gridbid(&self) -> Option<&Path> {
        self.gridbid.as_deref()
    }

    /// The simulators binary built elsewhere.
    #[must_use]
    pub fn simulators(&self) -> Option<&Path> {
        self.simulators.as_deref()
    }

    /// Whether a repository was found.
    #[must_use]
    pub fn is_there(&self) -> bool {
        is_repository(&self.root)
    }

    /// Whether the functions were built elsewhere.
    #[must_use]
    pub fn is_prebuilt(&self) -> bool {
        self.prebuilt.is_some()
    }

    /// The repository's root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path as messages show it: relative to the repository when it is inside.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// A file or folder of the repository.
    #[must_use]
    pub fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The folder that holds one folder per Rust function.
    #[must_use]
    pub fn rust_functions(&self) -> PathBuf {
        self.file("lambdas/rust")
    }

    /// All Terraform files.
    #[must_use]
    pub fn terraform(&self) -> PathBuf {
        self.file("terraform")
    }

    /// The Terraform root of the local cloud.
    #[must_use]
    pub fn terraform_local(&self) -> PathBuf {
        self.file("terraform/envs/local")
    }

    /// The folder that GitHub reads.
    #[must_use]
    pub fn github(&self) -> PathBuf {
        self.file(".github")
    }

    /// `.gridbid`.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The Python environment that contains MiniStack.
    #[must_use]
    pub fn venv(&self) -> PathBuf {
        self.home.join("venv")
    }

    /// The cargo subcommands installed for the checks.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.home.join("tools")
    }

    /// The npm packages of the tools.
    #[must_use]
    pub fn npm(&self) -> PathBuf {
        self.home.join("npm")
    }

    /// core as a WASM module, with its bindings.
    #[must_use]
    pub fn wasm(&self) -> PathBuf {
        self.home.join("wasm")
    }

    /// Cargo's target folder for that module, one for each standard library it is compiled with.
    #[must_use]
    pub fn wasm_target(&self, library: &str) -> PathBuf {
        self.home.join("wasm-target").join(library)
    }

    /// The zips and `functions.json`.
    #[must_use]
    pub fn functions(&self) -> PathBuf {
        let own = || match self.profile {
            Profile::Local => self.home.join("functions"),
            Profile::Release => self.home.join("functions-release"),
        };
        self.prebuilt.clone().unwrap_or_else(own)
    }

    /// The `CARGO_TARGET_DIR` of every cargo call; none when the user has not set it.
    ///
    /// Two checkouts that share a target folder overwrite each other's binaries, and cargo mistakes one's for the other's when
    /// their files are older. So each checkout gets its own folder below the user's.
    #[must_use]
    pub fn target_folder(&self) -> Option<OsString> {
        let shared = env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty())?;
        let digest = sha256_hex(self.root.as_os_str().as_encoded_bytes());
        let own = format!("gridbid-{}", digest.get(..12).unwrap_or(&digest));
        Some(self.root.join(shared).join(own).into_os_string())
    }

    /// The folder of this local cloud, which also holds its lock.
    #[must_use]
    pub fn site(&self) -> &Path {
        &self.site
    }

    /// The data, the logs and the record of the local cloud.
    #[must_use]
    pub fn cloud(&self) -> PathBuf {
        self.site.join("local")
    }

    /// Terraform's data, state and plan for this local cloud.
    #[must_use]
    pub fn terraform_data(&self) -> PathBuf {
        self.site.join("terraform")
    }

    /// The log of a step.
    #[must_use]
    pub fn log(&self, step: &str) -> PathBuf {
        self.site.join("logs").join(format!("{step}.log"))
    }
}

fn is_repository(folder: &Path) -> bool {
    folder.join("xtask").join("Cargo.toml").is_file()
}

/// The nearest repository around a folder.
fn repository_around(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| is_repository(folder)).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_is_found_from_a_folder_inside_it() {
        let root = Layout::of_repository().root().to_path_buf();
        assert_eq!(repository_around(&root.join("xtask").join("src")), Some(root));
        assert_eq!(repository_around(Path::new("/")), None);
    }

    #[test]
    fn sites_share_only_tools_and_zips() {
        let own = Layout::of_repository();
        let tests = own.with_site("test");
        assert_eq!(own.functions(), tests.functions());
        assert_eq!(own.venv(), tests.venv());
        assert_ne!(own.cloud(), tests.cloud());
        assert_ne!(own.terraform_data(), tests.terraform_data());
    }
}
