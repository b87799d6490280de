//! The price of a million requests on Lambda: x86, eu-west-1, the list price of November 2026, without the free tier.

use std::time::Duration;

/// Dollars for a million requests, in addition to their duration.
pub const REQUESTS: f64 = 0.20;
/// Dollars for a gigabyte-second.
pub const GIGABYTE_SECOND: f64 = 0.000_016_666_7;
/// Memory at which a function gets a whole processor; with less memory it gets a proportional share.
pub const WHOLE_PROCESSOR_MB: f64 = 1_769.0;

/// Dollars for a million requests, each with this time of waiting and this CPU time.
#[must_use]
pub fn per_million(waiting: Duration, cpu_time: Duration, memory_mb: u32) -> f64 {
    1e6 * GIGABYTE_SECOND * f64::from(memory_mb) / 1024.0 * billed(waiting, cpu_time, memory_mb).as_secs_f64()
        + REQUESTS
}

/// The billed time, in whole milliseconds: CPU time is divided by the share of a processor that the memory buys.
#[must_use]
pub fn billed(waiting: Duration, cpu_time: Duration, memory_mb: u32) -> Duration {
    let slower = (WHOLE_PROCESSOR_MB / f64::from(memory_mb)).max(1.0);
    let milliseconds = (waiting + cpu_time.mul_f64(slower)).as_secs_f64() * 1e3;
    Duration::from_secs_f64(milliseconds.ceil() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_billed_in_whole_milliseconds_of_the_processor_that_memory_buys() {
        let milliseconds = Duration::from_millis;
        assert_eq!(billed(milliseconds(5), milliseconds(1), 1_769), milliseconds(6));
        assert_eq!(billed(milliseconds(5), Duration::from_micros(1_100), 1_769), milliseconds(7));
        // A quarter of the memory: four times the CPU time, the same waiting time.
        assert_eq!(billed(milliseconds(5), milliseconds(2), 442), milliseconds(14));
        // One thread cannot use more than a whole processor.
        assert_eq!(billed(milliseconds(5), milliseconds(2), 3_000), milliseconds(7));
    }

    #[test]
    fn million_requests_of_a_second_and_a_gigabyte_cost_the_list_price() {
        let price = per_million(Duration::from_secs(1), Duration::ZERO, 1_024);
        assert!((price - 16.866_7).abs() < 1e-9, "{price}");
    }
}
