//! Random numbers for jitter and for the built-in platform. Not for secrets.
//!
//! The standard library seeds the keys of its hash maps from the system's entropy; the hash of no input under fresh keys
//! is a random number. This saves every function a dependency.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns a uniformly distributed number.
///
/// ```
/// let percent = gridbid_adapters::random::u64() % 100;
/// assert!(percent < 100);
/// ```
#[must_use]
pub fn u64() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_uniform() {
        let mut buckets = [0_u32; 16];
        for _ in 0..16_000 {
            buckets[usize::try_from(super::u64() >> 60).unwrap()] += 1;
        }
        // Ten standard deviations: a uniform source fails less than once in 10^20 runs.
        assert!(buckets.iter().all(|count| (700..1_300).contains(count)), "{buckets:?}");
    }
}
