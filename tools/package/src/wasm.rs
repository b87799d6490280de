//! Builds core as the WASM module that the TypeScript and the Python package ship: `.gridbid/wasm/gridbid.wasm`.
//!
//! wasm-bindgen also generates the module's glue for JavaScript and its types, `gridbid_wasm.js` and `gridbid_wasm.d.ts`.
//!
//! Four steps: the standard library of the target, the compiler, wasm-bindgen (the library, in the version of Cargo.lock),
//! wasm-opt (npm's binaryen). The module has less than 112 KB, and the same bytes whatever folder it is built in; Nix builds it
//! with the same code. A stamp of the compiler's output skips the last two steps when nothing has changed.

mod compile;
mod finish;
mod prebuilt;
mod reproduce;
mod target;

pub use compile::{Compiled, compile};
pub use finish::{finish, module};
pub use prebuilt::Prebuilt;
pub use reproduce::check_reproducible;
