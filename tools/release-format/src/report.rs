//! What a deployment did: Terraform's changes and outputs, and the functions whose aliases were shifted.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::FunctionName;

/// A change of one resource by Terraform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The resource's address.
    pub address: String,
    /// Terraform's word for the change: `create`, `update`, `delete`, `replace`, …
    pub action: String,
}

/// The result of `gridbid deploy --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployReport {
    /// Terraform's changes.
    pub changes: Vec<Change>,
    /// The functions whose alias was shifted to another version.
    pub shifted: Vec<FunctionName>,
    /// Terraform's outputs by name.
    pub outputs: Value,
}

/// Counts changes by action: `3 to create, 1 to update`.
#[must_use]
pub fn summarize(changes: &[Change]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for change in changes {
        match counts.iter_mut().find(|(action, _)| *action == change.action) {
            Some((_, count)) => *count += 1,
            None => counts.push((&change.action, 1)),
        }
    }
    if counts.is_empty() {
        return "no change".to_owned();
    }
    counts.iter().map(|(action, count)| format!("{count} to {action}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted_by_action() {
        let change = |action: &str| Change { address: "x".to_owned(), action: action.to_owned() };
        assert_eq!(summarize(&[]), "no change");
        assert_eq!(summarize(&[change("create"), change("update"), change("create")]), "2 to create, 1 to update");
    }
}
