"""A fake of botocore's DynamoDB client with the runs table in memory, which can page and fail."""

from collections import Counter
from typing import Any

from reporting.runs import INDEX, MAX_KEYS


def item(slot: str, **changed: Any) -> dict[str, Any]:
    """Returns the item of a slot that is done, as the state machine writes it. None removes an attribute."""
    attributes = {
        "id": f"slot#{slot}",
        "slot": slot,
        "owner": "arn",
        "attempt": 1,
        "polls": 3,
        "lease_until": 0,
        "started_at": 1_795_330_800,
        "done_at": 1_795_331_700,
        "accepted": 2,
        "rejected": 1,
        "failed": 0,
        "total_power": "2.1",
    } | changed
    present = {name: value for name, value in attributes.items() if value is not None}
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in present.items()}


def open_item(slot: str, **changed: Any) -> dict[str, Any]:
    """Returns the item of a slot that is not done."""
    counts = dict.fromkeys(("done_at", "accepted", "rejected", "failed", "total_power"))
    return item(slot, **({**counts, "open": "open", "open_since": 1_795_330_800} | changed))


class FakeTable:
    """The runs table and its behaviour."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self.items = {item["id"]["S"]: item for item in items}
        self.max_processed = MAX_KEYS
        """Maximum number of keys that a call processes."""
        self.page = 1000
        self.failures: dict[str, Exception] = {}
        """Errors to raise, by operation."""
        self.calls: Counter[str] = Counter()

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self._call("batch_get_item")
        [(table, request)] = RequestItems.items()
        assert (table, request["ConsistentRead"]) == ("runs", True)
        keys = request["Keys"]
        assert 0 < len(keys) <= MAX_KEYS
        assert len({key["id"]["S"] for key in keys}) == len(keys)
        done, rest = keys[: self.max_processed], keys[self.max_processed :]
        found = [self.items[key["id"]["S"]] for key in done if key["id"]["S"] in self.items]
        unprocessed = {table: {"Keys": rest, "ConsistentRead": True}} if rest else {}
        return {"Responses": {table: found}, "UnprocessedKeys": unprocessed}

    def query(self, *, TableName: str, IndexName: str, **parameters: Any) -> dict[str, Any]:
        self._call("query")
        assert (TableName, IndexName) == ("runs", INDEX)
        assert parameters["ExpressionAttributeValues"] == {":open": {"S": "open"}}
        names = sorted(name for name, item in self.items.items() if "open" in item)
        start = int(parameters.get("ExclusiveStartKey", {"id": {"S": "0"}})["id"]["S"])
        response: dict[str, Any] = {"Items": [{"id": {"S": name}} for name in names[start : start + self.page]]}
        if start + self.page < len(names):
            response["LastEvaluatedKey"] = {"id": {"S": str(start + self.page)}}
        return response

    def _call(self, operation: str) -> None:
        self.calls[operation] += 1
        if operation in self.failures:
            raise self.failures[operation]
