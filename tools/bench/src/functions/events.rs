//! The events that functions are measured with: API Gateway's requests, the steps of a results run, and an order to submit.
//!
//! Orders are realistic (ids of about twenty characters, a short text, a price with two decimals) and depend only on their
//! number.

use serde_json::{Value, json};

use super::implementations::SUBMITTER;

/// The beginning of the ids, where every request has the same orders.
const DAY: &str = "bid-2026-11-24";

/// An order, as it is written in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub record_id: String,
    /// Its text.
    pub parameter_1: String,
    /// Its amount, with two decimals.
    pub parameter_2: String,
}

/// `POST /orders` with this number of valid orders.
#[must_use]
pub fn post_orders(orders: usize) -> Vec<u8> {
    post_batch(DAY, orders)
}

/// The same, except that the last order has the first one's `record_id`: refused after every order has been checked.
#[must_use]
pub fn post_duplicate(orders: usize) -> Vec<u8> {
    let (first, last) = (order(DAY, 0), order(DAY, orders.saturating_sub(1)));
    request(&body(DAY, orders).replace(&last.record_id, &first.record_id))
}

/// `POST /orders` without a body: refused without a call to AWS.
#[must_use]
pub fn post_empty() -> Vec<u8> {
    request("")
}

/// `POST /orders` with orders whose ids begin with `batch`.
#[must_use]
pub fn post_batch(batch: &str, orders: usize) -> Vec<u8> {
    request(&body(batch, orders))
}

/// `GET /orders/{record_id}`.
#[must_use]
pub fn get_order(record_id: &str) -> Vec<u8> {
    routed("GET /orders/{record_id}", "", Some(json!({"record_id": record_id})))
}

/// An order of a batch.
#[must_use]
pub fn order(batch: &str, at: usize) -> Order {
    let (hour, euros, cents) = (at % 24, 20 + at * 37 % 180, at * 61 % 100);
    Order {
        record_id: format!("{batch}-{at:06}"),
        parameter_1: format!("DE-LU hour {hour:02}"),
        parameter_2: format!("{euros}.{cents:02}"),
    }
}

/// The body of `POST /orders` with this number of orders.
#[must_use]
pub fn body(batch: &str, orders: usize) -> String {
    let json = |at: usize| {
        let Order { record_id, parameter_1, parameter_2 } = order(batch, at);
        format!(r#"{{"record_id": "{record_id}", "parameter_1": "{parameter_1}", "parameter_2": {parameter_2}}}"#)
    };
    format!("[{}]", (0..orders).map(json).collect::<Vec<_>>().join(", "))
}

fn request(body: &str) -> Vec<u8> {
    routed("POST /orders", body, None)
}

/// API Gateway's event, payload format 2.0.
fn routed(route: &str, body: &str, parameters: Option<Value>) -> Vec<u8> {
    let (method, path) = route.split_once(' ').unwrap_or(("POST", route));
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "*/*",
            "content-length": body.len().to_string(),
            "content-type": "application/json",
            "host": "r3pmxmplak.execute-api.eu-west-1.amazonaws.com",
            "user-agent": "desk/4.2",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "198.51.100.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "r3pmxmplak",
            "authentication": null,
            "authorizer": {"iam": {"accessKey": "AKIDEXAMPLE", "accountId": "000000000000", "callerId": "AIDACKCEVSQ6C2EXAMPLE",
                "cognitoIdentity": null, "principalOrgId": null, "userArn": "arn:aws:iam::000000000000:user/desk",
                "userId": "AIDACKCEVSQ6C2EXAMPLE"}},
            "domainName": "r3pmxmplak.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "r3pmxmplak",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7",
                "userAgent": "desk/4.2"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "time": "24/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_521_600_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    });
    if let (Some(parameters), Some(members)) = (parameters, event.as_object_mut()) {
        members.insert("pathParameters".to_owned(), parameters);
    }
    event.to_string().into_bytes()
}

/// SQS's event with one message: the record of a new order in the table's stream, as the pipe delivers it.
fn submission() -> Value {
    let Order { record_id, parameter_1, parameter_2 } = order(DAY, 0);
    let record = json!({
        "eventID": "a6ca1e6b9c3bd1e6ad2b2e4ad7e8f1c2",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_795_521_600,
            "Keys": {"record_id": {"S": &record_id}},
            "NewImage": {
                "record_id": {"S": &record_id},
                "parameter_1": {"S": parameter_1},
                "parameter_2": {"N": parameter_2},
                "accepted_at": {"N": "1795521600"},
                // It must not have expired when it is measured.
                "expires_at": {"N": "4102444800"},
                "submission_status": {"S": "pending"},
                "submitted_by": {"S": "arn:aws:iam::000000000000:user/desk"},
            },
            "SequenceNumber": "4421584500000000017450439091",
            "SizeBytes": 212,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:000000000000:table/orders/stream/2026-11-24T00:00:00.000",
    });
    json!({"Records": [{
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": record.to_string(),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1795521600150",
            "SenderId": "AROAEXAMPLE:pipe",
            "ApproximateFirstReceiveTimestamp": "1795521600157",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:submission",
        "awsRegion": "eu-west-1",
    }]})
}

/// The first event of one of Gridbid's functions and a part of the expected response. A function without an event here gets
/// a probe, which returns its version.
#[must_use]
pub fn first_event(name: &str) -> (Vec<u8>, &'static str) {
    let (event, expected) = match name {
        "orders-api" => return (post_orders(1), r#""statusCode":201"#),
        "collect-results" => {
            let event =
                json!({"slot": "2026-11-24T12:00:00Z", "attempt": 1, "poll": 1, "run": "arn:run", "open_slots": 0});
            (event, r#""results":"#)
        }
        "store-result" => {
            let order = json!({"order": "accepted", "power": 1.5});
            let event = json!({"slot": "2026-11-24T12:00:00Z", "attempt": 1, "run": "arn:run", "item": {"position": 0, "order": order}});
            (event, r#""outcome":"accepted""#)
        }
        "close-run" => {
            let outcomes = json!([
                {"outcome": "accepted", "position": 0, "power": "1.5"},
                {"outcome": "rejected", "position": 1, "why": "the auction rejected the order"},
            ]);
            let event = json!({"slot": "2026-11-24T12:00:00Z", "attempt": 1, "run": "arn:run", "polls": 1, "outcomes": outcomes});
            (event, r#""accepted":1"#)
        }
        SUBMITTER => (submission(), r#"{"batchItemFailures":[]}"#),
        "preview-orders" => return (routed("POST /orders/preview", &body(DAY, 1), None), r#"\"valid\":true"#),
        "report-results" => {
            let (route, parameters) = ("GET /results/{date}", json!({"date": "2026-11-24"}));
            let event = json!({"version": "2.0", "routeKey": route, "pathParameters": parameters});
            (event, r#"\"runs\":0"#)
        }
        _ => (json!({"probe": "gridbid"}), r#""probe":"gridbid""#),
    };
    (event.to_string().into_bytes(), expected)
}

#[cfg(test)]
mod tests {
    use gridbid_core::batch::{self, Limits};

    use super::*;

    fn body_of(event: &[u8]) -> String {
        let event: Value = serde_json::from_slice(event).unwrap();
        event["body"].as_str().unwrap().to_owned()
    }

    #[test]
    fn orders_are_valid_and_the_duplicate_is_the_only_violation() {
        for count in [1, 10, 100] {
            let body = body_of(&post_orders(count));
            assert_eq!(batch::parse(body.as_bytes(), &Limits::default()).unwrap().orders().len(), count);
        }
        let report = batch::parse(body_of(&post_duplicate(100)).as_bytes(), &Limits::default()).unwrap_err();
        assert_eq!(report.total, 1);
        assert_eq!(body_of(&post_duplicate(100)).len(), body_of(&post_orders(100)).len());
    }
}
