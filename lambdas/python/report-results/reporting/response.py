"""The responses of the function.

Errors are problems (RFC 9457) with the same texts as those of the other functions. Problems with the client's request
also have an `errorMessage`, as clients of the service that this one replaces expect.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gridbid import DayReport

RETRY_AFTER_SECONDS = "1"
"""Delay after which a client may retry a 503."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response before it is encoded."""

    status: int
    body: str

    def encode(self) -> dict[str, Any]:
        """Encodes the response for API Gateway, payload format 2.0."""
        headers = {"content-type": "application/json" if self.status == 200 else "application/problem+json"}
        if self.status == 503:
            headers["retry-after"] = RETRY_AFTER_SECONDS
        return {"statusCode": self.status, "headers": headers, "body": self.body, "isBase64Encoded": False}


def totals(day: date, report: DayReport, unreadable: Iterable[str], slots: Iterable[Mapping[str, Any]]) -> Response:
    """200: the totals of the day, the keys of unreadable objects, and the state of each slot.

    Embeds core's JSON, so that no number becomes a float.
    """
    keys, states = _json(list(unreadable)), _json(list(slots))
    return Response(200, f'{{"date":"{day.isoformat()}",{report.text[1:-1]},"unreadable":{keys},"slots":{states}}}')


def slot_page(slot: Mapping[str, Any], total: int, orders: Iterable[str], following: int | None) -> Response:
    """200: the state of a slot, and a page of its orders, each given as JSON."""
    cursor = "null" if following is None else f'"{following}"'
    return Response(200, f'{_json(slot)[:-1]},"total":{total},"orders":[{",".join(orders)}],"next":{cursor}}}')


def invalid_date() -> Response:
    """400: the date is not a calendar day."""
    detail = "the date must be a day of the calendar as YYYY-MM-DD"
    return _problem(400, "invalid-date", "The date is not valid", detail, errorMessage=detail)


def invalid_slot() -> Response:
    """400: the slot is not a time of the date."""
    detail = "the slot must be a time of the date such as 2026-11-22T07:05:00Z or 20261122T070500Z"
    return _problem(400, "invalid-slot", "The slot is not valid", detail, errorMessage=detail)


def invalid_page(max_limit: int) -> Response:
    """400: `limit` or `cursor` is not valid."""
    detail = f"limit must be a whole number from 1 to {max_limit}, and cursor the `next` of another page"
    return _problem(400, "invalid-page", "The page is not valid", detail, errorMessage=detail)


def unknown_slot() -> Response:
    """404: nothing is known of the slot."""
    return _problem(404, "unknown-slot", "The slot is not known", "the slot was never run, or it is too old")


def unavailable() -> Response:
    """503: the bucket or the table throttles or is unavailable."""
    detail = "the same request can safely be sent again"
    return _problem(503, "unavailable", "The results cannot be reached right now", detail)


def internal() -> Response:
    """500: a fault of the service. The log line records the cause."""
    detail = "the same request can safely be sent again once the problem is fixed"
    return _problem(500, "internal", "Something is wrong on our side", detail)


def _problem(status: int, kind: str, title: str, detail: str, **more: str) -> Response:
    problem = {"type": f"urn:problem-type:gridbid:{kind}", "title": title, "status": status, "detail": detail} | more
    return Response(status, _json(problem))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
