//! Times and durations as people read them.

use std::time::Duration;

use jiff::Timestamp;

/// The seconds since 1970 in UTC, now.
#[must_use]
pub fn unix_seconds() -> u64 {
    Timestamp::now().as_second().unsigned_abs()
}

/// `2026-11-22T07:05:00Z`: a time given in seconds since 1970, UTC.
#[must_use]
pub fn rfc3339(unix_seconds: u64) -> String {
    let seconds = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).to_string()
}

/// Now, as [`rfc3339`].
#[must_use]
pub fn now() -> String {
    rfc3339(unix_seconds())
}

/// `0.3 s`, `41.2 s`, `2 min 41 s`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 100 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_whole_seconds_and_end_in_z() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_795_331_100, "2026-11-22T07:05:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(format_duration(Duration::from_millis(320)), "0.3 s");
        assert_eq!(format_duration(Duration::from_millis(41_230)), "41.2 s");
        assert_eq!(format_duration(Duration::from_secs(161)), "2 min 41 s");
    }
}
