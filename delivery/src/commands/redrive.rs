//! `gridbid redrive`: sends undelivered messages again.
//!
//! Three queues keep them: events that notify-slack could not post, messages that SNS could not deliver to notify-slack, and
//! orders that SQS has moved to the dead-letter queue of submission. A message is deleted after notify-slack has posted it, or
//! after its order is in the submission queue again.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cloud::services::{AliasTarget, Cloud, Message};
use crate::commands::mode::Mode;
use crate::failure::Failure;
use crate::history::Record;
use crate::progress::{log, log_detail};

/// The function that posts to Slack.
const FUNCTION: &str = "notify-slack";
/// Number of times that a queue is counted until it is empty: SQS counts approximately, and may count a deleted message for
/// some seconds.
const COUNTS: u32 = 5;
const COUNT_INTERVAL: Duration = Duration::from_secs(3);

/// Where the messages of a queue are sent.
enum Destination<'a> {
    /// To notify-slack.
    Slack(&'a AliasTarget),
    /// Unchanged, to a queue.
    Queue(&'a str),
}

/// Sends the messages of all queues.
///
/// # Errors
/// When a call fails, or messages remain: those that were not posted, and those that are hidden from this command because
/// another client has received them.
pub(crate) async fn redrive<C: Cloud>(cloud: &C, record: &Record, mode: Mode) -> Result<(), Failure> {
    let pinned = record.functions.get(FUNCTION);
    let pinned = pinned.ok_or_else(|| Failure::new(format!("the environment has no function {FUNCTION}")))?;
    let (addresses, slack) = (&record.addresses, || Destination::Slack(&pinned.alias));
    let mut queues = vec![
        (&addresses.notify_slack_failed_queue_url, "events that notify-slack could not post", slack()),
        (&addresses.undeliverable_queue_url, "messages that SNS could not deliver", slack()),
    ];
    let submission = addresses.submission_queue_url.as_deref();
    if let Some((dead_letters, queue)) = addresses.submission_dead_letter_queue_url.as_ref().zip(submission) {
        queues.push((dead_letters, "orders that could not be submitted", Destination::Queue(queue)));
    }
    let mut remaining = 0;
    for (queue, description, destination) in queues {
        if mode == Mode::DryRun {
            let count = cloud.count_messages(queue).await?;
            log(&format!("{description}: {} would be sent again, {} are hidden", count.waiting, count.hidden));
            continue;
        }
        let (sent, kept) = drain(cloud, queue, &destination).await?;
        let left = count_remaining(cloud, queue, kept).await?;
        log(&format!("{description}: {sent} sent again, {left} remain"));
        remaining += left;
    }
    if remaining == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("messages that remain in their queues: {remaining}")).with_hint(
        "the lines above name those that failed; others are hidden for two minutes: run `gridbid redrive` again",
    ))
}

/// Counts the messages of a queue until only the kept ones are left, at most [`COUNTS`] times; returns the last count.
async fn count_remaining<C: Cloud>(cloud: &C, queue: &str, kept: u64) -> Result<u64, Failure> {
    let mut attempt = 1;
    loop {
        let count = cloud.count_messages(queue).await?.total();
        if count == kept || attempt == COUNTS {
            return Ok(count);
        }
        attempt += 1;
        tokio::time::sleep(COUNT_INTERVAL).await;
    }
}

/// Sends the messages of a queue; returns how many were sent, and how many were kept.
async fn drain<C: Cloud>(cloud: &C, queue: &str, destination: &Destination<'_>) -> Result<(u64, u64), Failure> {
    let (mut sent, mut kept) = (0, BTreeSet::new());
    loop {
        let messages = cloud.receive(queue).await?;
        let new: Vec<_> = messages.into_iter().filter(|message| !kept.contains(&message.id)).collect();
        if new.is_empty() {
            return Ok((sent, kept.len() as u64));
        }
        for message in new {
            if let Err(reason) = forward(cloud, &message, destination).await? {
                log_detail(&format!("message {} was not sent: {reason}", message.id));
                kept.insert(message.id);
            } else {
                cloud.delete(queue, &message.receipt).await?;
                sent += 1;
            }
        }
    }
}

/// Sends one message; the inner error is the reason why its destination did not take it.
async fn forward<C: Cloud>(
    cloud: &C,
    message: &Message,
    destination: &Destination<'_>,
) -> Result<Result<(), String>, Failure> {
    match destination {
        Destination::Queue(queue) => {
            if !is_order(&message.body) {
                return Ok(Err("it is not an order: read it, find its sender and delete it".to_owned()));
            }
            cloud.send(queue, &message.body).await?;
            Ok(Ok(()))
        }
        Destination::Slack(alias) => {
            let Some(event) = parse_event(&message.body) else { return Ok(Err("it is not a notification".to_owned())) };
            let output = cloud.invoke(&alias.function_name, &alias.alias_name, &event.to_string()).await?;
            Ok(if output.is_error { Err(output.text) } else { Ok(()) })
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

/// The attributes of an order that submit-orders reads.
const ORDER: [&str; 5] = ["record_id/S", "parameter_1/S", "parameter_2/N", "accepted_at/N", "expires_at/N"];

/// Whether a message has an order. submit-orders would return any other to the dead-letter queue at once.
fn is_order(body: &str) -> bool {
    let body = serde_json::from_str::<Value>(body).unwrap_or_default();
    let has = |attribute: &&str| body.pointer(&format!("/dynamodb/NewImage/{attribute}")).is_some_and(Value::is_string);
    ORDER.iter().all(has)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;
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

        assert_eq!(failure, "messages that remain in their queues: 1");
        assert_eq!(memory.logged("delete"), ["delete receipt a", "delete receipt c"]);
        let calls = memory.logged("invoke gridbid-dev-notify-slack:live");
        assert!(calls[0].contains(r#"{"Records":[{"Sns":{"Message":"of Lambda"}}]}"#), "{calls:?}");
        assert!(calls[1].contains(r#""Sns":{"Message":"of SNS","Subject":"s""#), "{calls:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn orders_among_dead_letters_return_to_their_queue_unchanged() {
        let (memory, record) = (Memory::default(), deployed(&Memory::default()).await);
        let dead_letters = record.addresses.submission_dead_letter_queue_url.clone().unwrap();
        let body = json!({"dynamodb": {"NewImage": {
            "record_id": {"S": "a"}, "parameter_1": {"S": "x"}, "parameter_2": {"N": "2.10"},
            "accepted_at": {"N": "1000"}, "expires_at": {"N": "87400"},
        }}});
        let mut without_amount = body.clone();
        without_amount["dynamodb"]["NewImage"]["parameter_2"] = json!({"S": "2.10"});
        let messages =
            vec![message("a", &body), message("b", &json!({"not": "an order"})), message("c", &without_amount)];
        memory.messages.borrow_mut().insert(dead_letters, messages);
        let failure = redrive(&memory, &record, Mode::Apply).await.unwrap_err().to_string();
        assert_eq!(failure, "messages that remain in their queues: 2");
        let submission = record.addresses.submission_queue_url.unwrap();
        assert_eq!(memory.logged("send"), [format!("send {submission} {body}")]);
        assert_eq!(memory.logged("delete"), ["delete receipt a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn hidden_messages_are_not_reported_as_success() {
        let (memory, record) = (Memory::default(), deployed(&Memory::default()).await);
        memory.hidden_messages.set(2);
        let failure = redrive(&memory, &record, Mode::Apply).await.unwrap_err().to_string();
        assert_eq!(failure, "messages that remain in their queues: 6");
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
