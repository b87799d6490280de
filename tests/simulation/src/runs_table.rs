//! The table of runs, as the state machine's DynamoDB integrations use it.
//!
//! Expressions are those of DynamoDB, in the forms that the state machine has; any other form is an error.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::machine::TaskError;

/// An item: attributes with their types, such as `{"N": "1"}`.
pub type Item = Map<String, Value>;

/// The items by `id`.
#[derive(Default)]
pub struct RunsTable {
    items: BTreeMap<String, Item>,
}

/// A change of an item.
pub struct Change {
    /// The item's id.
    pub id: String,
    /// The item before.
    pub before: Option<Item>,
    /// The item after.
    pub after: Item,
}

impl RunsTable {
    pub fn items(&self) -> &BTreeMap<String, Item> {
        &self.items
    }

    /// `UpdateItem`. Returns the response and the change.
    pub fn update(&mut self, arguments: &Value) -> Result<(Value, Change), TaskError> {
        let request = Request::new(
            arguments,
            &[
                "Key",
                "UpdateExpression",
                "ConditionExpression",
                "ExpressionAttributeNames",
                "ExpressionAttributeValues",
                "ReturnValues",
            ],
        )?;
        let id = request.text("/Key/id/S")?.to_owned();
        let before = self.items.get(&id).cloned();
        let empty = Item::new();
        let old = before.as_ref().unwrap_or(&empty);
        if arguments.get("ConditionExpression").is_some() {
            let condition = Parser::new(request.text("/ConditionExpression")?, &request).condition(old)?;
            if !condition {
                let message = "The conditional request failed";
                return Err(TaskError::new("DynamoDB.ConditionalCheckFailedException", message));
            }
        }
        let mut after = old.clone();
        Parser::new(request.text("/UpdateExpression")?, &request).update(old, &mut after)?;
        after.insert("id".to_owned(), json!({"S": id}));
        self.items.insert(id.clone(), after.clone());
        let response = match arguments.get("ReturnValues").map(|values| values == "ALL_NEW") {
            Some(true) => json!({"Attributes": after}),
            Some(false) => return Err(invalid("ReturnValues")),
            None => json!({}),
        };
        Ok((response, Change { id, before, after }))
    }

    /// `GetItem`.
    pub fn get(&self, arguments: &Value) -> Result<Value, TaskError> {
        let request = Request::new(arguments, &["Key", "ConsistentRead"])?;
        let item = self.items.get(request.text("/Key/id/S")?);
        Ok(item.map_or_else(|| json!({}), |item| json!({"Item": item})))
    }

    /// `Query` of the index of open slots, counting only.
    pub fn count(&self, arguments: &Value) -> Result<Value, TaskError> {
        let known =
            ["IndexName", "KeyConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues", "Select"];
        let request = Request::new(arguments, &known)?;
        let mut count = 0;
        // The index holds the items that have its keys.
        for item in self.items.values().filter(|item| item.contains_key("open") && item.contains_key("open_since")) {
            count += u32::from(Parser::new(request.text("/KeyConditionExpression")?, &request).condition(item)?);
        }
        Ok(json!({"Count": count}))
    }
}

/// The number of an attribute.
pub fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.get("N")?.as_str()?.parse().ok()
}

/// The text of an attribute.
pub fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.get("S")?.as_str()
}

fn invalid(what: &str) -> TaskError {
    TaskError::new("DynamoDB.DynamoDbException", &format!("ValidationException: {what}"))
}

struct Request<'a>(&'a Value);

impl<'a> Request<'a> {
    fn new(arguments: &'a Value, known: &[&str]) -> Result<Self, TaskError> {
        let members = arguments.as_object().ok_or_else(|| invalid("arguments"))?;
        match members.keys().find(|name| *name != "TableName" && !known.contains(&name.as_str())) {
            Some(unknown) => Err(invalid(unknown)),
            None => Ok(Self(arguments)),
        }
    }

    fn text(&self, pointer: &str) -> Result<&'a str, TaskError> {
        self.0.pointer(pointer).and_then(Value::as_str).ok_or_else(|| invalid(pointer))
    }

    fn name(&self, token: &str) -> Result<String, TaskError> {
        if token.starts_with('#') {
            self.text(&format!("/ExpressionAttributeNames/{token}")).map(str::to_owned)
        } else {
            Ok(token.to_owned())
        }
    }

    fn value(&self, token: &str) -> Result<Value, TaskError> {
        let value = self.0.pointer(&format!("/ExpressionAttributeValues/{token}"));
        value.cloned().ok_or_else(|| invalid(token))
    }
}

/// Parses and evaluates an expression over an item.
struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    request: &'a Request<'a>,
}

impl<'a> Parser<'a> {
    fn new(expression: &'a str, request: &'a Request<'a>) -> Self {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '#' | ':');
        let mut tokens = Vec::new();
        let mut rest = expression.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = match first {
                c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                '<' if rest.starts_with("<>") || rest.starts_with("<=") => 2,
                _ => first.len_utf8(),
            };
            let (token, after) = rest.split_at(end);
            tokens.push(token);
            rest = after.trim_start();
        }
        Self { tokens, at: 0, request }
    }

    fn next(&mut self) -> Result<&'a str, TaskError> {
        let token = self.tokens.get(self.at).copied().ok_or_else(|| invalid("an expression has no end"))?;
        self.at += 1;
        Ok(token)
    }

    fn take(&mut self, token: &str) -> bool {
        let is_next = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(is_next);
        is_next
    }

    fn require(&mut self, token: &str) -> Result<(), TaskError> {
        if self.take(token) { Ok(()) } else { Err(invalid(&format!("expected `{token}`"))) }
    }

    /// The condition, which must be the whole expression.
    fn condition(&mut self, item: &Item) -> Result<bool, TaskError> {
        let holds = self.any(item)?;
        if self.at == self.tokens.len() { Ok(holds) } else { Err(invalid("a condition")) }
    }

    fn any(&mut self, item: &Item) -> Result<bool, TaskError> {
        let mut holds = self.all(item)?;
        while self.take("OR") {
            holds |= self.all(item)?;
        }
        Ok(holds)
    }

    fn all(&mut self, item: &Item) -> Result<bool, TaskError> {
        let mut holds = self.comparison(item)?;
        while self.take("AND") {
            holds &= self.comparison(item)?;
        }
        Ok(holds)
    }

    fn comparison(&mut self, item: &Item) -> Result<bool, TaskError> {
        if self.take("(") {
            let holds = self.any(item)?;
            self.require(")")?;
            return Ok(holds);
        }
        let token = self.next()?;
        if token == "attribute_not_exists" {
            self.require("(")?;
            let name = self.next()?;
            self.require(")")?;
            return Ok(!item.contains_key(&self.request.name(name)?));
        }
        let actual = item.get(&self.request.name(token)?);
        let operator = self.next()?;
        let expected = self.next()?;
        let expected = self.request.value(expected)?;
        match operator {
            "=" => Ok(actual == Some(&expected)),
            "<>" => Ok(actual != Some(&expected)),
            "<" => {
                let number = |value: &Value| value["N"].as_str().and_then(|digits| digits.parse::<u64>().ok());
                let expected = number(&expected).ok_or_else(|| invalid("`<` of a value that is not a number"))?;
                Ok(actual.and_then(number).is_some_and(|actual| actual < expected))
            }
            _ => Err(invalid(operator)),
        }
    }

    /// `SET a = …, b = … REMOVE c, d`.
    fn update(&mut self, old: &Item, new: &mut Item) -> Result<(), TaskError> {
        self.require("SET")?;
        loop {
            let name = self.next()?;
            let name = self.request.name(name)?;
            self.require("=")?;
            let mut value = self.operand(old)?;
            if self.take("+") {
                let number = |value: &Value| value["N"].as_str().and_then(|digits| digits.parse::<u64>().ok());
                let other = self.operand(old)?;
                let sum = number(&value).zip(number(&other)).map(|(left, right)| left + right);
                value = json!({"N": sum.ok_or_else(|| invalid("`+` of a value that is not a number"))?.to_string()});
            }
            new.insert(name, value);
            if !self.take(",") {
                break;
            }
        }
        if self.take("REMOVE") {
            loop {
                let name = self.next()?;
                new.remove(&self.request.name(name)?);
                if !self.take(",") {
                    break;
                }
            }
        }
        if self.at == self.tokens.len() { Ok(()) } else { Err(invalid("an update")) }
    }

    fn operand(&mut self, old: &Item) -> Result<Value, TaskError> {
        let token = self.next()?;
        if token != "if_not_exists" {
            return self.request.value(token);
        }
        self.require("(")?;
        let name = self.next()?;
        self.require(",")?;
        let otherwise = self.next()?;
        self.require(")")?;
        match old.get(&self.request.name(name)?) {
            Some(value) => Ok(value.clone()),
            None => self.request.value(otherwise),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(table: &mut RunsTable, update: &str, condition: &str) -> Result<Value, String> {
        let arguments = json!({
            "TableName": "runs", "Key": {"id": {"S": "slot#1"}}, "UpdateExpression": update,
            "ConditionExpression": condition, "ReturnValues": "ALL_NEW",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":ten": {"N": "10"}, ":run": {"S": "a"}},
        });
        table.update(&arguments).map(|(response, _)| response).map_err(|error| error.error)
    }

    #[test]
    fn updates_and_conditions_are_dynamodbs() {
        let mut table = RunsTable::default();
        let free = "attribute_not_exists(lease) OR lease < :ten AND (#owner = :run OR #owner <> :run)";
        let claimed = update(&mut table, "SET #owner = :run, n = if_not_exists(n, :ten) + :one, lease = :ten", free);
        assert_eq!(claimed.unwrap()["Attributes"]["n"], json!({"N": "11"}));
        assert_eq!(update(&mut table, "SET n = :one", free), Err("DynamoDB.ConditionalCheckFailedException".into()));
        let released = update(&mut table, "SET n = if_not_exists(n, :ten) + :one REMOVE lease, gone", "#owner = :run");
        assert_eq!(
            released.unwrap()["Attributes"],
            json!({"id": {"S": "slot#1"}, "owner": {"S": "a"}, "n": {"N": "12"}})
        );
    }

    #[test]
    fn other_forms_are_errors() {
        let mut table = RunsTable::default();
        for (expression, condition) in [
            ("ADD n :one", "#owner <> :run"),
            ("SET n = :one", "begins_with(n, :one)"),
            ("SET n = :one", "#owner <> :run extra"),
            ("SET n = :unknown", "#owner <> :run"),
        ] {
            assert_eq!(update(&mut table, expression, condition), Err("DynamoDB.DynamoDbException".into()));
        }
        let unknown = json!({"TableName": "runs", "Key": {"id": {"S": "a"}}, "Projection": "a"});
        assert!(table.get(&unknown).is_err());
    }
}
