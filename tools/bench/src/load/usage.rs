//! What a process uses, as Linux counts it, and whether that grew.

use std::fs;
use std::ops::Add;
use std::path::PathBuf;

use gridbid_devkit::failure::{Failure, OnFile};

/// Growth of the resident memory that is not a leak: pages of code that a rare path touches first, and the allocator's slack. In
/// 36,000 requests, a leak of 15 bytes per request exceeds it.
const MEMORY: u64 = 512 * 1024;
/// Additional descriptors that are not a leak: a pool's second connection. A leak grows with every request.
const DESCRIPTORS: usize = 4;

/// The resources of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory in bytes (`VmRSS`).
    pub memory: u64,
    /// Open descriptors.
    pub descriptors: usize,
    /// Sockets among them.
    pub connections: usize,
}

/// How far a process may grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory in bytes per stored order, of a process that keeps orders.
    pub bytes_per_order: u64,
}

impl Usage {
    /// Reads what a process uses now.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn of(pid: u32) -> Result<Self, Failure> {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let status = folder.join("status");
        let text = fs::read_to_string(&status).on_file("read", &status)?;
        let kilobytes = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|rest| {
            let number = rest.split_ascii_whitespace().next()?;
            number.parse::<u64>().ok()
        });
        let memory = 1024 * kilobytes.ok_or_else(|| Failure::new(format!("`{}` has no VmRSS", status.display())))?;
        let descriptors = folder.join("fd");
        let mut usage = Self { memory, ..Self::default() };
        for descriptor in fs::read_dir(&descriptors).on_file("read", &descriptors)?.filter_map(Result::ok) {
            // A descriptor that was closed meanwhile is not open.
            let Ok(target) = fs::read_link(descriptor.path()) else { continue };
            usage.descriptors += 1;
            usage.connections += usize::from(target.to_string_lossy().starts_with("socket:"));
        }
        Ok(usage)
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            memory: self.memory + other.memory,
            descriptors: self.descriptors + other.descriptors,
            connections: self.connections + other.connections,
        }
    }
}

/// What grew by more than its limit while this number of orders was stored.
#[must_use]
pub fn leaks(start: Usage, end: Usage, limits: Limits, stored: usize) -> Vec<String> {
    let mut leaks = Vec::new();
    let allowed = MEMORY + limits.bytes_per_order * u64::try_from(stored).unwrap_or(u64::MAX);
    if end.memory > start.memory.saturating_add(allowed) {
        leaks.push(format!("its memory grew from {} to {} bytes, by more than {allowed}", start.memory, end.memory));
    }
    if end.descriptors > start.descriptors + DESCRIPTORS {
        leaks.push(format!(
            "its descriptors grew from {} to {}, by more than {DESCRIPTORS}",
            start.descriptors, end.descriptors
        ));
    }
    leaks
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn memory_and_descriptors_of_a_process_are_read() {
        let pid = std::process::id();
        let before = Usage::of(pid).unwrap();
        let sockets: Vec<TcpListener> = (0..20).map(|_| TcpListener::bind(("127.0.0.1", 0)).unwrap()).collect();
        let held = std::hint::black_box(vec![1_u8; 64 << 20]);
        let after = Usage::of(pid).unwrap();
        assert!(after.memory > before.memory + (32 << 20), "{before:?} {after:?}");
        // Other tests of this process open and close some, too.
        assert!(after.connections >= before.connections + 10, "{before:?} {after:?}");
        assert!(after.descriptors >= before.descriptors + 10, "{before:?} {after:?}");
        drop((sockets, held));
    }

    #[test]
    fn growth_beyond_the_limits_is_a_leak() {
        let start = Usage { memory: 4_000_000, descriptors: 9, connections: 2 };
        let with = |memory: u64, descriptors: usize| {
            let end = Usage { memory: start.memory + memory, descriptors: start.descriptors + descriptors, ..start };
            leaks(start, end, Limits::default(), 1_000).len()
        };
        assert_eq!([with(0, 0), with(MEMORY, DESCRIPTORS)], [0, 0]);
        assert_eq!([with(MEMORY + 1, 0), with(0, DESCRIPTORS + 1), with(MEMORY + 1, DESCRIPTORS + 1)], [1, 1, 2]);
        let limits = Limits { bytes_per_order: 100 };
        let grown = |memory: u64| leaks(start, Usage { memory: start.memory + memory, ..start }, limits, 1_000);
        assert_eq!(grown(MEMORY + 100_000), Vec::<String>::new());
        assert_eq!(grown(MEMORY + 100_001).len(), 1);
    }
}
