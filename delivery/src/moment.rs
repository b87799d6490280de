//! A moment in UTC, to the second: as people read it, and as a key that sorts.
//!
//! Formatting is the AWS SDK's own. Called by everything that writes or compares times.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::{Deserialize, Serialize};

/// Seconds since 1970, written as `2026-11-22T07:05:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Moment(i64);

/// A text that is no moment.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a time such as 2026-11-22T07:05:00Z")]
pub(crate) struct NoMoment(String);

impl Moment {
    /// Now.
    pub(crate) fn now() -> Self {
        let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(age.as_secs()).unwrap_or(i64::MAX))
    }

    /// A moment by its seconds since 1970.
    pub(crate) const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The moment so much later.
    pub(crate) fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
    }

    /// `20261122T070500Z`: for keys, which sort as the moments do.
    pub(crate) fn basic(self) -> String {
        self.to_string().replace(['-', ':'], "")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every number of seconds since 1970 that a clock tells can be written.
        out.write_str(&DateTime::from_secs(self.0).fmt(Format::DateTime).unwrap_or_default())
    }
}

impl std::str::FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let read = DateTime::from_str(text, Format::DateTimeWithOffset).map_err(|_| NoMoment(text.to_owned()))?;
        Ok(Self(read.secs()))
    }
}

impl TryFrom<String> for Moment {
    type Error = NoMoment;

    fn try_from(text: String) -> Result<Self, NoMoment> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_any_offset_and_written_in_utc() {
        let moment: Moment = "2026-11-22T09:05:00+02:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-22T07:05:00Z");
        assert_eq!(moment.basic(), "20261122T070500Z");
        assert_eq!(moment.after(Duration::from_secs(61)).to_string(), "2026-11-22T07:06:01Z");
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
