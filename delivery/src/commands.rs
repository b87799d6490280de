//! The commands of `gridbid`, one file each.

pub(crate) mod deploy;
pub(crate) mod mode;
pub(crate) mod redrive;
pub(crate) mod release;
pub(crate) mod rerun;
pub(crate) mod resubmit;
pub(crate) mod rollback;
pub(crate) mod smoke;
pub(crate) mod status;
