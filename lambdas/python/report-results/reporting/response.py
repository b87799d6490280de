"""The responses of `GET /results/{date}`.

Errors are problems (RFC 9457) with the same texts as those of the other functions. Problems with the client's request
also have an `errorMessage`, as clients of the service that this one replaces expect.
"""

import json
from collections.abc import Iterable
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


def totals(day: date, report: DayReport, unreadable: Iterable[str]) -> Response:
    """200: the totals of the day, and the keys of unreadable objects.

    Embeds core's JSON, so that no number becomes a float.
    """
    keys = json.dumps(list(unreadable), separators=(",", ":"))
    return Response(200, f'{{"date":"{day.isoformat()}",{report.text[1:-1]},"unreadable":{keys}}}')


def invalid_date() -> Response:
    """400: the date is not a calendar day."""
    detail = "the date must be a day of the calendar as YYYY-MM-DD"
    return _problem(400, "invalid-date", "The date is not valid", detail, errorMessage=detail)


def unavailable() -> Response:
    """503: the bucket throttles or is unavailable."""
    detail = "the same request can safely be sent again"
    return _problem(503, "unavailable", "The results cannot be reached right now", detail)


def internal() -> Response:
    """500: a fault of the service. The log line records the cause."""
    detail = "the same request can safely be sent again once this is mended"
    return _problem(500, "internal", "Something is wrong on our side", detail)


def _problem(status: int, kind: str, title: str, detail: str, **more: str) -> Response:
    problem = {"type": f"urn:problem-type:gridbid:{kind}", "title": title, "status": status, "detail": detail} | more
    return Response(status, json.dumps(problem, separators=(",", ":")))
