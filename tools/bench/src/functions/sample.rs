//! Percentiles of measured durations.

use std::time::Duration;

/// Measured durations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    durations: Vec<Duration>,
}

impl Sample {
    /// Adds a duration.
    pub fn add(&mut self, duration: Duration) {
        self.durations.push(duration);
    }

    /// Number of durations.
    #[must_use]
    pub fn count(&self) -> usize {
        self.durations.len()
    }

    /// The percentile by the nearest-rank method; zero without durations.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.durations.clone();
        sorted.sort();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// The 50th percentile.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.percentile(50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values_of_the_nearest_rank() {
        let mut sample = Sample::default();
        assert_eq!(sample.percentile(99), Duration::ZERO);
        for milliseconds in [30, 10, 50, 20, 40] {
            sample.add(Duration::from_millis(milliseconds));
        }
        assert_eq!(sample.median(), Duration::from_millis(30));
        assert_eq!(sample.percentile(99), Duration::from_millis(50));
        assert_eq!(sample.percentile(20), Duration::from_millis(10));
        assert_eq!(sample.percentile(21), Duration::from_millis(20));
    }
}
