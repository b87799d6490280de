"""The handler: parses events, reads and adds up the summaries, encodes the response and writes the log line."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import gridbid

from . import NAME, VERSION, response, telemetry
from .configuration import Configuration, ConfigurationError
from .day import add_up
from .response import Response
from .summaries import PermanentFailure, Summaries, Unavailable, create_client

MARGIN_SECONDS = 0.5
"""Part of Lambda's time limit that is reserved for the response and the log line."""
ROUTE = "GET /results/{date}"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Handler = Callable[[Any, Any], dict[str, Any]]


class ContractBroken(Exception):
    """The event does not belong to this function."""


@dataclass(slots=True)
class InvocationLog:
    """The fields of an invocation's log line, except its status."""

    why: str | None = None
    code: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    """The reason for each unreadable object, by its key. Each gets a separate log line."""


def start(variables: Mapping[str, str]) -> Handler:
    """Creates the handler. Everything slow happens here, so that the first request does not wait for it.

    Raises:
        ConfigurationError: when variables are missing.
    """
    try:
        configuration = Configuration.from_environment(variables)
    except ConfigurationError as error:
        telemetry.write_line("ERROR", "the function does not start", outcome="fault", why=str(error))
        raise
    function = Function(Summaries(create_client(configuration), configuration.bucket), configuration.environment)
    # Loads core.
    gridbid.day_report([])
    return function.handle


class Function:
    """The function, with the summaries of a bucket."""

    def __init__(self, summaries: Summaries, environment: str) -> None:
        self._summaries = summaries
        self._environment = environment

    def handle(self, event: Any, context: Any) -> dict[str, Any]:
        """Handles an event. The probe event, with which a deployment checks the version, has no side effects.

        Raises:
            ContractBroken: for an event of another route or format.
        """
        began = time.monotonic()
        log = InvocationLog()
        if event == {"probe": "gridbid"}:
            self._write_log(context, began, "ok", log)
            return {"probe": "gridbid", "function": NAME, "version": VERSION}
        try:
            day = _parse_date(event)
        except ContractBroken as error:
            log.why = str(error)
            self._write_log(context, began, "fault", log, error="ContractBroken")
            raise
        deadline = began + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
        result = self._respond(day, deadline, log)
        self._write_log(context, began, telemetry.outcome_of(result.status), log, status=result.status)
        return result.encode()

    def _respond(self, day: date | None, deadline: float, log: InvocationLog) -> Response:
        if day is None:
            log.code = "invalid_date"
            return response.invalid_date()
        try:
            result = add_up(self._summaries.for_day(day, deadline))
        except Unavailable as error:
            log.why = str(error)
            return response.unavailable()
        except (PermanentFailure, gridbid.InvalidSummaries, MemoryError) as error:
            log.why = str(error)
            return response.internal()
        counts = ("runs", "orders", "accepted", "rejected", "failed")
        log.counts = {name: getattr(result.report, name) for name in counts} | {"unreadable": len(result.unreadable)}
        log.unreadable = result.unreadable
        return response.totals(day, result.report, result.unreadable)

    def _write_log(self, context: Any, began: float, outcome: str, log: InvocationLog, **more: Any) -> None:
        origin = {"environment": self._environment, "request_id": context.aws_request_id}
        for key, why in log.unreadable.items():
            telemetry.write_line("WARN", "an object is not a summary", **origin, key=key, why=why)
        telemetry.write_line(
            "INFO",
            "invocation",
            **origin,
            outcome=outcome,
            why=log.why,
            code=log.code,
            **more,
            **log.counts,
            duration_ms=int((time.monotonic() - began) * 1000),
        )


def _parse_date(event: Any) -> date | None:
    """Returns the requested day, or None if it is not a calendar day.

    Raises:
        ContractBroken: for an event of another route or format.
    """
    if not isinstance(event, dict) or event.get("version") != "2.0":
        raise ContractBroken("the event is not an API Gateway HTTP API event with payload format 2.0")
    parameters = event.get("pathParameters")
    text = parameters.get("date") if isinstance(parameters, dict) else None
    if event.get("routeKey") != ROUTE or not isinstance(text, str):
        raise ContractBroken(f"the event's route is not `{ROUTE}`")
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
