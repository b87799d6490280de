//! The result of validation without the orders.

use alloc::vec::Vec;

use crate::violation::{Finding, Report};

/// The result of validating a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Number of elements in the array; 0 when the request cannot be read.
    pub orders: u32,
    /// Number of violations; 0 for a valid batch. It saturates, with a body of 4 GiB.
    pub total: u32,
    /// The first violations, at most [`Limits::listed`](super::Limits::listed).
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The report in words; `request` is the body that was validated.
    #[must_use]
    pub fn report(&self, request: &[u8]) -> Report {
        let violations = self.findings.iter().map(|finding| finding.violation(request)).collect();
        Report { total: self.total, violations }
    }
}
