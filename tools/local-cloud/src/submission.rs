//! Follows stored orders until the auction platform has received or refused them.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use gridbid_devkit::failure::Failure;
use gridbid_devkit::interrupt;
use serde_json::Value;

use crate::client::Cloud;

/// Interval between two reads of an order.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The auction platform's response to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// The order takes part in the auction of this slot.
    Submitted {
        /// The time of the response.
        at: String,
        /// The slot.
        slot: String,
    },
    /// The order takes part in no auction.
    Refused {
        /// Why.
        reason: String,
    },
}

impl Submission {
    /// Parses an order as the HTTP API returns it; none while the submission is pending.
    fn of(order: &Value) -> Option<Self> {
        let submission = order.get("submission")?;
        let text = |name: &str| submission.get(name).and_then(Value::as_str).map(str::to_owned);
        match text("status")?.as_str() {
            "submitted" => Some(Self::Submitted { at: text("at")?, slot: text("slot")? }),
            "refused" => Some(Self::Refused { reason: text("reason")? }),
            _ => None,
        }
    }
}

/// Waits until no order is pending and passes a line to `say` for each. Returns the submissions by `record_id`.
///
/// # Errors
/// When an order cannot be read, or is still pending at the time limit.
pub fn follow(
    cloud: &Cloud,
    api_id: &str,
    record_ids: &[&str],
    limit: Duration,
    mut say: impl FnMut(&str),
) -> Result<BTreeMap<String, Submission>, Failure> {
    let deadline = Instant::now() + limit;
    let mut submissions = BTreeMap::new();
    for record_id in record_ids {
        let submission = loop {
            let order = read(cloud, api_id, record_id)?;
            if let Some(submission) = Submission::of(&order) {
                break submission;
            }
            interrupt::check()?;
            if Instant::now() > deadline {
                let message = format!("order `{record_id}` is still pending after {} s: {order}", limit.as_secs());
                return Err(Failure::new(message).with_hint("`cargo xtask logs submit-orders` shows the attempts"));
            }
            thread::sleep(POLL_INTERVAL);
        };
        match &submission {
            Submission::Submitted { at, slot } => {
                say(&format!("{record_id}: submitted at {at}, takes part in the auction of {slot}"));
            }
            Submission::Refused { reason } => say(&format!("{record_id}: refused by the platform: {reason}")),
        }
        submissions.insert((*record_id).to_owned(), submission);
    }
    Ok(submissions)
}

fn read(cloud: &Cloud, api_id: &str, record_id: &str) -> Result<Value, Failure> {
    let path = format!("/orders/{record_id}");
    let response = cloud.http_api(api_id, "GET", &path, &[], &[])?;
    if !response.is_success() {
        return Err(Failure::new(format!("GET {path} returned {}: {}", response.status, response.text())));
    }
    serde_json::from_slice(&response.body).map_err(|error| Failure::new(format!("GET {path}: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn submission_is_parsed_from_an_order() {
        let of = |submission: Value| Submission::of(&json!({"record_id": "a", "submission": submission}));
        let (at, slot) = ("2026-11-22T07:01:02Z".to_owned(), "2026-11-22T07:05:00Z".to_owned());
        let submitted = json!({"status": "submitted", "at": at, "slot": slot});
        assert_eq!(of(submitted), Some(Submission::Submitted { at, slot }));
        let refused = json!({"status": "refused", "at": "2026-11-22T07:01:02Z", "reason": "gate closed"});
        assert_eq!(of(refused), Some(Submission::Refused { reason: "gate closed".to_owned() }));
        assert_eq!(of(json!({"status": "pending"})), None);
        assert_eq!(Submission::of(&json!({})), None);
    }
}
