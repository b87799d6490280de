//! Orders and runs in DynamoDB, and the state machine in Step Functions.

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use serde_json::{Value, json};

use crate::cloud::aws::client::{Aws, call_error};
use crate::cloud::call_error::CallError;
use crate::cloud::services::{PendingOrders, Runs};

/// The sparse index of the runs table: its items are the slots that are not done.
const OPEN_SLOTS_INDEX: &str = "open_slots";

impl Runs for Aws {
    async fn pending_orders(&self, orders_table: &str, after: Option<&str>) -> Result<PendingOrders, CallError> {
        let call = format!("DynamoDB Scan {orders_table}");
        let start = after.map(|id| [("record_id".to_owned(), AttributeValue::S(id.to_owned()))].into());
        let request = self.dynamodb.scan().table_name(orders_table).set_exclusive_start_key(start);
        let request = request.filter_expression("submission_status = :pending");
        let request = request.expression_attribute_values(":pending", AttributeValue::S("pending".to_owned()));
        let output = request.consistent_read(true).send().await.map_err(|error| call_error(&call, &error))?;
        let images: Option<Vec<Value>> = output.items.into_iter().flatten().map(image).collect();
        let images = images.ok_or_else(|| CallError::Failed(format!("{call}: an item has an unknown type")))?;
        let next = output.last_evaluated_key.and_then(|mut key| key.remove("record_id"));
        let next = next.map(|id| match id {
            AttributeValue::S(id) => Ok(id),
            _ => Err(CallError::Failed(format!("{call}: the key is not a string"))),
        });
        Ok(PendingOrders { images, next: next.transpose()? })
    }

    async fn open_slots(&self, runs_table: &str) -> Result<Vec<String>, CallError> {
        let call = format!("DynamoDB Query {runs_table}/{OPEN_SLOTS_INDEX}");
        let request = self.dynamodb.query().table_name(runs_table).index_name(OPEN_SLOTS_INDEX);
        let request = request.key_condition_expression("#open = :open").expression_attribute_names("#open", "open");
        let request = request.expression_attribute_values(":open", AttributeValue::S("open".to_owned()));
        let pages = request.select(Select::AllProjectedAttributes).into_paginator().items().send();
        let items = pages.collect::<Result<Vec<_>, _>>().await.map_err(|error| call_error(&call, &error))?;
        let slot = |item: std::collections::HashMap<String, AttributeValue>| {
            let slot = item.get("id").and_then(|id| id.as_s().ok()?.strip_prefix("slot#").map(str::to_owned));
            slot.ok_or_else(|| CallError::Failed(format!("{call}: an item is not a slot")))
        };
        let mut slots = items.into_iter().map(slot).collect::<Result<Vec<_>, _>>()?;
        slots.sort_unstable();
        Ok(slots)
    }

    async fn start_run(&self, state_machine_arn: &str, input: &str) -> Result<String, CallError> {
        let call = format!("Step Functions StartExecution {state_machine_arn}");
        let request = self.sfn.start_execution().state_machine_arn(state_machine_arn).input(input);
        request.send().await.map(|output| output.execution_arn).map_err(|error| call_error(&call, &error))
    }
}

/// An item in DynamoDB's typed JSON; `None` for a type that orders do not have.
fn image(item: std::collections::HashMap<String, AttributeValue>) -> Option<Value> {
    let attributes = item.into_iter().map(|(name, value)| {
        let value = match value {
            AttributeValue::S(text) => json!({ "S": text }),
            AttributeValue::N(digits) => json!({ "N": digits }),
            _ => return None,
        };
        Some((name, value))
    });
    attributes.collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
}
