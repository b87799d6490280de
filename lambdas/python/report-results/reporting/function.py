"""The glue between Lambda and the report: start, events, answers, log lines.

Configuration is read once; a function that lacks any does not start. The probe event, by which deployments see that a
function starts and which version it is, has no effect.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import gridbid

from . import NAME, VERSION, answer, telemetry
from .answer import Answer
from .configuration import Configuration, NotStarted
from .day import add_up
from .summaries import Broken, Summaries, Unavailable, client

MARGIN_SECONDS = 0.5
"""What is kept back of the time that Lambda gives, to answer and to write the log line."""
ROUTE = "GET /results/{date}"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Handler = Callable[[Any, Any], dict[str, Any]]


class ContractBroken(Exception):
    """The event is not one of this function's."""


@dataclass(slots=True)
class Notes:
    """What a request's line will say beside its status."""

    why: str | None = None
    code: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    """What is wrong with objects that the answer names: a line for each."""


def start(variables: Mapping[str, str]) -> Handler:
    """The handler of a function that is started with these variables; all slow things are done here."""
    try:
        configuration = Configuration.read(variables)
    except NotStarted as error:
        telemetry.line("ERROR", "the function does not start", outcome="fault", why=str(error))
        raise
    function = Function(Summaries(client(configuration), configuration.bucket), configuration.environment)
    # Loads core, which a first request would otherwise wait for.
    gridbid.day_report([])
    return function.handle


class Function:
    """The function, over some bucket's summaries."""

    def __init__(self, summaries: Summaries, environment: str) -> None:
        self._summaries = summaries
        self._environment = environment

    def handle(self, event: Any, context: Any) -> dict[str, Any]:
        """Answers one event."""
        began = time.monotonic()
        if event == {"probe": "gridbid"}:
            self._line(context, began, "ok", Notes())
            return {"probe": "gridbid", "function": NAME, "version": VERSION}
        notes = Notes()
        try:
            day = _asked_for(event)
        except ContractBroken as error:
            notes.why = str(error)
            self._line(context, began, "fault", notes, error="ContractBroken")
            raise
        deadline = began + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
        told = self._answer(day, deadline, notes)
        self._line(context, began, telemetry.outcome_of(told.status), notes, status=told.status)
        return told.response()

    def _answer(self, day: date | None, deadline: float, notes: Notes) -> Answer:
        if day is None:
            notes.code = "invalid_date"
            return answer.invalid_date()
        try:
            added = add_up(self._summaries.for_day(day, deadline))
        except Unavailable as error:
            notes.why = str(error)
            return answer.unavailable()
        except (Broken, gridbid.InvalidSummaries, MemoryError) as error:
            notes.why = str(error)
            return answer.internal()
        counts = ("runs", "orders", "accepted", "rejected", "failed")
        notes.counts = {name: getattr(added.report, name) for name in counts} | {"unreadable": len(added.unreadable)}
        notes.unreadable = added.unreadable
        return answer.reported(day, added.report, added.unreadable)

    def _line(self, context: Any, began: float, outcome: str, notes: Notes, **more: Any) -> None:
        origin = {"environment": self._environment, "request_id": context.aws_request_id}
        for key, why in notes.unreadable.items():
            telemetry.line("WARN", "an object is not a summary", **origin, key=key, why=why)
        telemetry.line(
            "INFO",
            "invocation",
            **origin,
            outcome=outcome,
            why=notes.why,
            code=notes.code,
            **more,
            **notes.counts,
            duration_ms=int((time.monotonic() - began) * 1000),
        )


def _asked_for(event: Any) -> date | None:
    """The day that is asked for; `None` if it is none. Raises `ContractBroken` for any other event."""
    if not isinstance(event, dict) or event.get("version") != "2.0":
        raise ContractBroken("the event is not one of API Gateway's HTTP API in payload format 2.0")
    text = (event.get("pathParameters") or {}).get("date")
    if event.get("routeKey") != ROUTE or not isinstance(text, str):
        raise ContractBroken("the event's route is not this function's")
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
