//! The body of `TransactWriteItems`, written in one pass from borrowed orders.
//!
//! The SDK's types own every string: 100 orders cost about two thousand copied and hashed names, conditions and values,
//! most of a request's CPU time. This module writes the same bytes; the SDK does the rest of the call.

use std::cell::LazyCell;

use gridbid_core::{expiry::Timestamp, order::Order, submission::Submission};

use crate::orders::{Acceptance, Write};

/// The size of a typical write, so that a body is rarely reallocated.
const WRITE_BYTES: usize = 512;

/// Writes the body of a transaction. `token` makes a retry of the same body idempotent.
///
/// # Errors
/// Never in practice: strings always serialize.
pub(super) fn write_body(
    table_name: &str,
    writes: &[Write<'_>],
    now: Timestamp,
    token: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    let table_name = serde_json::to_string(table_name)?;
    let confirm = LazyCell::new(|| Template::confirm(&table_name, now));
    // All orders of a request share their acceptance; the template is rebuilt where it differs.
    let mut put: Option<(Acceptance<'_>, Template)> = None;
    let mut out = Vec::with_capacity((writes.len() + 1) * WRITE_BYTES);
    out.extend_from_slice(br#"{"TransactItems":["#);
    for (index, write) in writes.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match *write {
            Write::Put { order, acceptance } => {
                let template = match put.take_if(|(shared, _)| *shared == acceptance) {
                    Some((_, template)) => template,
                    None => Template::put(&table_name, now, &acceptance)?,
                };
                template.write(order, &mut out)?;
                put = Some((acceptance, template));
            }
            Write::Confirm { order } => confirm.write(order, &mut out)?,
        }
    }
    out.extend_from_slice(br#"],"ClientRequestToken":"#);
    serde_json::to_writer(&mut out, token)?;
    out.push(b'}');
    Ok(out)
}

/// The JSON of one write around the values of its order.
#[derive(Debug)]
struct Template {
    before_record_id: String,
    before_parameter_1: &'static str,
    before_parameter_2: &'static str,
    after: String,
}

impl Template {
    /// Stores the order unless a live one exists; a failed condition returns the existing order.
    fn put(table_name: &str, now: Timestamp, acceptance: &Acceptance<'_>) -> Result<Self, serde_json::Error> {
        let [now, accepted_at, expires_at] = [now, acceptance.accepted_at, acceptance.expires_at].map(seconds);
        let submitted_by = match acceptance.submitted_by {
            Some(caller) => [r#","submitted_by":{"S":"#, &serde_json::to_string(caller)?, "}"].concat(),
            None => String::new(),
        };
        let submission_status = if acceptance.is_pending {
            [r#","submission_status":{"S":""#, Submission::Pending.status(), r#""}"#].concat()
        } else {
            String::new()
        };
        Ok(Self {
            before_record_id: [r#"{"Put":{"TableName":"#, table_name, r#","Item":{"record_id":{"S":"#].concat(),
            before_parameter_1: r#"},"parameter_1":{"S":"#,
            before_parameter_2: r#"},"parameter_2":{"N":"#,
            after: [
                r#"},"accepted_at":{"N":""#,
                &accepted_at,
                r#""},"expires_at":{"N":""#,
                &expires_at,
                r#""}"#,
                &submitted_by,
                &submission_status,
                r#"},"ConditionExpression":"attribute_not_exists(record_id) OR expires_at <= :now""#,
                r#","ExpressionAttributeValues":{":now":{"N":""#,
                &now,
                r#""}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}"#,
            ]
            .concat(),
        })
    }

    /// Requires that exactly this order exists and is live; a failed condition returns the existing order.
    fn confirm(table_name: &str, now: Timestamp) -> Self {
        Self {
            before_record_id: [r#"{"ConditionCheck":{"TableName":"#, table_name, r#","Key":{"record_id":{"S":"#]
                .concat(),
            before_parameter_1: concat!(
                r#"}},"ConditionExpression":"attribute_exists(record_id) AND expires_at > :now "#,
                r#"AND parameter_1 = :parameter_1 AND parameter_2 = :parameter_2""#,
                r#","ExpressionAttributeValues":{":parameter_1":{"S":"#,
            ),
            before_parameter_2: r#"},":parameter_2":{"N":"#,
            after: [r#"},":now":{"N":""#, &seconds(now), r#""}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"}}"#]
                .concat(),
        }
    }

    fn write(&self, order: &Order<'_>, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        out.extend_from_slice(self.before_record_id.as_bytes());
        serde_json::to_writer(&mut *out, order.record_id.as_str())?;
        out.extend_from_slice(self.before_parameter_1.as_bytes());
        serde_json::to_writer(&mut *out, order.parameter_1.as_str())?;
        out.extend_from_slice(self.before_parameter_2.as_bytes());
        serde_json::to_writer(&mut *out, &order.parameter_2.text())?;
        out.extend_from_slice(self.after.as_bytes());
        Ok(())
    }
}

fn seconds(instant: Timestamp) -> String {
    instant.unix_seconds().to_string()
}

#[cfg(test)]
mod tests {
    use gridbid_core::{
        amount::Amount,
        order::{RecordId, Text},
    };
    use serde_json::{Value, json};

    use super::*;

    fn order() -> Order<'static> {
        Order {
            record_id: RecordId::parse("a").unwrap(),
            parameter_1: Text::parse("é\"").unwrap(),
            parameter_2: Amount::parse("1e21").unwrap(),
        }
    }

    fn written(writes: &[Write<'_>], now: u64) -> Value {
        serde_json::from_slice(&write_body("orders", writes, Timestamp::from_unix_seconds(now), "token").unwrap())
            .unwrap()
    }

    fn acceptance(accepted_at: u64, expires_at: u64) -> Acceptance<'static> {
        Acceptance {
            accepted_at: Timestamp::from_unix_seconds(accepted_at),
            expires_at: Timestamp::from_unix_seconds(expires_at),
            submitted_by: None,
            is_pending: false,
        }
    }

    #[test]
    fn put_is_conditional_on_no_live_order() {
        let expected = json!({
            "TransactItems": [{"Put": {
                "TableName": "orders",
                "Item": {
                    "record_id": {"S": "a"}, "parameter_1": {"S": "é\""}, "parameter_2": {"N": "1e+21"},
                    "accepted_at": {"N": "1000"}, "expires_at": {"N": "87400"},
                },
                "ConditionExpression": "attribute_not_exists(record_id) OR expires_at <= :now",
                "ExpressionAttributeValues": {":now": {"N": "1000"}},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }}],
            "ClientRequestToken": "token",
        });
        let put = Write::Put { order: &order(), acceptance: acceptance(1_000, 87_400) };
        assert_eq!(written(&[put], 1_000), expected);
    }

    #[test]
    fn caller_and_pending_status_are_stored() {
        let acceptance = Acceptance { submitted_by: Some("a\"b"), is_pending: true, ..acceptance(1_000, 87_400) };
        let written = written(&[Write::Put { order: &order(), acceptance }], 1_000);
        assert_eq!(
            written["TransactItems"][0]["Put"]["Item"],
            json!({
                "record_id": {"S": "a"}, "parameter_1": {"S": "é\""}, "parameter_2": {"N": "1e+21"},
                "accepted_at": {"N": "1000"}, "expires_at": {"N": "87400"},
                "submitted_by": {"S": "a\"b"}, "submission_status": {"S": "pending"},
            })
        );
    }

    #[test]
    fn confirm_compares_expiry_and_content() {
        let expected = json!({
            "TransactItems": [{"ConditionCheck": {
                "TableName": "orders",
                "Key": {"record_id": {"S": "a"}},
                "ConditionExpression": "attribute_exists(record_id) AND expires_at > :now AND parameter_1 = :parameter_1 \
                    AND parameter_2 = :parameter_2",
                "ExpressionAttributeValues": {
                    ":now": {"N": "5"}, ":parameter_1": {"S": "é\""}, ":parameter_2": {"N": "1e+21"},
                },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }}],
            "ClientRequestToken": "token",
        });
        assert_eq!(written(&[Write::Confirm { order: &order() }], 5), expected);
    }

    #[test]
    fn mixed_writes_keep_their_order_and_acceptance() {
        let order = order();
        let put =
            |accepted_at, expires_at| Write::Put { order: &order, acceptance: acceptance(accepted_at, expires_at) };
        let written = written(&[put(1, 2), Write::Confirm { order: &order }, put(3, 4), put(3, 5)], 1);
        let times = |index: usize| {
            let item = &written["TransactItems"][index]["Put"]["Item"];
            (item["accepted_at"]["N"].clone(), item["expires_at"]["N"].clone())
        };
        assert_eq!(times(0), (json!("1"), json!("2")));
        assert_eq!(written["TransactItems"][1]["ConditionCheck"]["Key"]["record_id"]["S"], "a");
        assert_eq!(times(2), (json!("3"), json!("4")));
        assert_eq!(times(3), (json!("3"), json!("5")));
    }
}
