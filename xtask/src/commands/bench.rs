//! `cargo xtask bench`: measures, prints a comparison, and writes it into `docs/benchmarks.md`. Called by `main`.

use crate::bench;
use crate::failure::Failure;
use crate::layout::Layout;
use crate::progress::Progress;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Checking and reading orders in three languages.
    Core,
}

/// Measures it.
///
/// # Errors
/// The first step that fails. A slow figure is no failure.
pub fn bench(layout: &Layout, progress: &Progress, subject: Subject) -> Result<(), Failure> {
    match subject {
        Subject::Core => bench::core::bench(layout, progress),
    }
}
