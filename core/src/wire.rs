//! What core says, as JSON texts for hosts of other languages; the same forms stand in the vectors.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::batch::{self, Limits};
use crate::json::write_string;
use crate::name::Digest;
use crate::outcome::{self, AnswerLimits, Malformed, Outcome};
use crate::text::{put, text};

/// `{"total":…,"violations":[{"index":…,"field":…,"code":…,"message":…},…]}`; a valid request has none.
#[must_use]
#[inline]
pub fn report(request: &[u8], limits: &Limits) -> String {
    batch::check(request, limits).report(request).to_json()
}

/// `{"passed_on":{…}}` for the platform's answer, or `{"error":{"code":…,"message":…}}`.
#[must_use]
pub fn answer(answer: &[u8]) -> String {
    match outcome::read_answer(answer, &AnswerLimits::default()) {
        Ok(answer) => text!["{\"passed_on\":", answer.to_json(), "}"],
        Err(error) => problem("error", error.code(), &error.sentence()),
    }
}

/// `{"accepted":{"canonical":…,"sha256":…,"power":…}}`, `{"rejected":…}` or `{"malformed":{"code":…,"message":…}}`.
#[must_use]
pub fn decision(order: &[u8]) -> String {
    match outcome::decide(order) {
        Ok(Outcome::Accepted(accepted)) => {
            let mut out = hashed("accepted", &accepted.canonical, &accepted.digest);
            if let Some(power) = accepted.power {
                put!(&mut out, ",\"power\":\"", power.text(), "\"");
            }
            out.push_str("}}");
            out
        }
        Ok(Outcome::Rejected(rejected)) => {
            let mut out = "{\"rejected\":".to_owned();
            write_string(&mut out, &rejected.sentence());
            out.push('}');
            out
        }
        Err(malformed) => refused(&malformed),
    }
}

/// `{"order":{"canonical":…,"sha256":…}}`, or `{"malformed":{"code":…,"message":…}}`.
#[must_use]
pub fn canonical(order: &[u8]) -> String {
    match outcome::canonical(order) {
        Ok(canonical) => hashed("order", &canonical, &Digest::of(canonical.as_bytes())) + "}}",
        Err(malformed) => refused(&malformed),
    }
}

/// `{"day":{…}}` for a JSON array of a day's summaries (see [`Day::to_json`](crate::day::Day::to_json)), or
/// `{"error":{"code":…,"message":…}}`.
#[must_use]
pub fn day(summaries: &[u8]) -> String {
    match crate::day::day(summaries) {
        Ok(day) => text!["{\"day\":", day.to_json(), "}"],
        Err(error) => problem("error", error.code(), &error.sentence()),
    }
}

fn hashed(name: &str, canonical: &str, digest: &Digest) -> String {
    let mut out = text!["{\"", name, "\":{\"canonical\":"];
    write_string(&mut out, canonical);
    put!(&mut out, ",\"sha256\":\"", digest.text(), "\"");
    out
}

fn refused(malformed: &Malformed) -> String {
    problem("malformed", malformed.code(), malformed.message())
}

fn problem(name: &str, code: &str, message: &str) -> String {
    let mut out = text!["{\"", name, "\":{\"code\":\"", code, "\",\"message\":"];
    write_string(&mut out, message);
    out.push_str("}}");
    out
}
