//! DynamoDB: whole tables and single items. Numbers are kept as text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::error::CallError;
use super::page::read_pages;

/// An item: the type (`S`, `N`, …) and the text of each attribute.
pub type Item = BTreeMap<String, (String, String)>;

impl Cloud {
    /// Every item of a table, with consistent reads.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn items(&self, table: &str) -> Result<Vec<Item>, CallError> {
        let request = json!({"TableName": table, "ConsistentRead": true});
        let items = read_pages(request, ["Items", "ExclusiveStartKey", "LastEvaluatedKey"], |request| {
            self.json("dynamodb", "DynamoDB_20120810.Scan", "1.0", request)
        })?;
        Ok(items.iter().map(item).collect())
    }

    /// The number of items of a table, as DescribeTable counts them.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn item_count(&self, table: &str) -> Result<u64, CallError> {
        let response = self.json("dynamodb", "DynamoDB_20120810.DescribeTable", "1.0", &json!({"TableName": table}))?;
        let count = response.pointer("/Table/ItemCount").and_then(Value::as_u64);
        count.ok_or_else(|| CallError::unexpected("DescribeTable", response.to_string()))
    }

    /// The number of items of a table for each value of a text attribute; `None` for items without it.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn count_by(&self, table: &str, attribute: &str) -> Result<BTreeMap<Option<String>, u64>, CallError> {
        let request = json!({
            "TableName": table, "ProjectionExpression": "#attribute", "ExpressionAttributeNames": {"#attribute": attribute},
        });
        let items = read_pages(request, ["Items", "ExclusiveStartKey", "LastEvaluatedKey"], |request| {
            self.json("dynamodb", "DynamoDB_20120810.Scan", "1.0", request)
        })?;
        let mut counts = BTreeMap::new();
        for item in &items {
            let value = item.get(attribute).and_then(|value| value.get("S")?.as_str());
            *counts.entry(value.map(str::to_owned)).or_default() += 1;
        }
        Ok(counts)
    }

    /// The slots of the runs table that are not done, oldest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn open_slots(&self, runs_table: &str) -> Result<Vec<String>, CallError> {
        let request = json!({
            "TableName": runs_table, "IndexName": "open_slots", "KeyConditionExpression": "#open = :open",
            "ExpressionAttributeNames": {"#open": "open"}, "ExpressionAttributeValues": {":open": {"S": "open"}},
        });
        let items = read_pages(request, ["Items", "ExclusiveStartKey", "LastEvaluatedKey"], |request| {
            self.json("dynamodb", "DynamoDB_20120810.Query", "1.0", request)
        })?;
        let slot = |item: &Value| Some(item.pointer("/slot/S")?.as_str()?.to_owned());
        Ok(items.iter().filter_map(slot).collect())
    }

    /// Puts one item, unconditionally.
    ///
    /// # Errors
    /// When the table refuses it.
    pub fn put_item(&self, table: &str, item: &Item) -> Result<(), CallError> {
        let request = json!({"TableName": table, "Item": typed(item)});
        self.json("dynamodb", "DynamoDB_20120810.PutItem", "1.0", &request).map(drop)
    }

    /// Removes one item, if it exists.
    ///
    /// # Errors
    /// When the table cannot be written to.
    pub fn delete_item(&self, table: &str, key: &Item) -> Result<(), CallError> {
        let request = json!({"TableName": table, "Key": typed(key)});
        self.json("dynamodb", "DynamoDB_20120810.DeleteItem", "1.0", &request).map(drop)
    }
}

fn item(found: &Value) -> Item {
    let attributes = found.as_object().into_iter().flatten();
    attributes
        .filter_map(|(name, typed)| {
            let (kind, value) = typed.as_object()?.iter().next()?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some((name.clone(), (kind.clone(), text)))
        })
        .collect()
}

fn typed(item: &Item) -> Value {
    item.iter().map(|(name, (kind, text))| (name.clone(), json!({kind: text}))).collect()
}
