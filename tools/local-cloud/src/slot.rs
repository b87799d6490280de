//! The names of a slot: results runs, the bucket's keys and the API's paths spell it in different ways.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use gridbid_release_format::{InvalidTimestamp, Timestamp};
use gridbid_simulator_protocol::SLOT_PERIOD_SECONDS;

/// A slot, displayed as the input of a results run: `2026-11-22T07:05:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(Timestamp);

impl Slot {
    /// The next slot of the schedule after a time in seconds since 1970: orders that arrive then take part in it.
    #[must_use]
    pub fn after(unix_seconds: u64) -> Self {
        let seconds = (unix_seconds / SLOT_PERIOD_SECONDS + 1) * SLOT_PERIOD_SECONDS;
        Self(Timestamp::UNIX_EPOCH.saturating_add(Duration::from_secs(seconds)))
    }

    /// The date in keys and paths: `2026-11-22`.
    #[must_use]
    pub fn date(self) -> String {
        self.0.to_date()
    }

    /// Date and slot in keys and paths: `2026-11-22/20261122T070500Z`.
    #[must_use]
    pub fn path(self) -> String {
        format!("{}/{}", self.date(), self.0.to_basic())
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for Slot {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_has_one_spelling_for_runs_and_one_for_paths() {
        let slot: Slot = "2026-11-22T07:05:00Z".parse().unwrap();
        assert_eq!(slot.to_string(), "2026-11-22T07:05:00Z");
        assert_eq!(slot.path(), "2026-11-22/20261122T070500Z");
        assert!("soon".parse::<Slot>().is_err());
    }

    #[test]
    fn next_slot_is_later_than_the_time() {
        assert_eq!(Slot::after(1_795_330_862).to_string(), "2026-11-22T07:05:00Z");
        assert_eq!(Slot::after(1_795_331_100).to_string(), "2026-11-22T07:10:00Z");
    }
}
