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
    #[cfg(feature = "memory")]
    if let Some(number) = seeded::next() {
        return number;
    }
    RandomState::new().build_hasher().finish()
}

#[cfg(feature = "memory")]
pub(crate) use seeded::seed;

/// Repeatable numbers for simulations.
#[cfg(feature = "memory")]
mod seeded {
    use std::{cell::Cell, hash::BuildHasher as _, hash::BuildHasherDefault, hash::DefaultHasher};

    thread_local! {
        static NEXT: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// Makes this thread's numbers a function of the seed.
    pub(crate) fn seed(seed: u64) {
        NEXT.set(Some(seed));
    }

    /// The next number; `None` without a seed.
    pub(super) fn next() -> Option<u64> {
        let number = NEXT.get()?;
        NEXT.set(Some(number.wrapping_add(1)));
        Some(BuildHasherDefault::<DefaultHasher>::default().hash_one(number))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "memory")]
    #[test]
    fn seeded_numbers_repeat() {
        let draw = |seed| {
            super::seed(seed);
            [super::u64(), super::u64()]
        };
        assert_eq!(draw(1), draw(1));
        assert!(draw(1)[0] != draw(1)[1] && draw(1) != draw(2));
    }

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
