//! The time left in an invocation, and the delays between attempts.
//!
//! Every outside call is bounded by the invocation's deadline, so that a function reports a failure before Lambda stops
//! it. Time is tokio's, which tests can pause.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::random;

/// The part of Lambda's timeout that is reserved for the response and the log line.
pub const MARGIN: Duration = Duration::from_millis(500);

/// The time by which an invocation must have its response.
///
/// ```
/// use std::time::Duration;
///
/// use gridbid_adapters::deadline::Deadline;
///
/// let deadline = Deadline::after(Duration::from_secs(2));
/// assert!(deadline.remaining() <= Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline this long from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// Lambda's own deadline, less [`MARGIN`].
    #[must_use]
    pub fn from_lambda(deadline: SystemTime) -> Self {
        // The error is a deadline in the past, of which nothing remains.
        let remaining = deadline.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
        Self::after(remaining.saturating_sub(MARGIN))
    }

    /// The remaining time; zero after the deadline.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Sleeps if more time than this remains; returns whether it slept.
    pub async fn try_sleep(&self, duration: Duration) -> bool {
        if self.remaining() <= duration {
            return false;
        }
        tokio::time::sleep(duration).await;
        true
    }
}

/// Exponential backoff with full jitter (uniform from zero to the bound), which spreads out callers that collided.
///
/// ```
/// use std::time::Duration;
///
/// use gridbid_adapters::deadline::Backoff;
///
/// const BACKOFF: Backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(100));
/// assert!(BACKOFF.delay(1) <= Duration::from_millis(10));
/// assert!(BACKOFF.delay(9) <= Duration::from_millis(100));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// The bound of the first delay, doubled for each later one up to the longest.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The delay after attempt `attempt`, counted from 1.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        let bound = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.longest);
        bound.mul_f64(random::u64() as f64 / u64::MAX as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn remaining_time_ends_at_the_deadline() {
        let deadline = Deadline::after(Duration::from_secs(2));
        assert_eq!(deadline.remaining(), Duration::from_secs(2));
        assert!(deadline.try_sleep(Duration::from_millis(1_500)).await);
        assert_eq!(deadline.remaining(), Duration::from_millis(500));
        assert!(!deadline.try_sleep(Duration::from_millis(500)).await);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn lambda_deadline_is_reduced_by_the_margin() {
        let left = Deadline::from_lambda(SystemTime::now() + Duration::from_secs(10)).remaining();
        assert!(left <= Duration::from_millis(9_500) && left > Duration::from_secs(9), "{left:?}");
        assert_eq!(Deadline::from_lambda(SystemTime::UNIX_EPOCH).remaining(), Duration::ZERO);
    }

    #[test]
    fn delays_grow_to_the_longest() {
        let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(100));
        let longest = |attempt| (0..2_000).map(|_| backoff.delay(attempt)).max().unwrap();
        assert!(longest(1) <= Duration::from_millis(10));
        assert!(longest(3) > Duration::from_millis(20) && longest(3) <= Duration::from_millis(40));
        assert!(longest(40) > Duration::from_millis(50) && longest(40) <= Duration::from_millis(100));
    }
}
