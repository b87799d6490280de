//! `gridbid status`: what an environment has, since when, and what can be gone back to. It changes nothing. Called by `cli`.

use crate::cloud::Cloud;
use crate::failure::Failure;
use crate::history::{History, Record};
use crate::lease;
use crate::names::EnvironmentName;

/// So many deployments are listed.
const LISTED: usize = 10;

/// What there is to say, line by line.
///
/// # Errors
/// When AWS does not answer.
pub(crate) async fn status<C: Cloud>(cloud: &C, environment: &EnvironmentName) -> Result<Vec<String>, Failure> {
    let history = History::read(cloud, environment).await?;
    let mut lines = Vec::new();
    if let Some(holder) = lease::holder(cloud, environment).await? {
        lines.push(format!("a deployment is under way: {holder}"));
    }
    let Some(last) = history.last() else {
        lines.push(format!("nothing was deployed to {environment} yet"));
        return Ok(lines);
    };
    lines.push(format!("{environment} has release {} since {}", last.release, last.at));
    for (name, placed) in &last.functions {
        let alias = cloud.alias(&placed.place).await?;
        let mut line = format!("  {name}: version {}", alias.version);
        if alias.version != placed.version {
            line.push_str(&format!(", and the record says {}: `gridbid rollback` puts it there", placed.version));
        }
        if alias.is_split {
            line.push_str(", and a part of the calls goes to another version");
        }
        lines.push(line);
    }
    let addresses = &last.addresses;
    for (queue, what) in [
        (&addresses.notify_slack_failed_queue_url, "notifications not posted"),
        (&addresses.undeliverable_queue_url, "notifications not handed on"),
    ] {
        let count = cloud.count(queue).await?;
        let todo = if count > 0 { ": `gridbid redrive` sends them again" } else { "" };
        lines.push(format!("{what}: {count}{todo}"));
    }
    lines.push("deployments, the newest first:".to_owned());
    lines.extend(history.newest_first().take(LISTED).map(told));
    lines.push(match history.previous() {
        Some(previous) => format!("`gridbid rollback --env {environment}` goes back to {}", previous.release),
        None => "there is nothing to go back to".to_owned(),
    });
    Ok(lines)
}

fn told(record: &Record) -> String {
    let why = record.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let what = if record.back_to.is_some() { "back to " } else { "" };
    format!("  {} {what}{} by {}{why}", record.at, record.release, record.by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;
    use crate::commands::deploy::tests::{deployed, dev};

    #[tokio::test]
    async fn an_alias_that_was_moved_by_hand_is_told() {
        let memory = Memory::default();
        assert_eq!(status(&memory, &dev()).await.unwrap(), ["nothing was deployed to dev yet"]);
        let record = deployed(&memory).await;
        let place = &record.functions.first_key_value().unwrap().1.place;
        let text = status(&memory, &dev()).await.unwrap().join("\n");
        assert!(!text.contains("the record says") && text.contains("nothing to go back to"), "{text}");
        let alias = memory.aliases.borrow()[place].clone();
        memory.publish(place, "9", "by hand");
        crate::cloud::Functions::point(&memory, place, "9", &alias.revision).await.unwrap();
        let text = status(&memory, &dev()).await.unwrap().join("\n");
        assert!(text.contains("version 9, and the record says 1: `gridbid rollback` puts it there"), "{text}");
    }
}
