//! The functions of core with JSON texts as results, for hosts of other languages.
//!
//! ```
//! assert_eq!(gridbid_core::wire::decide_order(b"{").split_once(':').unwrap().0, r#"{"malformed""#);
//! ```

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::day;
use crate::json::write_string;
use crate::name::Digest;
use crate::outcome::{self, MalformedOrder, Outcome, PlatformResults, ResultsLimits};
use crate::text::{append, text};

/// `{"ready":false}`; `{"ready":true,"orders":["…",…]}` with the JSON text of each order
/// (see [`ResultOrder::to_json`](outcome::ResultOrder::to_json)); or `{"error":{"code":…,"message":…}}`.
#[must_use]
pub fn parse_results(results: &[u8]) -> String {
    match outcome::parse_results(results, &ResultsLimits::default()) {
        Ok(PlatformResults::NotReady) => "{\"ready\":false}".to_owned(),
        Ok(PlatformResults::Ready(orders)) => {
            let mut out = "{\"ready\":true,\"orders\":[".to_owned();
            for (index, order) in orders.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(&mut out, &order.to_json());
            }
            out.push_str("]}");
            out
        }
        Err(error) => problem("error", error.code(), &error.message()),
    }
}

/// `{"accepted":{"canonical":…,"sha256":…,"power":…}}`, `{"rejected":…}` or `{"malformed":{"code":…,"message":…}}`.
#[must_use]
pub fn decide_order(order: &[u8]) -> String {
    match outcome::decide(order) {
        Ok(Outcome::Accepted(accepted)) => {
            let mut out = open_hashed("accepted", &accepted.canonical, &accepted.digest);
            if let Some(power) = accepted.power {
                append!(&mut out, ",\"power\":\"", power.text(), "\"");
            }
            out.push_str("}}");
            out
        }
        Ok(Outcome::Rejected(rejected)) => {
            let mut out = "{\"rejected\":".to_owned();
            write_string(&mut out, &rejected.message());
            out.push('}');
            out
        }
        Err(malformed) => malformed_json(&malformed),
    }
}

/// `{"order":{"canonical":…,"sha256":…}}`, or `{"malformed":{"code":…,"message":…}}`.
#[must_use]
pub fn canonicalize_order(order: &[u8]) -> String {
    match outcome::canonicalize(order) {
        Ok(canonical) => open_hashed("order", &canonical, &Digest::of(canonical.as_bytes())) + "}}",
        Err(malformed) => malformed_json(&malformed),
    }
}

/// `{"day":{…}}` for a JSON array of a day's summaries (see [`DayTotals::to_json`](day::DayTotals::to_json)), or
/// `{"error":{"code":…,"message":…}}`.
#[must_use]
pub fn total_day(summaries: &[u8]) -> String {
    match day::total(summaries) {
        Ok(totals) => text!["{\"day\":", totals.to_json(), "}"],
        Err(error) => problem("error", error.code(), &error.message()),
    }
}

/// `{"NAME":{"canonical":…,"sha256":…` with both braces left open.
fn open_hashed(name: &str, canonical: &str, digest: &Digest) -> String {
    let mut out = text!["{\"", name, "\":{\"canonical\":"];
    write_string(&mut out, canonical);
    append!(&mut out, ",\"sha256\":\"", digest.text(), "\"");
    out
}

fn malformed_json(malformed: &MalformedOrder) -> String {
    problem("malformed", malformed.code(), malformed.message())
}

fn problem(name: &str, code: &str, message: &str) -> String {
    let mut out = text!["{\"", name, "\":{\"code\":\"", code, "\",\"message\":"];
    write_string(&mut out, message);
    out.push_str("}}");
    out
}
