//! DynamoDB: whole tables, single items. Numbers stay the text that they are sent as.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CallError, Cloud, strange};

/// An item: each attribute's type (`S`, `N`, …) and its text.
pub type Item = BTreeMap<String, (String, String)>;

impl Cloud {
    /// Every item of a table, with consistent reads.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn items(&self, table: &str) -> Result<Vec<Item>, CallError> {
        let mut items = Vec::new();
        let mut from = Value::Null;
        loop {
            let mut ask = json!({"TableName": table, "ConsistentRead": true});
            if !from.is_null()
                && let Some(ask) = ask.as_object_mut()
            {
                ask.insert("ExclusiveStartKey".to_owned(), from);
            }
            let mut page = self.json("dynamodb", "DynamoDB_20120810.Scan", "1.0", &ask)?;
            let Some(found) = page.get("Items").and_then(Value::as_array) else {
                return Err(strange("Scan", page.to_string()));
            };
            items.extend(found.iter().map(item));
            from = page.get_mut("LastEvaluatedKey").map(Value::take).unwrap_or_default();
            if from.is_null() {
                return Ok(items);
            }
        }
    }

    /// How many items a table has, as the table itself counts them.
    ///
    /// # Errors
    /// When there is no such table.
    pub fn item_count(&self, table: &str) -> Result<u64, CallError> {
        let answer = self.json("dynamodb", "DynamoDB_20120810.DescribeTable", "1.0", &json!({"TableName": table}))?;
        let count = answer.pointer("/Table/ItemCount").and_then(Value::as_u64);
        count.ok_or_else(|| strange("DescribeTable", answer.to_string()))
    }

    /// Puts one item, whatever is there.
    ///
    /// # Errors
    /// When the table refuses it.
    pub fn put_item(&self, table: &str, item: &Item) -> Result<(), CallError> {
        let ask = json!({"TableName": table, "Item": typed(item)});
        self.json("dynamodb", "DynamoDB_20120810.PutItem", "1.0", &ask).map(drop)
    }

    /// Removes one item, if it is there.
    ///
    /// # Errors
    /// When the table cannot be written to.
    pub fn delete_item(&self, table: &str, key: &Item) -> Result<(), CallError> {
        let ask = json!({"TableName": table, "Key": typed(key)});
        self.json("dynamodb", "DynamoDB_20120810.DeleteItem", "1.0", &ask).map(drop)
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
