//! The commands of `gridbid`, one file each, and what they share: whether anything is really done. Called by `cli`.

pub(crate) mod deploy;
pub(crate) mod redrive;
pub(crate) mod release;
pub(crate) mod rollback;
pub(crate) mod smoke;
pub(crate) mod status;

/// Whether a command does what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It does.
    ForReal,
    /// It only looks, and says what it would do.
    DryRun,
}

impl Mode {
    /// The beginning of a sentence about what is done.
    fn verb(self, does: &'static str, would: &'static str) -> &'static str {
        if self == Self::ForReal { does } else { would }
    }
}
