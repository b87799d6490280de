//! The parts of a WASM build that were built or fetched elsewhere.

use std::path::PathBuf;

use clap::Args;

/// Inputs that were built or fetched elsewhere; Nix passes all three.
#[derive(Clone, Debug, Default, Args)]
pub struct Prebuilt {
    /// The command gridbid-bindgen
    #[arg(long)]
    pub bindgen: Option<PathBuf>,
    /// The script wasm-opt of npm's binaryen
    #[arg(long)]
    pub wasm_opt: Option<PathBuf>,
    /// Folder of vendored crate sources [default: cargo's registry]
    #[arg(long)]
    pub crates: Option<PathBuf>,
}
