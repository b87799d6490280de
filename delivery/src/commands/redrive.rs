//! `gridbid redrive`: sends the notifications again that did not reach Slack.
//!
//! They wait in two queues: events that notify-slack could not post, with all that is needed to call it again, and messages
//! that SNS could not hand to it. A message is deleted when notify-slack has posted it, and not before. Called by `cli`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Mode;
use crate::cloud::{Answer, Cloud, Place};
use crate::failure::Failure;
use crate::history::Record;
use crate::names::FunctionName;
use crate::progress::say;

/// The function that posts to Slack.
const FUNCTION: &str = "notify-slack";

/// Sends everything again that waits.
///
/// # Errors
/// When something was not posted this time either; it stays in its queue then.
pub(crate) async fn redrive<C: Cloud>(cloud: &C, record: &Record, mode: Mode) -> Result<(), Failure> {
    let placed = record.functions.iter().find(|(name, _)| FunctionName::as_str(name) == FUNCTION);
    let place = placed.map(|(_, placed)| placed.place.clone());
    let place = place.ok_or_else(|| Failure::new(format!("the environment has no function {FUNCTION}")))?;
    let addresses = &record.addresses;
    let mut left = 0;
    for (queue, what) in [
        (&addresses.notify_slack_failed_queue_url, "events that notify-slack could not post"),
        (&addresses.undeliverable_queue_url, "messages that SNS could not hand on"),
    ] {
        if mode == Mode::DryRun {
            say(&format!("{what}: {} would be sent again", cloud.count(queue).await?));
            continue;
        }
        let (sent, kept) = drain(cloud, queue, &place).await?;
        say(&format!("{what}: {sent} sent again, {kept} kept"));
        left += kept;
    }
    if left == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{left} notifications were not posted this time either"))
        .with_todo("they stay in their queues: see whether Slack's webhook is right, and run `gridbid redrive` again"))
}

async fn drain<C: Cloud>(cloud: &C, queue: &str, place: &Place) -> Result<(usize, usize), Failure> {
    let (mut sent, mut kept) = (0, BTreeSet::new());
    loop {
        let messages = cloud.receive(queue).await?;
        let fresh: Vec<_> = messages.into_iter().filter(|message| !kept.contains(&message.id)).collect();
        if fresh.is_empty() {
            return Ok((sent, kept.len()));
        }
        for message in fresh {
            let answer = match event(&message.body) {
                Some(event) => cloud.invoke(&place.function_name, &place.alias_name, &event.to_string()).await?,
                None => Answer { failed: true, text: "it is no notification".to_owned() },
            };
            if answer.failed {
                say(&format!("  message {} was not posted: {}", message.id, answer.text));
                kept.insert(message.id);
            } else {
                cloud.delete(queue, &message.receipt).await?;
                sent += 1;
            }
        }
    }
}

/// The event for notify-slack that a message holds: as Lambda keeps an event that failed, or as SNS keeps a message that
/// it could not hand on.
fn event(body: &str) -> Option<Value> {
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
    use crate::cloud::Message;
    use crate::cloud::memory::Memory;
    use crate::commands::deploy::tests::deployed;

    fn message(id: &str, body: &Value) -> Message {
        Message { id: id.to_owned(), body: body.to_string(), receipt: format!("receipt {id}") }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_posted_is_deleted_and_the_rest_stays() {
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
        let failure = redrive(&memory, &record, Mode::ForReal).await.unwrap_err().to_string();

        assert_eq!(failure, "1 notifications were not posted this time either");
        assert_eq!(memory.logged("delete"), ["delete receipt a", "delete receipt c"]);
        let calls = memory.logged("invoke gridbid-dev-notify-slack:live");
        assert!(calls[0].contains(r#"{"Records":[{"Sns":{"Message":"of Lambda"}}]}"#), "{calls:?}");
        assert!(calls[1].contains(r#""Sns":{"Message":"of SNS","Subject":"s""#), "{calls:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_one_page_is_sent() {
        let (memory, record) = (Memory::default(), deployed(&Memory::default()).await);
        let failed = json!({"requestPayload": {"Records": []}});
        let messages = (0..25).map(|n| message(&n.to_string(), &failed)).collect();
        memory.messages.borrow_mut().insert(record.addresses.notify_slack_failed_queue_url.clone(), messages);
        redrive(&memory, &record, Mode::ForReal).await.unwrap();
        assert_eq!(memory.logged("delete").len(), 25);
    }
}
