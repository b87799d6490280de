//! Collects violations: all are counted, the first are listed.

use alloc::vec::Vec;

use super::limits::Limits;
use super::verdict::Verdict;
use crate::violation::{Finding, ViolationKind};

pub(super) struct Findings {
    listed: Vec<Finding>,
    total: u32,
    max_listed: usize,
}

impl Findings {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { listed: Vec::new(), total: 0, max_listed: limits.listed as usize }
    }

    /// Number of violations so far. It saturates, with a body of 4 GiB.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    #[cold]
    pub(super) fn push(&mut self, finding: Finding) {
        if self.listed.len() < self.max_listed {
            self.listed.push(finding);
        }
        self.total = self.total.saturating_add(1);
    }

    /// Adds a violation of the request as a whole, which is listed before those of its orders.
    pub(super) fn push_front(&mut self, kind: ViolationKind) {
        self.listed.insert(0, Finding { index: None, field: None, kind });
        self.listed.truncate(self.max_listed);
        self.total = self.total.saturating_add(1);
    }

    /// Replaces all violations with the one that makes the request as a whole unreadable.
    #[cold]
    pub(super) fn replace_with(mut self, kind: ViolationKind) -> Verdict {
        self.listed.clear();
        self.total = 0;
        self.push(Finding { index: None, field: None, kind });
        self.into_verdict(0)
    }

    /// The verdict on a request with this many elements.
    pub(super) fn into_verdict(self, orders: u32) -> Verdict {
        Verdict { orders, total: self.total, findings: self.listed }
    }
}
