//! The lifetime of an order: 24 hours from its acceptance.
//!
//! Timestamps are given by the caller: nothing here reads a clock. DynamoDB deletes expired items late ("typically within a few
//! days"), so that whether an order is live is always computed, never concluded from its presence.
//!
//! ```
//! use gridbid_core::expiry::{Timestamp, expires_at, is_live};
//!
//! let accepted_at = Timestamp::parse("2026-11-22T07:05:00Z").unwrap();
//! let expires_at = expires_at(accepted_at);
//! assert_eq!(expires_at.to_string(), "2026-11-23T07:05:00Z");
//! assert!(is_live(expires_at, accepted_at) && !is_live(expires_at, expires_at));
//! ```

use alloc::format;
use alloc::string::String;
use core::fmt;

/// Seconds from an order's acceptance to its expiry: 24 hours.
pub const LIFETIME_SECONDS: u64 = 24 * 60 * 60;

/// The last second that RFC 3339 can represent: 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;
const SECONDS_PER_DAY: u64 = 86_400;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z, at most 9999-12-31T23:59:59Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A number of seconds after 1970-01-01T00:00:00Z. It saturates at 9999-12-31T23:59:59Z.
    #[must_use]
    pub fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds.min(LAST))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        self.0
    }

    /// Parses `YYYY-MM-DDTHH:MM:SSZ`, the only accepted form of RFC 3339; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', i0, i1, b':', s0, s1, b'Z'] = *bytes
        else {
            return None;
        };
        let number = |digits: &[u8]| {
            digits
                .iter()
                .try_fold(0_u64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0')))
        };
        let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[m0, m1])?, number(&[d0, d1])?);
        let (hour, minute, second) = (number(&[h0, h1])?, number(&[i0, i1])?, number(&[s0, s1])?);
        if year < 1970 || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = days_before(year, month, day) * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
        // A day that does not exist, such as 02-30, is converted to another.
        (date_of(seconds / SECONDS_PER_DAY) == (year, month, day)).then_some(Self(seconds))
    }

    /// The date in UTC, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = date_of(self.0 / SECONDS_PER_DAY);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with whole seconds: `2026-11-22T07:05:00Z`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0 % SECONDS_PER_DAY;
        write!(out, "{}T{:02}:{:02}:{:02}Z", self.date(), second / 3_600, second / 60 % 60, second % 60)
    }
}

/// The expiry of an order that is accepted at this time.
#[must_use]
pub fn expires_at(accepted_at: Timestamp) -> Timestamp {
    Timestamp::from_unix_seconds(accepted_at.0 + LIFETIME_SECONDS)
}

/// Whether an order can still be read, and its `record_id` cannot be reused.
#[must_use]
pub fn is_live(expires_at: Timestamp, now: Timestamp) -> bool {
    now < expires_at
}

/// Days from 1970-01-01 to a date of the Gregorian calendar from 1970 on. Years are counted from March, so that the leap day
/// comes last. The result for a day or month 0 is meaningless.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    // 719 468 days lie between the first of March of the year 0 and 1970; the day is counted from 1.
    days.saturating_sub(719_469)
}

/// The year, month and day of a number of days after 1970-01-01.
fn date_of(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let (month, carry) = if shifted_month < 10 { (shifted_month + 3, 0) } else { (shifted_month - 9, 1) };
    (era * 400 + year_of_era + carry, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_formatted_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_331_100, "2026-11-22T07:05:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_unix_seconds(seconds).to_string(), text);
            assert_eq!(Timestamp::parse(text), Some(Timestamp::from_unix_seconds(seconds)));
        }
    }

    #[test]
    fn days_until_2400_are_consecutive() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..157_000 {
            assert_eq!(date_of(days), (year, month, day));
            assert_eq!(days_before(year, month, day), days);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u64::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in [
            "",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00+00:00",
            "1969-12-31T23:59:59Z",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.5Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn order_is_not_live_in_the_second_of_its_expiry() {
        let accepted = Timestamp::from_unix_seconds(1_000);
        let end = expires_at(accepted);
        assert_eq!(end.unix_seconds(), 1_000 + 86_400);
        assert!(is_live(end, Timestamp::from_unix_seconds(87_399)));
        assert!(!is_live(end, Timestamp::from_unix_seconds(87_400)));
    }
}
