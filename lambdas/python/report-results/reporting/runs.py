"""Reads the runs table: one item per slot, `slot#2026-11-22T07:05:00Z`, which the results run writes.

A slot without an item was never run, or its item has expired.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from .aws import DynamoDB, Unavailable, call, remaining
from .moments import format_moment

INDEX = "open_slots"
"""The index of the slots that are not done."""
MAX_KEYS = 100
"""Maximum number of items per call, a limit of DynamoDB."""
RETRY_SECONDS = 0.05
"""Delay before keys are requested again that DynamoDB has not processed."""

_PREFIX = "slot#"

Item = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Run:
    """The state of a slot."""

    slot: str
    attempt: int
    polls: int
    lease_until: int
    """When the lease of the slot ends, in Unix seconds; 0 if nobody has it."""
    started_at: str | None = None
    done_at: str | None = None
    problem: str | None = None
    """Why the last run failed."""
    counts: dict[str, Any] | None = None
    """`accepted`, `rejected`, `failed` and `total_power` of a slot that is done."""

    @classmethod
    def from_item(cls, item: Item) -> Run:
        """Reads an item. Attributes that are missing have their initial values."""

        def number(name: str) -> int:
            return int(item.get(name, {}).get("N", "0"))

        def moment(name: str) -> str | None:
            return format_moment(datetime.fromtimestamp(number(name), UTC)) if name in item else None

        counts: dict[str, Any] | None = None
        if "done_at" in item and "total_power" in item:
            counts = {name: number(name) for name in ("accepted", "rejected", "failed")}
            counts["total_power"] = item["total_power"]["S"]
        return cls(
            slot=item["id"]["S"].removeprefix(_PREFIX),
            attempt=number("attempt") or 1,
            polls=number("polls"),
            lease_until=number("lease_until"),
            started_at=moment("started_at"),
            done_at=moment("done_at"),
            problem=item.get("problem", {}).get("S"),
            counts=counts,
        )

    def status(self, now: float) -> str:
        """Returns `done`, `running` or `failed` at a time in Unix seconds."""
        if self.done_at is not None:
            return "done"
        return "running" if self.lease_until > now else "failed"


class RunsTable:
    """The runs table."""

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def of_slots(self, slots: Iterable[str], deadline: float) -> dict[str, Run]:
        """Returns the runs of slots that have an item, by slot.

        Raises:
            Unavailable: when DynamoDB fails transiently or the deadline passes.
            PermanentFailure: when DynamoDB refuses access.
        """
        ids = [_PREFIX + slot for slot in slots]
        pages = (self._get(ids[at : at + MAX_KEYS], deadline) for at in range(0, len(ids), MAX_KEYS))
        runs = (Run.from_item(item) for page in pages for item in page)
        return {run.slot: run for run in runs}

    def open_slots(self, day: date, deadline: float) -> set[str]:
        """Returns the slots of a day that are not done, off the schedule's grid too.

        Raises:
            Unavailable: when DynamoDB fails transiently or the deadline passes.
            PermanentFailure: when DynamoDB refuses access.
        """
        prefix = f"{_PREFIX}{day.isoformat()}T"
        slots: set[str] = set()
        more: dict[str, Any] = {}
        while True:
            remaining(deadline)
            page = call(
                "Query",
                self._dynamodb.query,
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="#open = :open",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues={":open": {"S": "open"}},
                **more,
            )
            ids = (item["id"]["S"] for item in page["Items"])
            slots |= {name.removeprefix(_PREFIX) for name in ids if name.startswith(prefix)}
            if "LastEvaluatedKey" not in page:
                return slots
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _get(self, ids: Iterable[str], deadline: float) -> Iterator[Item]:
        keys = [{"id": {"S": name}} for name in ids]
        while keys:
            remaining(deadline)
            request = {self._table: {"Keys": keys, "ConsistentRead": True}}
            page = call("BatchGetItem", self._dynamodb.batch_get_item, RequestItems=request)
            yield from page["Responses"].get(self._table, ())
            keys = page.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if keys:
                if remaining(deadline) < RETRY_SECONDS:
                    raise Unavailable("BatchGetItem: keys are not processed")
                time.sleep(RETRY_SECONDS)
