//! Times and durations as people read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gridbid_release_format::Timestamp;

/// The seconds since 1970 in UTC, now.
#[must_use]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs())
}

/// `2026-11-22T07:05:00Z`: a time given in seconds since 1970, UTC.
#[must_use]
pub fn rfc3339(unix_seconds: u64) -> String {
    Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(unix_seconds)).to_string()
}

/// The current time, as [`rfc3339`].
#[must_use]
pub fn now() -> String {
    Timestamp::now().to_string()
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
        assert_eq!(rfc3339(951_868_799), "2000-02-29T23:59:59Z");
        assert_eq!(rfc3339(1_795_331_100), "2026-11-22T07:05:00Z");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(format_duration(Duration::from_millis(320)), "0.3 s");
        assert_eq!(format_duration(Duration::from_millis(41_230)), "41.2 s");
        assert_eq!(format_duration(Duration::from_secs(161)), "2 min 41 s");
    }
}
