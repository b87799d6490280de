//! What the system tests and the command that runs them agree on.

/// Seconds between two polls of the auction platform in the scenarios.
pub const POLL_SECONDS: u64 = 1;
/// Seconds until the deadline of a results run in the scenarios.
pub const DEADLINE_SECONDS: u64 = 20;
/// Seconds between two polls in the scenarios with many slots.
pub const MANY_SLOTS_POLL_SECONDS: u64 = 2;

/// The variable with the folder of the scenarios' local cloud.
pub const SITE_VARIABLE: &str = "GRIDBID_SYSTEM_SITE";
/// The variable with the folder of the deployed zips.
pub const FUNCTIONS_VARIABLE: &str = "GRIDBID_SYSTEM_FUNCTIONS";
/// The variable with the delivery command.
pub const GRIDBID_VARIABLE: &str = "GRIDBID_SYSTEM_GRIDBID";

/// The Terraform variables of the scenarios' local cloud.
#[must_use]
pub fn variables() -> Vec<(&'static str, String)> {
    vec![
        // Scheduled runs would disturb the scenarios.
        ("schedule_enabled", "false".to_owned()),
        ("poll_seconds", POLL_SECONDS.to_string()),
        ("deadline_seconds", DEADLINE_SECONDS.to_string()),
    ]
}

/// The Terraform variables of the local cloud for the scenarios with many slots. store-result has the concurrency that a new
/// AWS account has for all its functions.
#[must_use]
pub fn many_slots_variables() -> Vec<(&'static str, String)> {
    vec![
        ("schedule_enabled", "false".to_owned()),
        ("poll_seconds", MANY_SLOTS_POLL_SECONDS.to_string()),
        ("deadline_seconds", "200".to_owned()),
        ("reserved_concurrency", "{store-result = 10}".to_owned()),
    ]
}
