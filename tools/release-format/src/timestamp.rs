//! UTC timestamps to the second, in the two ISO 8601 spellings of documents and keys.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A UTC time to the second, displayed and serialized as `2026-11-22T07:05:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

/// A text that is not a timestamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a timestamp such as 2026-11-22T07:05:00Z")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The current time.
    #[must_use]
    pub fn now() -> Self {
        Self::from(jiff::Timestamp::now())
    }

    /// Adds a duration, which is cut to whole seconds; saturates at the year 9999.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let sum = self.0.checked_add(duration);
        Self::from(sum.unwrap_or(jiff::Timestamp::MAX))
    }

    /// The beginning of the current period, of those that follow each other since 1970. A period of less than a second counts as
    /// one.
    #[must_use]
    pub fn round_down(self, period: Duration) -> Self {
        let period = i64::try_from(period.as_secs()).unwrap_or(i64::MAX).max(1);
        let seconds = self.0.as_second();
        Self(jiff::Timestamp::from_second(seconds - seconds.rem_euclid(period)).unwrap_or(jiff::Timestamp::MIN))
    }

    /// `20261122T070500Z`: for keys, which sort as the timestamps do.
    #[must_use]
    pub fn to_basic(self) -> String {
        self.to_string().replace(['-', ':'], "")
    }

    /// The UTC date, `2026-11-22`.
    #[must_use]
    pub fn to_date(self) -> String {
        self.0.strftime("%F").to_string()
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// Drops the fraction of a second.
    fn from(time: jiff::Timestamp) -> Self {
        // `constant` would panic on seconds out of range: these are of a timestamp.
        Self(jiff::Timestamp::constant(time.as_second(), 0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Parses an ISO 8601 timestamp with any offset.
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let time: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp(text.to_owned()))?;
        Ok(time.into())
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_is_parsed_with_any_offset_and_displayed_in_utc() {
        let timestamp: Timestamp = "2026-11-22T09:05:00.7+02:00".parse().unwrap();
        assert_eq!(timestamp.to_string(), "2026-11-22T07:05:00Z");
        assert_eq!((timestamp.to_basic().as_str(), timestamp.to_date().as_str()), ("20261122T070500Z", "2026-11-22"));
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn period_begins_at_a_multiple_of_itself() {
        let begin: Timestamp = "2026-11-22T07:05:00Z".parse().unwrap();
        for seconds in [0, 1, 299] {
            let timestamp = begin.saturating_add(Duration::from_secs(seconds));
            assert_eq!(timestamp.round_down(Duration::from_secs(300)), begin);
        }
        assert_ne!(begin.saturating_add(Duration::from_secs(300)).round_down(Duration::from_secs(300)), begin);
    }

    #[test]
    fn addition_saturates_at_the_last_year() {
        let last: Timestamp = "9999-12-30T22:00:00Z".parse().unwrap();
        assert_eq!(last.saturating_add(Duration::MAX), last.saturating_add(Duration::from_secs(u64::MAX)));
        assert_eq!(Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(61)).to_string(), "1970-01-01T00:01:01Z");
    }
}
