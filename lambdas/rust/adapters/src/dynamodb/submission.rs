//! The write-back of an order's submission: conditional updates of one item each.

use aws_sdk_dynamodb::{operation::update_item::UpdateItemError, types::ReturnValuesOnConditionCheckFailure};
use gridbid_core::{stored::StoredOrder, submission::Submission};

use super::{
    ACCEPTED_AT, AttributeValue, DynamoOrders, Item, RECORD_ID, SUBMISSION_AT, SUBMISSION_MESSAGE, SUBMISSION_REASON,
    SUBMISSION_SLOT, SUBMISSION_STATUS, attribute, instant, parse_submission, string,
};
use crate::{
    deadline::Deadline,
    error::AdapterError,
    sdk,
    submissions::{ReportClaim, SubmissionTable, WriteBack},
};

/// The item is still this order, and no response of the platform is stored.
const IS_PENDING: &str = "accepted_at = :accepted_at AND submission_status = :pending";
/// The item is still this order, and either no response is stored or this message stored its refusal.
const MAY_REFUSE: &str = "accepted_at = :accepted_at AND (submission_status = :pending \
                          OR (submission_status = :status AND submission_message = :message))";
/// The item is still this order, without a response, and no other message reports it.
const MAY_REPORT: &str = "accepted_at = :accepted_at AND submission_status = :pending \
                          AND (attribute_not_exists(submission_message) OR submission_message = :message)";

impl SubmissionTable for DynamoOrders {
    async fn record(
        &self,
        order: &StoredOrder,
        submission: &Submission,
        message_id: &str,
        deadline: &Deadline,
    ) -> Result<WriteBack, AdapterError> {
        let status = (SUBMISSION_STATUS, ":status", AttributeValue::S(submission.status().to_owned()));
        let at = |at: gridbid_core::expiry::Timestamp| {
            (SUBMISSION_AT, ":at", AttributeValue::N(at.unix_seconds().to_string()))
        };
        let text = |name, placeholder, text: &str| (name, placeholder, AttributeValue::S(text.to_owned()));
        let updated = match submission {
            Submission::Submitted { at: time, slot } => {
                let slot = text(SUBMISSION_SLOT, ":slot", &slot.to_string());
                self.update(order, IS_PENDING, vec![status, at(*time), slot], deadline).await
            }
            Submission::Refused { at: time, reason } => {
                let reason = text(SUBMISSION_REASON, ":reason", reason);
                let message = text(SUBMISSION_MESSAGE, ":message", message_id);
                self.update(order, MAY_REFUSE, vec![status, at(*time), reason, message], deadline).await
            }
            Submission::Pending => {
                return Err(AdapterError::Broken("a pending order has no response to store".to_owned()));
            }
        };
        Ok(match updated? {
            Updated::Written => WriteBack::Written,
            Updated::ConditionFailed(_) => WriteBack::AlreadyWritten,
            Updated::Gone => WriteBack::Gone,
        })
    }

    async fn claim_report(
        &self,
        order: &StoredOrder,
        message_id: &str,
        deadline: &Deadline,
    ) -> Result<ReportClaim, AdapterError> {
        let message = (SUBMISSION_MESSAGE, ":message", AttributeValue::S(message_id.to_owned()));
        let item = match self.update(order, MAY_REPORT, vec![message], deadline).await? {
            Updated::Written => return Ok(ReportClaim::Claimed),
            Updated::Gone => return Ok(ReportClaim::Gone),
            Updated::ConditionFailed(item) => item,
        };
        match parse_submission(&item)? {
            Some(Submission::Refused { reason, .. }) if attribute(&item, SUBMISSION_MESSAGE, string)? == message_id => {
                Ok(ReportClaim::Refused { reason })
            }
            _ => Ok(ReportClaim::NotOurs),
        }
    }
}

/// The result of a conditional update.
enum Updated {
    Written,
    /// The table still holds this order, as this item.
    ConditionFailed(Item),
    /// The table holds no order of this `record_id`, or a later one.
    Gone,
}

impl DynamoOrders {
    /// Sets attributes, given with the placeholders of their values, if the condition holds.
    async fn update(
        &self,
        order: &StoredOrder,
        condition: &str,
        attributes: Vec<(&str, &str, AttributeValue)>,
        deadline: &Deadline,
    ) -> Result<Updated, AdapterError> {
        let assignments: Vec<String> =
            attributes.iter().map(|(name, placeholder, _)| format!("{name} = {placeholder}")).collect();
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(RECORD_ID, AttributeValue::S(order.order.record_id.as_str().to_owned()))
            .update_expression(format!("SET {}", assignments.join(", ")))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .expression_attribute_values(":pending", AttributeValue::S(Submission::Pending.status().to_owned()))
            .expression_attribute_values(
                ":accepted_at",
                AttributeValue::N(order.accepted_at.unix_seconds().to_string()),
            );
        for (_, placeholder, value) in attributes {
            request = request.expression_attribute_values(placeholder, value);
        }
        let config = aws_sdk_dynamodb::config::Builder::new().timeout_config(sdk::timeouts(deadline)?);
        match request.customize().config_override(config).send().await {
            Ok(_) => Ok(Updated::Written),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => match failed.item() {
                    Some(item) if attribute(item, ACCEPTED_AT, instant)? == order.accepted_at => {
                        Ok(Updated::ConditionFailed(item.clone()))
                    }
                    _ => Ok(Updated::Gone),
                },
                _ => Err(sdk::classify("DynamoDB UpdateItem", &error)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridbid_core::{
        amount::Amount,
        expiry::{Timestamp, expires_at},
        name::Slot,
        order::{Order, RecordId, Text},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        account::Account,
        scripted_server::{HANG_UP, ScriptedServer, response},
    };

    fn stored() -> StoredOrder {
        let accepted_at = Timestamp::from_unix_seconds(1_000);
        let order = Order {
            record_id: RecordId::parse("a").unwrap(),
            parameter_1: Text::parse("x").unwrap(),
            parameter_2: Amount::parse("1").unwrap(),
        };
        StoredOrder { order, accepted_at, expires_at: expires_at(accepted_at) }
    }

    fn submitted() -> Submission {
        let slot = Slot::parse("2026-11-22T07:05:00Z").unwrap();
        Submission::Submitted { at: Timestamp::from_unix_seconds(1_005), slot }
    }

    fn deadline() -> Deadline {
        Deadline::after(Duration::from_secs(5))
    }

    /// Stores a submission; returns the outcome and the last request.
    async fn record(responses: Vec<String>, submission: &Submission) -> (Result<WriteBack, AdapterError>, Value) {
        let server = ScriptedServer::start(responses).await;
        let table = DynamoOrders::new(&Account::for_test(&server.address), "orders".into());
        let outcome = table.record(&stored(), submission, "m-1", &deadline()).await;
        let request = server.requests().await.pop().unwrap();
        (outcome, serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap())
    }

    fn failed(item: Option<&Value>) -> String {
        let mut body = json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"});
        if let Some(item) = item {
            body["Item"] = item.clone();
        }
        response(400, "", &body.to_string())
    }

    #[tokio::test]
    async fn received_order_is_written_while_it_is_pending() {
        let (outcome, request) = record(vec![HANG_UP.to_owned(), response(200, "", "{}")], &submitted()).await;
        assert_eq!(outcome, Ok(WriteBack::Written));
        assert_eq!(
            request,
            json!({
                "TableName": "orders",
                "Key": {"record_id": {"S": "a"}},
                "UpdateExpression": "SET submission_status = :status, submission_at = :at, submission_slot = :slot",
                "ConditionExpression": "accepted_at = :accepted_at AND submission_status = :pending",
                "ExpressionAttributeValues": {
                    ":pending": {"S": "pending"}, ":accepted_at": {"N": "1000"}, ":status": {"S": "submitted"},
                    ":at": {"N": "1005"}, ":slot": {"S": "2026-11-22T07:05:00Z"},
                },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            })
        );
    }

    #[tokio::test]
    async fn refusal_is_written_again_by_the_same_message_only() {
        let refused = Submission::Refused { at: Timestamp::from_unix_seconds(1_005), reason: "gate closed".into() };
        let (outcome, request) = record(vec![response(200, "", "{}")], &refused).await;
        assert_eq!(outcome, Ok(WriteBack::Written));
        assert_eq!(request["ConditionExpression"], MAY_REFUSE);
        assert_eq!(request["ExpressionAttributeValues"][":message"], json!({"S": "m-1"}));
        assert_eq!(request["ExpressionAttributeValues"][":reason"], json!({"S": "gate closed"}));
    }

    #[tokio::test]
    async fn report_is_claimed_by_one_message() {
        let server = ScriptedServer::start([response(200, "", "{}")]).await;
        let table = DynamoOrders::new(&Account::for_test(&server.address), "orders".into());
        assert_eq!(table.claim_report(&stored(), "m-1", &deadline()).await, Ok(ReportClaim::Claimed));
        let request = server.requests().await.remove(0);
        assert!(request.contains(r#""UpdateExpression":"SET submission_message = :message""#), "{request}");
        assert!(request.contains(MAY_REPORT), "{request}");
    }

    #[tokio::test]
    async fn claim_returns_a_refusal_of_the_same_message() {
        let refused = |message: &str| {
            json!({
                "record_id": {"S": "a"}, "accepted_at": {"N": "1000"}, "submission_status": {"S": "refused"},
                "submission_at": {"N": "1005"}, "submission_reason": {"S": "gate closed"},
                "submission_message": {"S": message},
            })
        };
        let pending = json!({
            "record_id": {"S": "a"}, "accepted_at": {"N": "1000"}, "submission_status": {"S": "pending"},
            "submission_message": {"S": "m-2"},
        });
        for (item, expected) in [
            (Some(refused("m-1")), ReportClaim::Refused { reason: "gate closed".into() }),
            (Some(refused("m-2")), ReportClaim::NotOurs),
            (Some(pending), ReportClaim::NotOurs),
            (None, ReportClaim::Gone),
        ] {
            let server = ScriptedServer::start([failed(item.as_ref())]).await;
            let table = DynamoOrders::new(&Account::for_test(&server.address), "orders".into());
            assert_eq!(table.claim_report(&stored(), "m-1", &deadline()).await, Ok(expected));
        }
    }

    #[tokio::test]
    async fn failed_condition_tells_repetitions_from_other_orders() {
        let item = |accepted_at: &str| json!({"record_id": {"S": "a"}, "accepted_at": {"N": accepted_at}});
        for (item, expected) in [
            (Some(item("1000")), Ok(WriteBack::AlreadyWritten)),
            (Some(item("90000")), Ok(WriteBack::Gone)),
            (None, Ok(WriteBack::Gone)),
        ] {
            assert_eq!(record(vec![failed(item.as_ref())], &submitted()).await.0, expected);
        }
        let denied = response(400, "", r#"{"__type":"AccessDeniedException"}"#);
        let why = "DynamoDB UpdateItem: AccessDeniedException (400)";
        assert_eq!(record(vec![denied], &submitted()).await.0, Err(AdapterError::Broken(why.into())));
    }

    #[tokio::test]
    async fn pending_submission_is_not_written() {
        let table = DynamoOrders::new(&Account::for_test("http://127.0.0.1:1"), "orders".into());
        let outcome = table.record(&stored(), &Submission::Pending, "m-1", &deadline()).await;
        assert!(matches!(outcome, Err(AdapterError::Broken(_))));
    }
}
