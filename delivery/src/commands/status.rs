//! `gridbid status`: what is deployed to an environment, and what it can be rolled back to.

use gridbid_release_format::EnvironmentName;

use crate::cloud::services::Cloud;
use crate::console;
use crate::failure::Failure;
use crate::history::{History, Record};
use crate::lease;

/// Number of listed deployments.
const LISTED: usize = 10;
/// Number of concurrent executions for some results runs (of ten at a time each), submission and the API. New accounts may
/// have a quota of 10: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const ENOUGH_CONCURRENCY: i32 = 100;

/// Describes an environment, line by line.
///
/// # Errors
/// When a call fails.
pub(crate) async fn status<C: Cloud>(cloud: &C, environment: &EnvironmentName) -> Result<Vec<String>, Failure> {
    let history = History::read(cloud, environment).await?;
    let mut lines = Vec::new();
    if let Some(holder) = lease::read_holder(cloud, environment).await? {
        lines.push(format!("a deployment is under way: {holder}"));
    }
    let Some(last) = history.last() else {
        lines.push(format!("nothing was deployed to {environment} yet"));
        return Ok(lines);
    };
    lines.push(format!("{environment} has release {} since {}", last.release, last.at));
    for (name, pinned) in &last.functions {
        let current = cloud.alias(&pinned.alias).await?;
        let mut line = format!("  {name}: version {}", current.version);
        if current.version != pinned.version {
            line.push_str(&format!(", but {} was deployed: `gridbid rollback` restores it", pinned.version));
        }
        if let Some(second) = current.second_version {
            line.push_str(&format!(", and a share of the calls goes to version {second}"));
        }
        lines.push(line);
    }
    if let Some(url) = &last.addresses.console_url {
        let hint = ", but its page is not the deployed one: `gridbid rollback` restores it";
        let hint = if console::differs(cloud, last).await? { hint } else { "" };
        lines.push(format!("  console: {url}{hint}"));
    }
    let addresses = &last.addresses;
    for (queue, description) in [
        (Some(&addresses.notify_slack_failed_queue_url), "notifications not posted"),
        (Some(&addresses.undeliverable_queue_url), "notifications not delivered"),
        (addresses.submission_dead_letter_queue_url.as_ref(), "orders not submitted"),
    ] {
        let Some(queue) = queue else { continue };
        let count = cloud.count_messages(queue).await?.total();
        let hint = if count > 0 { ": `gridbid redrive` sends them again" } else { "" };
        lines.push(format!("{description}: {count}{hint}"));
    }
    if let Some(table) = &addresses.runs_table {
        let open = cloud.open_slots(table).await?;
        let hint = if open.is_empty() { "" } else { ", running ones included: `gridbid rerun` runs the others again" };
        lines.push(format!("slots that are not done: {}{hint}", open.len()));
    }
    let quota = cloud.concurrency_quota().await?;
    if quota < ENOUGH_CONCURRENCY {
        lines.push(format!(
            "the account may run {quota} functions at a time, which throttles them under load: request a quota of 1,000"
        ));
    }
    lines.push("deployments, newest first:".to_owned());
    lines.extend(history.newest_first().take(LISTED).map(describe));
    lines.push(match history.previous() {
        Some(previous) => format!("`gridbid rollback --env {environment}` restores {}", previous.release),
        None => "there is no deployment to roll back to".to_owned(),
    });
    Ok(lines)
}

fn describe(record: &Record) -> String {
    let rollback = if record.back_to.is_some() { "back to " } else { "" };
    let why = record.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("  {} {rollback}{} by {}{why}", record.at, record.release, record.by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;
    use crate::cloud::services::Functions as _;
    use crate::commands::deploy::tests::{deployed, dev};

    #[tokio::test]
    async fn alias_changed_by_hand_is_reported() {
        let memory = Memory::default();
        assert_eq!(status(&memory, &dev()).await.unwrap(), ["nothing was deployed to dev yet"]);
        let record = deployed(&memory).await;
        let alias = &record.functions.first_key_value().unwrap().1.alias;
        let text = status(&memory, &dev()).await.unwrap().join("\n");
        assert!(!text.contains("was deployed: ") && text.contains("no deployment to roll back to"), "{text}");
        let revision = memory.aliases.borrow()[alias].revision.clone();
        memory.publish(alias, "9", "by hand");
        memory.update_alias(alias, "9", &revision).await.unwrap();
        let text = status(&memory, &dev()).await.unwrap().join("\n");
        assert!(text.contains("version 9, but 1 was deployed: `gridbid rollback` restores it"), "{text}");
    }

    #[tokio::test]
    async fn quota_of_a_new_account_is_reported() {
        let memory = Memory::default();
        deployed(&memory).await;
        assert!(!status(&memory, &dev()).await.unwrap().join("\n").contains("at a time"));
        memory.concurrency_quota.set(Some(10));
        let text = status(&memory, &dev()).await.unwrap().join("\n");
        assert!(text.contains("the account may run 10 functions at a time"), "{text}");
    }
}
