//! The parts of a WASM build that were built or fetched elsewhere.

use std::path::PathBuf;

use clap::Args;

/// What is not to be built or fetched again. Nix passes all three.
#[derive(Clone, Debug, Default, Args)]
pub struct Prebuilt {
    /// The command gridbid-bindgen
    #[arg(long)]
    pub bindgen: Option<PathBuf>,
    /// The script wasm-opt of npm's binaryen
    #[arg(long)]
    pub wasm_opt: Option<PathBuf>,
    /// The folder of the crates' sources, when it is not cargo's
    #[arg(long)]
    pub crates: Option<PathBuf>,
}
