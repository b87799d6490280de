//! Pages of lists.

use std::fmt;

/// Maximum number of entries of one page.
pub(super) const PAGE: usize = 1000;

/// The number of entries of a list, counted on its first page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The number of entries on the first page.
    pub number: u64,
    /// Whether there is no other page.
    pub is_whole: bool,
}

impl fmt::Display for Count {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole { write!(out, "{}", self.number) } else { write!(out, "{} or more", self.number) }
    }
}
