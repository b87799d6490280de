//! `gridbid resubmit`: sends the orders that are still pending to the submission queue again.
//!
//! Orders reach the queue by a pipe from the table's stream, which forgets a record after 24 hours and can lose its position.
//! Submitting an order twice is harmless: the auction platform knows its idempotency key.

use serde_json::json;

use crate::cloud::services::Cloud;
use crate::commands::mode::Mode;
use crate::failure::Failure;
use crate::history::Record;
use crate::progress::log;

/// Sends every pending order of the table to the queue.
///
/// # Errors
/// When the environment has no auction platform, or a call fails; the orders sent until then are in the queue.
pub(crate) async fn resubmit<C: Cloud>(cloud: &C, record: &Record, mode: Mode) -> Result<(), Failure> {
    let addresses = &record.addresses;
    let (table, queue) =
        addresses.orders_table.as_ref().zip(addresses.submission_queue_url.as_ref()).ok_or_else(|| {
            Failure::new("the environment submits no orders")
                .with_hint("set the Terraform variable auction_platform_url and deploy")
        })?;
    let (mut count, mut after) = (0_usize, None);
    loop {
        let page = cloud.pending_orders(table, after.as_deref()).await?;
        count += page.images.len();
        if mode == Mode::Apply {
            for image in page.images {
                let body = json!({"eventName": "MODIFY", "dynamodb": {"NewImage": image}});
                cloud.send(queue, &body.to_string()).await?;
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let verb = if mode == Mode::Apply { "were" } else { "would be" };
    log(&format!("{count} pending orders {verb} sent to the submission queue"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::memory::Memory;
    use crate::commands::deploy::tests::deployed;

    #[tokio::test]
    async fn pending_orders_of_all_pages_are_sent_as_stream_records() {
        let (memory, mut record) = (Memory::default(), deployed(&Memory::default()).await);
        *memory.pending_orders.borrow_mut() = ["a", "b", "c"].map(|id| json!({"record_id": {"S": id}})).to_vec();
        resubmit(&memory, &record, Mode::DryRun).await.unwrap();
        assert!(memory.log.borrow().is_empty());
        resubmit(&memory, &record, Mode::Apply).await.unwrap();
        let sent = memory.logged("send");
        assert_eq!(sent.len(), 3);
        assert!(
            sent[2].ends_with(r#"{"dynamodb":{"NewImage":{"record_id":{"S":"c"}}},"eventName":"MODIFY"}"#),
            "{sent:?}"
        );
        record.addresses.submission_queue_url = None;
        let refused = resubmit(&memory, &record, Mode::Apply).await.unwrap_err().to_string();
        assert_eq!(refused, "the environment submits no orders");
    }
}
