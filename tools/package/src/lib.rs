//! Builds Gridbid's artifacts: the functions' zips and `functions.json`, core as a WASM module, the packages of other languages,
//! and the console.
//!
//! The same sources give the same bytes, and unchanged results are not made again. What is built here is for this machine and
//! never ships: Nix builds releases, and calls the binary `gridbid-package` for the formats.

pub mod archive;
pub mod bindings;
pub mod bundle;
pub mod console;
pub mod manifest;
pub mod pipeline;
pub mod programs;
pub mod scripted;
pub mod wasm;
pub mod zips;
