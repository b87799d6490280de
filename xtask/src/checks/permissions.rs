//! The grants of roles and their use by the scenarios on all local clouds.
//!
//! A grant that no scenario needs is either too much, or not covered: it is listed here with its reason. A call that is denied
//! although nothing in its scenario shows it is a finding, too. Of the deploy role, which has grants for all that the local
//! cloud lacks and for every deletion, the use is only counted: `tools/infrastructure/iam` holds them to what AWS's registry
//! says that the planned resources need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use gridbid_devkit::failure::Failure;
use gridbid_local_cloud::client::{Cloud, Grant, Permissions};
use gridbid_local_cloud::deployer;

/// Grants that no scenario uses: the role without `gridbid-local-`, the action, and the reason.
const UNUSED: [(&str, &str, &str); 1] =
    [("store-result", "s3:ListBucket", "without it, S3 responds 403 instead of 404 to a read of a missing batch")];

/// An action on a resource that a role allows: role, action, resource.
type Name = (String, String, String);

/// The grants of the local clouds so far, and whether any of them has used each.
#[derive(Debug, Default)]
pub struct Grants {
    used: Mutex<BTreeMap<Name, bool>>,
}

impl Grants {
    /// Adds what a local cloud has recorded since its start.
    ///
    /// # Errors
    /// When it has denied a call.
    pub fn add(&self, cloud: &Cloud) -> Result<(), Failure> {
        let Permissions { grants, denials } = cloud.permissions()?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for Grant { role, action, resource, is_used, .. } in grants {
            let resource = without_generated(&resource);
            *used.entry((role, action, resource)).or_default() |= is_used;
        }
        if denials.is_empty() {
            return Ok(());
        }
        let denied = denials.iter().map(|each| format!("{} {} on {}", each.principal, each.action, each.resource));
        Err(Failure::new(format!("the local cloud has denied calls:\n{}", lines(denied)))
            .with_hint("grant them in terraform/, or remove the calls"))
    }

    /// Compares the unused grants with the list.
    ///
    /// # Errors
    /// When a grant is unused and not listed, or listed and used.
    pub fn check(&self) -> Result<String, Failure> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        compare(&used, &UNUSED)
    }
}

fn compare<'a>(used: &'a BTreeMap<Name, bool>, listed: &[(&str, &str, &str)]) -> Result<String, Failure> {
    let short = |(role, action, _): &'a Name| (role.strip_prefix("gridbid-local-").unwrap_or(role), action.as_str());
    let listed: BTreeSet<(&str, &str)> = listed.iter().map(|(role, action, _)| (*role, *action)).collect();
    let (deploying, used): (BTreeMap<_, _>, BTreeMap<_, _>) =
        used.iter().partition(|((role, ..), _)| role == deployer::ROLE);
    let unused: Vec<&Name> = used.iter().filter(|(_, is_used)| !***is_used).map(|(name, _)| *name).collect();
    let unexpected = unused.iter().filter(|name| !listed.contains(&short(name)));
    let unexpected: Vec<String> =
        unexpected.map(|(role, action, resource)| format!("{role} {action} on {resource}")).collect();
    let unused_names = unused.iter().map(|name| short(name)).collect();
    let stale: Vec<String> =
        listed.difference(&unused_names).map(|(role, action)| format!("{role} {action}")).collect();
    if !unexpected.is_empty() {
        return Err(Failure::new(format!("no scenario uses these grants:\n{}", lines(unexpected))).with_hint(
            "remove them from terraform/, add a scenario, or list them in xtask/src/checks/permissions.rs with the reason",
        ));
    }
    if !stale.is_empty() {
        return Err(Failure::new(format!("these grants are listed as unused:\n{}", lines(stale)))
            .with_hint("remove them from the list in xtask/src/checks/permissions.rs"));
    }
    let deploying_used = deploying.values().filter(|is_used| ***is_used).count();
    Ok(format!(
        "{} grants used, {} not, with reasons; {deploying_used} of {} to deploy",
        used.len() - unused.len(),
        unused.len(),
        deploying.len()
    ))
}

/// A resource without what each local cloud generates: the time of a stream, the suffix of a secret. A bucket that the deploy
/// role creates is named after environment and account.
fn without_generated(resource: &str) -> String {
    let end = if resource.contains(":secret:") { resource.rfind('-') } else { resource.find("/stream/") };
    let kept = end.and_then(|end| resource.get(..end)).unwrap_or(resource);
    kept.replace("gridbid-local-order-results-000000000000", "order-results")
}

fn lines(entries: impl IntoIterator<Item = String>) -> String {
    entries.into_iter().map(|entry| format!("  {entry}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(used: &[(&str, bool)]) -> BTreeMap<Name, bool> {
        let name = |action: &str| ("gridbid-local-orders-api".to_owned(), action.to_owned(), "*".to_owned());
        used.iter().map(|(action, is_used)| (name(action), *is_used)).collect()
    }

    #[test]
    fn unused_grant_needs_a_reason() {
        let used = grants(&[("dynamodb:GetItem", true), ("dynamodb:Scan", false)]);
        let reason = ("orders-api", "dynamodb:Scan", "why");
        assert_eq!(compare(&used, &[reason]).unwrap(), "1 grants used, 1 not, with reasons; 0 of 0 to deploy");
        let failure = compare(&used, &[]).unwrap_err().to_string();
        assert!(failure.contains("gridbid-local-orders-api dynamodb:Scan on *"), "{failure}");
    }

    #[test]
    fn generated_parts_of_resources_are_ignored() {
        for (resource, kept) in [
            ("arn:aws:dynamodb:r:1:table/orders/stream/2026-11-29T13:12:47.849", "arn:aws:dynamodb:r:1:table/orders"),
            (
                "arn:aws:secretsmanager:r:1:secret:slack-webhook-03d145",
                "arn:aws:secretsmanager:r:1:secret:slack-webhook",
            ),
            ("arn:aws:s3:::order-results/answers/*", "arn:aws:s3:::order-results/answers/*"),
            ("arn:aws:s3:::gridbid-local-order-results-000000000000", "arn:aws:s3:::order-results"),
        ] {
            assert_eq!(without_generated(resource), kept);
        }
    }

    #[test]
    fn reason_for_a_used_or_missing_grant_is_stale() {
        let used = grants(&[("dynamodb:GetItem", true)]);
        for action in ["dynamodb:GetItem", "dynamodb:Scan"] {
            let failure = compare(&used, &[("orders-api", action, "why")]).unwrap_err().to_string();
            assert!(failure.contains(&format!("orders-api {action}")), "{failure}");
        }
    }
}
