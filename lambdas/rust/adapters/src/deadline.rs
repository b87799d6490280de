//! How long an invocation may still take, and how long to wait before another attempt.
//!
//! Every call to the outside is bounded by the invocation's deadline, so that a function always has time left to say
//! what happened instead of being stopped. It reads the clock of tokio, which tests can hold still.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::chance;

/// What is kept back of the time that Lambda gives, to answer and to write the log line.
pub const MARGIN: Duration = Duration::from_millis(500);

/// The moment by which an invocation has to have its answer.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// Lambda's own deadline, less [`MARGIN`].
    #[must_use]
    pub fn of_lambda(deadline: SystemTime) -> Self {
        let given = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        Self::after(given.saturating_sub(MARGIN))
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Waits so long if more than that is left, and says whether it did.
    pub async fn allows_waiting(&self, duration: Duration) -> bool {
        if self.remaining() <= duration {
            return false;
        }
        tokio::time::sleep(duration).await;
        true
    }
}

/// Waits between attempts: exponential, with full jitter (any wait from none to the bound is as likely), so that
/// callers that collided once do not collide again in step.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// The bound of the first wait, doubled for each further one up to the longest.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The wait before attempt `attempt`, where 1 is the first repetition.
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Duration {
        let bound = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.longest);
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(chance::number() % micros.saturating_add(1).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_after_the_deadline() {
        let deadline = Deadline::after(Duration::from_secs(2));
        assert_eq!(deadline.remaining(), Duration::from_secs(2));
        assert!(deadline.allows_waiting(Duration::from_millis(1_500)).await);
        assert_eq!(deadline.remaining(), Duration::from_millis(500));
        assert!(!deadline.allows_waiting(Duration::from_millis(500)).await);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(deadline.remaining(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn lambdas_deadline_is_kept_with_a_margin() {
        let left = Deadline::of_lambda(SystemTime::now() + Duration::from_secs(10)).remaining();
        assert!(left <= Duration::from_millis(9_500) && left > Duration::from_secs(9), "{left:?}");
        assert_eq!(Deadline::of_lambda(SystemTime::UNIX_EPOCH).remaining(), Duration::ZERO);
    }

    #[test]
    fn waits_grow_to_a_bound() {
        let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(100));
        let longest = |attempt| (0..2_000).map(|_| backoff.wait(attempt)).max().unwrap();
        assert!(longest(1) <= Duration::from_millis(10));
        assert!(longest(3) > Duration::from_millis(20) && longest(3) <= Duration::from_millis(40));
        assert!(longest(40) > Duration::from_millis(50) && longest(40) <= Duration::from_millis(100));
    }
}
