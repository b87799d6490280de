"""POST /orders as a conventional Lambda function in Python: a peer of orders-api in `cargo xtask bench functions`.

It reads API Gateway's event, makes basic checks, and stores the batch in one DynamoDB transaction with the same
conditions as orders-api. It does not list every violation, write numbers canonically, recognize repeated requests or
retry contended transactions, as orders-api does. boto3's client is created once, before the first event, as AWS
recommends.
"""

import base64
import json
import os
import time
from decimal import Decimal
from typing import Any

import boto3
from botocore.exceptions import ClientError

TABLE = os.environ["ORDERS_TABLE"]
FIELDS = {"record_id", "parameter_1", "parameter_2"}
LIFE_SECONDS = 24 * 60 * 60

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Stores a batch of orders."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    if not body:
        return respond(400, {"errorMessage": "Request body is empty"})
    try:
        orders = json.loads(body, parse_float=Decimal)
    except ValueError:
        return respond(400, {"errorMessage": "Request body is not JSON"})
    violation = first_violation(orders)
    if violation:
        return respond(400, {"errorMessage": violation})
    now = int(time.time())
    try:
        dynamodb.transact_write_items(TransactItems=[put(order, now) for order in orders])
    except ClientError as error:
        if error.response["Error"]["Code"] == "TransactionCanceledException":
            return respond(409, {"errorMessage": "An order exists already"})
        raise
    return respond(201, {"accepted": len(orders), "expires_at": now + LIFE_SECONDS})


def first_violation(orders: Any) -> str | None:
    """Returns the first violation in a batch."""
    if not isinstance(orders, list) or not 1 <= len(orders) <= 100:
        return "The body must be an array of 1 to 100 orders"
    seen = set()
    for index, order in enumerate(orders):
        if not isinstance(order, dict) or order.keys() != FIELDS:
            return f"Order {index} must have the fields {', '.join(sorted(FIELDS))}"
        record_id, parameter_1, parameter_2 = order["record_id"], order["parameter_1"], order["parameter_2"]
        if not isinstance(record_id, str) or not 1 <= len(record_id) <= 128:
            return f"record_id of order {index} must be a string of 1 to 128 characters"
        if record_id in seen:
            return f"record_id of order {index} is not unique"
        seen.add(record_id)
        if not isinstance(parameter_1, str) or not 1 <= len(parameter_1) <= 256:
            return f"parameter_1 of order {index} must be a string of 1 to 256 characters"
        if isinstance(parameter_2, bool) or not isinstance(parameter_2, int | Decimal):
            return f"parameter_2 of order {index} must be a number"
    return None


def put(order: dict[str, Any], now: int) -> dict[str, Any]:
    """Returns the write of one order."""
    return {
        "Put": {
            "TableName": TABLE,
            "Item": {
                "record_id": {"S": order["record_id"]},
                "parameter_1": {"S": order["parameter_1"]},
                "parameter_2": {"N": str(order["parameter_2"])},
                "accepted_at": {"N": str(now)},
                "expires_at": {"N": str(now + LIFE_SECONDS)},
            },
            "ConditionExpression": "attribute_not_exists(record_id) OR expires_at <= :now",
            "ExpressionAttributeValues": {":now": {"N": str(now)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def respond(status: int, content: dict[str, Any]) -> dict[str, Any]:
    """Returns a response for API Gateway."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(content)}
