//! `gridbid redrive`: sends undelivered notifications to Slack again.
//!
//! They wait in two queues: events that notify-slack could not post, and messages that SNS could not deliver to it. A message
//! is deleted after notify-slack has posted it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cloud::services::{AliasTarget, Cloud};
use crate::commands::mode::Mode;
use crate::failure::Failure;
use crate::history::Record;
use crate::progress::{log, log_detail};

/// The function that posts to Slack.
const FUNCTION: &str = "notify-slack";

/// Sends the messages of both queues.
///
/// # Errors
/// When a call fails, or a message was not posted; it stays in its queue.
pub(crate) async fn redrive<C: Cloud>(cloud: &C, record: &Record, mode: Mode) -> Result<(), Failure> {
    let pinned = record.functions.get(FUNCTION);
    let pinned = pinned.ok_or_else(|| Failure::new(format!("the environment has no function {FUNCTION}")))?;
    let addresses = &record.addresses;
    let mut total_kept = 0;
    for (queue, description) in [
        (&addresses.notify_slack_failed_queue_url, "events that notify-slack could not post"),
        (&addresses.undeliverable_queue_url, "messages that SNS could not deliver"),
    ] {
        if mode == Mode::DryRun {
            log(&format!("{description}: {} would be sent again", cloud.message_count(queue).await?));
            continue;
        }
        let (sent, kept) = drain(cloud, queue, &pinned.alias).await?;
        log(&format!("{description}: {sent} sent again, {kept} kept"));
        total_kept += kept;
    }
    if total_kept == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{total_kept} notifications could not be posted and stay in their queues"))
        .with_hint("check Slack's webhook and run `gridbid redrive` again"))
}

/// Sends the messages of a queue; returns how many were sent and how many were kept.
async fn drain<C: Cloud>(cloud: &C, queue: &str, alias: &AliasTarget) -> Result<(usize, usize), Failure> {
    let (mut sent, mut kept) = (0, BTreeSet::new());
    loop {
        let messages = cloud.receive(queue).await?;
        let new: Vec<_> = messages.into_iter().filter(|message| !kept.contains(&message.id)).collect();
        if new.is_empty() {
            return Ok((sent, kept.len()));
        }
        for message in new {
            let error = match parse_event(&message.body) {
                Some(event) => {
                    let output = cloud.invoke(&alias.function_name, &alias.alias_name, &event.to_string()).await?;
                    output.is_error.then_some(output.text)
                }
                None => Some("it is not a notification".to_owned()),
            };
            if let Some(error) = error {
                log_detail(&format!("message {} was not posted: {error}", message.id));
                kept.insert(message.id);
            } else {
                cloud.delete(queue, &message.receipt).await?;
                sent += 1;
            }
        }
    }
}

/// The event for notify-slack in a message: Lambda's record of a failed event, or SNS's message.
fn parse_event(body: &str) -> Option<Value> {
    let mut body: Value = serde_json::from_str(body).ok()?;
    if let Some(event) = body.get_mut("requestPayload") {
        return Some(event.take());
    }
    body.get("Message")?.as_str()?;
    Some(json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": body}]}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;
    use crate::cloud::services::Message;
    use crate::commands::deploy::tests::deployed;

    fn message(id: &str, body: &Value) -> Message {
        Message { id: id.to_owned(), body: body.to_string(), receipt: format!("receipt {id}") }
    }

    #[tokio::test(start_paused = true)]
    async fn posted_messages_are_deleted_and_the_others_stay() {
        let (memory, record) = (Memory::default(), deployed(&Memory::default()).await);
        let queue = &record.addresses.notify_slack_failed_queue_url;
        let failed = json!({"requestPayload": {"Records": [{"Sns": {"Message": "of Lambda"}}]}});
        let messages = vec![message("a", &failed), message("b", &json!({"strange": 1}))];
        memory.messages.borrow_mut().insert(queue.clone(), messages);
        let other = &record.addresses.undeliverable_queue_url;
        let undelivered = json!({"Type": "Notification", "Subject": "s", "Message": "of SNS"});
        memory.messages.borrow_mut().insert(other.clone(), vec![message("c", &undelivered)]);

        redrive(&memory, &record, Mode::DryRun).await.unwrap();
        assert!(memory.log.borrow().is_empty());
        let failure = redrive(&memory, &record, Mode::Apply).await.unwrap_err().to_string();

        assert_eq!(failure, "1 notifications could not be posted and stay in their queues");
        assert_eq!(memory.logged("delete"), ["delete receipt a", "delete receipt c"]);
        let calls = memory.logged("invoke gridbid-dev-notify-slack:live");
        assert!(calls[0].contains(r#"{"Records":[{"Sns":{"Message":"of Lambda"}}]}"#), "{calls:?}");
        assert!(calls[1].contains(r#""Sns":{"Message":"of SNS","Subject":"s""#), "{calls:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn all_pages_of_a_queue_are_sent() {
        let (memory, record) = (Memory::default(), deployed(&Memory::default()).await);
        let failed = json!({"requestPayload": {"Records": []}});
        let messages = (0..25).map(|n| message(&n.to_string(), &failed)).collect();
        memory.messages.borrow_mut().insert(record.addresses.notify_slack_failed_queue_url.clone(), messages);
        redrive(&memory, &record, Mode::Apply).await.unwrap();
        assert_eq!(memory.logged("delete").len(), 25);
    }
}
