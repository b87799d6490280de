"""The answers, as contract and as API Gateway want them.

What went wrong is a problem (RFC 9457) of media type `application/problem+json`, in the same words as the other
functions'. A problem that the client can mend also has the `errorMessage` of the service that this one follows.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from gridbid import DayReport

RETRY_AFTER_SECONDS = "1"
"""Seconds after which a client may ask again when the bucket was too busy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: str

    def response(self) -> dict[str, Any]:
        """API Gateway's response, payload format 2.0."""
        headers = {"content-type": "application/json" if self.status == 200 else "application/problem+json"}
        if self.status == 503:
            headers["retry-after"] = RETRY_AFTER_SECONDS
        return {"statusCode": self.status, "headers": headers, "body": self.body, "isBase64Encoded": False}


def reported(day: date, report: DayReport, unreadable: Iterable[str]) -> Answer:
    """200: the day, and the keys of the objects that it lacks.

    The numbers are core's own text, so that none goes through a float.
    """
    keys = json.dumps(list(unreadable), separators=(",", ":"))
    return Answer(200, f'{{"date":"{day.isoformat()}",{report.text[1:-1]},"unreadable":{keys}}}')


def invalid_date() -> Answer:
    """400: there is no such day."""
    detail = "the date must be a day of the calendar as YYYY-MM-DD"
    return _problem(400, "invalid-date", "The date is not valid", detail, errorMessage=detail)


def unavailable() -> Answer:
    """503: the bucket throttles or is away."""
    detail = "the same request can safely be sent again"
    return _problem(503, "unavailable", "The results cannot be reached right now", detail)


def internal() -> Answer:
    """500: the bucket refuses, which no client can mend."""
    detail = "the same request can safely be sent again once this is mended"
    return _problem(500, "internal", "Something is wrong on our side", detail)


def _problem(status: int, kind: str, title: str, detail: str, **more: str) -> Answer:
    problem = {"type": f"urn:problem-type:gridbid:{kind}", "title": title, "status": status, "detail": detail} | more
    return Answer(status, json.dumps(problem, separators=(",", ":")))
