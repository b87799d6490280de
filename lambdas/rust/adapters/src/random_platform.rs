//! The built-in random platform: whether results are ready is random, the results are always the same two orders.
//!
//! With a seed, readiness is a function of seed, slot and poll, so that a demonstration or a test is repeatable: the first
//! 8 bytes of the SHA-256 of `<seed>/<slot>/<poll>`, as a big-endian number, modulo 100.

use gridbid_core::name::{Digest, Slot};

use crate::{
    deadline::Deadline,
    error::AdapterError,
    platform::{AuctionPlatform, PlatformResponse},
    random,
};

/// The default probability that results are ready, in percent.
pub const READY_PERCENT: u8 = 50;

const READY: &str = r#"{"results":true,"orders":[{"order":"accepted","power":1},{"order":"rejected"}]}"#;
const NOT_READY: &str = r#"{"results":false}"#;

/// A platform whose results are ready at random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomPlatform {
    /// The seed; without one, polls are independent.
    pub seed: Option<u64>,
    /// The probability that results are ready, from 0 to 100.
    pub ready_percent: u8,
}

impl RandomPlatform {
    fn is_ready(&self, slot: &Slot, poll: u32) -> Result<bool, AdapterError> {
        let number = match self.seed {
            None => random::u64(),
            Some(seed) => {
                let digest = Digest::of(format!("{seed}/{slot}/{poll}").as_bytes());
                u64::from_str_radix(&digest.short(), 16)
                    .map_err(|error| AdapterError::Broken(format!("random platform: {error}")))?
            }
        };
        Ok(number % 100 < u64::from(self.ready_percent))
    }
}

impl AuctionPlatform for RandomPlatform {
    async fn results(&self, slot: &Slot, poll: u32, _: &Deadline) -> Result<PlatformResponse, AdapterError> {
        let document = if self.is_ready(slot, poll)? { READY } else { NOT_READY };
        Ok(PlatformResponse::Document(document.as_bytes().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        Slot::parse("2026-11-22T07:05:00Z").unwrap()
    }

    fn ready(seed: Option<u64>, ready_percent: u8) -> usize {
        let platform = RandomPlatform { seed, ready_percent };
        (1..=10_000).filter(|poll| platform.is_ready(&slot(), *poll).unwrap()).count()
    }

    #[test]
    fn results_are_ready_with_the_given_probability() {
        for seed in [None, Some(7)] {
            assert_eq!(ready(seed, 0), 0);
            assert_eq!(ready(seed, 100), 10_000);
            // Ten standard deviations on either side.
            assert!((4_500..5_500).contains(&ready(seed, 50)), "{seed:?}");
        }
    }

    #[test]
    fn seeded_polls_are_repeatable() {
        let draws = |seed: u64| -> Vec<bool> {
            let platform = RandomPlatform { seed: Some(seed), ready_percent: 50 };
            (1..=12).map(|poll| platform.is_ready(&slot(), poll).unwrap()).collect()
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
        // printf '1/2026-11-22T07:05:00Z/1' | sha256sum
        let digest = Digest::of(b"1/2026-11-22T07:05:00Z/1").short();
        assert_eq!(draws(1)[0], u64::from_str_radix(&digest, 16).unwrap() % 100 < 50);
    }
}
