//! Random numbers, for waits with jitter and for the auction's draw. Not for secrets.
//!
//! The standard library seeds the keys of its hash maps with the system's entropy; a hash of nothing under fresh keys
//! is such a number. That saves every function a crate for randomness.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number, each as likely as any other.
#[must_use]
pub fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_spread_over_the_range() {
        let mut buckets = [0_u32; 16];
        for _ in 0..16_000 {
            buckets[usize::try_from(number() >> 60).unwrap()] += 1;
        }
        // Ten standard deviations: an honest source fails this less than once in 10^20 runs.
        assert!(buckets.iter().all(|count| (700..1_300).contains(count)), "{buckets:?}");
    }
}
