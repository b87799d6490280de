//! Whether a command changes anything.

/// How a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It makes its changes.
    Apply,
    /// It only reads, and prints what it would change.
    DryRun,
}
