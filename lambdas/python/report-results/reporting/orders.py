"""The orders of a slot, page by page, from the frozen answer of its attempt.

The answer is a manifest and batches of JSON Lines (see core's `outcome/answer.rs`). Core decides each order, as
store-result did.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gridbid

from .aws import PermanentFailure
from .bucket import ResultsBucket
from .slots import Slot, slot_key

MAX_LIMIT = 1000
"""Maximum number of orders of a page."""
DEFAULT_LIMIT = 100
MAX_PAGE_CHARACTERS = 4_000_000
"""A page ends early here: Lambda limits a response to 6 MB."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of orders."""

    total: int
    """Number of orders of the slot."""
    orders: list[str]
    """The orders as JSON."""
    following: int | None
    """The position at which the next page starts; None at the end."""


def read_page(bucket: ResultsBucket, slot: Slot, start: int, limit: int, deadline: float) -> Page:
    """Reads the orders from a position on.

    Raises:
        Unavailable: when S3 fails transiently or the deadline passes.
        PermanentFailure: when S3 refuses access, or the answer is not as collect-results writes it.
    """
    date = slot.slot.partition("T")[0]
    manifest_key = f"answers/{date}/{slot_key(slot.slot)}/{slot.attempt}/manifest.json"
    content = bucket.object(manifest_key, deadline)
    if content is None:
        return Page(0, [], None)
    try:
        manifest = json.loads(content)
        total = int(manifest["total"])
        end = min(start + limit, total)
        spans = [
            batch for batch in manifest["batches"] if batch["first"] < end and batch["first"] + batch["count"] > start
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise PermanentFailure(f"{manifest_key} is not a manifest") from error
    failures = _failures(slot)
    orders: list[str] = []
    characters = 0
    for batch in spans:
        for position, line in _lines(bucket, batch, deadline):
            if start <= position < end:
                order = _describe(position, line, failures)
                orders.append(order)
                characters += len(order)
                if characters >= MAX_PAGE_CHARACTERS:
                    return Page(total, orders, position + 1 if position + 1 < total else None)
    return Page(total, orders, end if end < total else None)


def _lines(bucket: ResultsBucket, batch: Mapping[str, Any], deadline: float) -> Iterator[tuple[int, bytes]]:
    content = bucket.object(batch["key"], deadline)
    lines = [] if content is None else content.splitlines()
    if len(lines) != batch["count"]:
        raise PermanentFailure(f"{batch['key']} has {len(lines)} orders: the manifest says {batch['count']}")
    return enumerate(lines, batch["first"])


def _failures(slot: Slot) -> list[tuple[range, str, str]]:
    """Returns the positions of the orders that could not be stored, with the error and the reason."""
    if slot.summary is None or slot.summary.get("attempt", 1) != slot.attempt:
        return []
    return [
        (range(line["position"], line["position"] + line.get("count", 1)), line["error"], line["why"])
        for line in slot.summary.get("failures", ())
    ]


def _describe(position: int, line: bytes, failures: list[tuple[range, str, str]]) -> str:
    """Returns an order as JSON. Its power is core's text, so that it does not become a float."""
    decision = gridbid.decide_outcome(line)
    order = json.loads(line)
    described = {"position": position, "outcome": "accepted"}
    power = None
    failure = next((failure for failure in failures if position in failure[0]), None)
    if isinstance(decision, gridbid.Malformed):
        described |= {"outcome": "failed", "code": decision.code, "reason": decision.message}
    else:
        if isinstance(order.get("record_id"), str):
            described["record_id"] = order["record_id"]
        if failure is not None:
            described |= {"outcome": "failed", "code": failure[1], "reason": failure[2]}
        elif isinstance(decision, gridbid.Rejected):
            reason = order.get("reason")
            described |= {"outcome": "rejected", "reason": reason if isinstance(reason, str) else decision.why}
        else:
            power = decision.power
    text = json.dumps(described, separators=(",", ":"))
    return text if power is None else f'{text[:-1]},"power":{power}}}'
