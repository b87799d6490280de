//! The delay before a message is delivered again.

use std::time::Duration;

use gridbid_adapters::random;
use gridbid_core::expiry::Timestamp;

const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The delay after delivery `receive_count`, counted from 1.
///
/// The bound doubles from 5 seconds to 15 minutes; the delay is uniform between half of it and the whole, which spreads out
/// messages that failed together. The platform's `Retry-After` is the minimum, up to 15 minutes: a longer one would hide a
/// platform's recovery, and its orders from the alarms. An order is delivered once more when it expires, to be reported.
pub(crate) fn delay(
    receive_count: u32,
    retry_after: Option<Duration>,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Duration {
    let bound = FIRST.saturating_mul(1 << receive_count.saturating_sub(1).min(16)).min(LONGEST);
    let jitter = (bound / 2).mul_f64(random::u64() as f64 / u64::MAX as f64);
    let delay = (bound / 2 + jitter).max(retry_after.unwrap_or_default().min(LONGEST) + jitter);
    // SQS counts in whole seconds.
    let delay = Duration::from_secs(delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0)));
    match expires_at {
        Some(expires_at) => {
            let remaining = expires_at.unix_seconds().saturating_sub(now.unix_seconds());
            // An order that has expired waits as any other.
            if remaining == 0 { delay } else { delay.min(Duration::from_secs(remaining)) }
        }
        None => delay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(receive_count: u32, retry_after: Option<u64>, remaining: Option<u64>) -> (u64, u64) {
        let now = Timestamp::from_unix_seconds(1_000);
        let expires_at = remaining.map(|remaining| Timestamp::from_unix_seconds(1_000 + remaining));
        let retry_after = retry_after.map(Duration::from_secs);
        let delays = (0..2_000).map(|_| delay(receive_count, retry_after, expires_at, now).as_secs());
        delays.fold((u64::MAX, 0), |(least, most), delay| (least.min(delay), most.max(delay)))
    }

    #[test]
    fn delays_grow_with_jitter_to_15_minutes() {
        for (receive_count, expected) in
            [(1, (3, 5)), (2, (5, 10)), (4, (20, 40)), (9, (450, 900)), (1_000, (450, 900))]
        {
            let (least, most) = seconds(receive_count, None, None);
            assert!(least >= expected.0 && most <= expected.1, "{receive_count}: {least} to {most}");
            assert!(most - least >= (expected.1 - expected.0) / 2, "{receive_count}: {least} to {most}");
        }
    }

    #[test]
    fn retry_after_is_the_minimum_up_to_15_minutes() {
        let (least, most) = seconds(1, Some(60), None);
        assert!(least >= 60 && most <= 63, "{least} to {most}");
        let (least, most) = seconds(9, Some(1), None);
        assert!(least >= 450 && most <= 900, "{least} to {most}");
        let (least, most) = seconds(1, Some(u64::MAX), None);
        assert!(least >= 900 && most <= 903, "{least} to {most}");
        assert_eq!(seconds(1, Some(u64::MAX), Some(100)), (100, 100));
    }

    #[test]
    fn order_is_delivered_when_it_expires() {
        assert_eq!(seconds(9, None, Some(20)), (20, 20));
        let (least, most) = seconds(1, None, Some(0));
        assert!(least >= 3 && most <= 5, "{least} to {most}");
    }
}
