//! Where things lie: the repository's own folders, and the folders that commands make in `.gridbid`.
//!
//! Every path of xtask comes from here. The repository is found when a command runs, never when it is compiled: a copied
//! checkout, or one that shares a target folder with another, works on its own files. `.gridbid` is ignored by git and may
//! be deleted at any time. Several local clouds can stand beside each other: the user's in `.gridbid` and those of
//! tests in folders below it; they share tools and zips and nothing else. The environment variable `GRIDBID_HOME` puts `.gridbid`
//! somewhere else.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::digest::sha256_hex;
use crate::package::manifest::Profile;

/// The folders that one command works with.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    home: PathBuf,
    site: PathBuf,
    /// How functions are compiled.
    profile: Profile,
    /// A folder of zips that was built elsewhere.
    prebuilt: Option<PathBuf>,
    /// A delivery binary that was built elsewhere.
    gridbid: Option<PathBuf>,
}

impl Layout {
    /// The repository that `cargo xtask` was called in, and the user's own local cloud.
    #[must_use]
    pub fn of_repository() -> Self {
        // `cargo run` and `cargo test` name the package's folder; a program that was started by hand has only the current one.
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let called_by_cargo = package.and_then(|package| repository_around(&package));
        let current = env::current_dir().unwrap_or_default();
        let root = called_by_cargo.or_else(|| repository_around(&current)).unwrap_or_else(|| current.clone());
        let home = match env::var_os("GRIDBID_HOME").filter(|home| !home.is_empty()) {
            Some(home) => current.join(home),
            None => root.join(".gridbid"),
        };
        Self { root, site: home.clone(), home, profile: Profile::Local, prebuilt: None, gridbid: None }
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

    /// The same repository with a local cloud of its own, in a folder of this name.
    #[must_use]
    pub fn with_site(&self, name: &str) -> Self {
        Self { site: self.home.join(name), ..self.clone() }
    }

    /// The same folders, but for zips and a `functions.json` that are there already.
    #[must_use]
    pub fn with_functions(self, folder: PathBuf) -> Self {
        Self { prebuilt: Some(folder), ..self }
    }

    /// The same folders, but for a delivery binary that is there already.
    #[must_use]
    pub fn with_gridbid(self, file: PathBuf) -> Self {
        Self { gridbid: Some(file), ..self }
    }

    /// The delivery binary that is there already.
    #[must_use]
    pub fn gridbid(&self) -> Option<&Path> {
        self.gridbid.as_deref()
    }

    /// Whether a repository was found.
    #[must_use]
    pub fn is_there(&self) -> bool {
        is_repository(&self.root)
    }

    /// Whether the functions have been built by somebody else.
    #[must_use]
    pub fn is_prebuilt(&self) -> bool {
        self.prebuilt.is_some()
    }

    /// The repository's root.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What a person calls a path: relative to the repository where it lies inside.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The folder that holds one folder for each Rust function.
    #[must_use]
    pub fn rust_functions(&self) -> PathBuf {
        self.root.join("lambdas").join("rust")
    }

    /// All of Terraform's files.
    #[must_use]
    pub fn terraform(&self) -> PathBuf {
        self.root.join("terraform")
    }

    /// Terraform's root for the local cloud.
    #[must_use]
    pub fn terraform_local(&self) -> PathBuf {
        self.terraform().join("envs").join("local")
    }

    /// What GitHub reads.
    #[must_use]
    pub fn github(&self) -> PathBuf {
        self.root.join(".github")
    }

    /// A file of this package that is no Rust source.
    #[must_use]
    pub fn own_file(&self, name: &str) -> PathBuf {
        self.root.join("xtask").join(name)
    }

    /// `.gridbid`.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Python's environment with MiniStack in it.
    #[must_use]
    pub fn venv(&self) -> PathBuf {
        self.home.join("venv")
    }

    /// Tools that cargo installed for xtask.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.home.join("tools")
    }

    /// Node packages that only tests use.
    #[must_use]
    pub fn npm(&self) -> PathBuf {
        self.home.join("npm")
    }

    /// core as a WASM module, with its glue.
    #[must_use]
    pub fn wasm(&self) -> PathBuf {
        self.home.join("wasm")
    }

    /// Cargo's target folder for that, apart for each compiler that makes it.
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

    /// What cargo's `CARGO_TARGET_DIR` is set to for everything that is compiled here; none where the user has not set it.
    ///
    /// Two checkouts that share a target folder overwrite each other's binaries, and cargo takes one's for the other's when
    /// their files are older. So each checkout gets a folder of its own below the user's.
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

    /// The local cloud's data, logs and record of ports and processes.
    #[must_use]
    pub fn cloud(&self) -> PathBuf {
        self.site.join("local")
    }

    /// Terraform's data folder, state and plan for this local cloud.
    #[must_use]
    pub fn terraform_data(&self) -> PathBuf {
        self.site.join("terraform")
    }

    /// Where the log of one step lies.
    #[must_use]
    pub fn log(&self, step: &str) -> PathBuf {
        self.site.join("logs").join(format!("{step}.log"))
    }
}

fn is_repository(folder: &Path) -> bool {
    folder.join("xtask").join("Cargo.toml").is_file()
}

/// The nearest repository that a folder lies in.
fn repository_around(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| is_repository(folder)).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found_from_a_folder_inside_it() {
        let root = Layout::of_repository().root().to_path_buf();
        assert_eq!(repository_around(&root.join("xtask").join("src")), Some(root));
        assert_eq!(repository_around(Path::new("/")), None);
    }

    #[test]
    fn the_tests_cloud_shares_tools_and_zips_and_nothing_else() {
        let own = Layout::of_repository();
        let tests = own.with_site("test");
        assert_eq!(own.functions(), tests.functions());
        assert_eq!(own.venv(), tests.venv());
        assert_ne!(own.cloud(), tests.cloud());
        assert_ne!(own.terraform_data(), tests.terraform_data());
    }
}
