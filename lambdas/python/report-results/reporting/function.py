"""The handler: parses events, reads results, encodes the response and writes the log line."""

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import unquote

import gridbid

from . import NAME, VERSION, response, telemetry
from .aws import READERS, PermanentFailure, Unavailable, create_clients
from .bucket import ResultsBucket
from .configuration import Configuration, ConfigurationError
from .day import add_up
from .orders import DEFAULT_LIMIT, MAX_LIMIT, read_page
from .response import Response
from .runs import RunsTable
from .slots import Slot, join, parse_slot, parse_summary, scheduled_slots, slot_key

MARGIN_SECONDS = 0.5
"""Part of Lambda's time limit that is reserved for the response and the log line."""
DAY_ROUTE = "GET /results/{date}"
SLOT_ROUTE = "GET /results/{date}/{slot}"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")

Handler = Callable[[Any, Any], dict[str, Any]]


class ContractBroken(Exception):
    """The event does not belong to this function."""


class Refused(Exception):
    """The client's request is not valid."""

    def __init__(self, code: str, answer: Response) -> None:
        super().__init__(code)
        self.code = code
        self.response = answer


@dataclass(frozen=True, slots=True)
class Request:
    """A request before its parameters are checked."""

    date: str
    slot: str | None
    """None for a request for a day."""
    query: Mapping[str, str]


@dataclass(slots=True)
class InvocationLog:
    """The fields of an invocation's log line, except its status."""

    why: str | None = None
    code: str | None = None
    slot: str | None = None
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
    s3, dynamodb = create_clients(configuration)
    readers = ThreadPoolExecutor(READERS, thread_name_prefix="readers")
    bucket = ResultsBucket(s3, configuration.bucket, readers)
    function = Function(bucket, RunsTable(dynamodb, configuration.runs_table), configuration.environment)
    # Loads core.
    gridbid.day_report([])
    return function.handle


class Function:
    """The function, with a bucket and a table; `now` returns the time in Unix seconds."""

    def __init__(
        self, bucket: ResultsBucket, runs: RunsTable, environment: str, now: Callable[[], float] = time.time
    ) -> None:
        self._bucket = bucket
        self._runs = runs
        self._environment = environment
        self._now = now

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
            request = _parse_event(event)
        except ContractBroken as error:
            log.why = str(error)
            self._write_log(context, began, "fault", log, error="ContractBroken")
            raise
        deadline = began + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
        result = self._respond(request, deadline, log)
        self._write_log(context, began, telemetry.outcome_of(result.status), log, status=result.status)
        return result.encode()

    def _respond(self, request: Request, deadline: float, log: InvocationLog) -> Response:
        try:
            day = _parse_date(request.date)
            if request.slot is None:
                return self._report_day(day, deadline, log)
            return self._report_slot(request, day, deadline, log)
        except Refused as error:
            log.code = error.code
            return error.response
        except Unavailable as error:
            log.why = str(error)
            return response.unavailable()
        except (PermanentFailure, gridbid.InvalidSummaries, MemoryError) as error:
            log.why = str(error)
            return response.internal()

    def _report_day(self, day: date, deadline: float, log: InvocationLog) -> Response:
        contents = self._bucket.summaries(day, deadline)
        result = add_up(contents)
        documents = [content for key, content in contents.items() if key not in result.unreadable]
        parsed = [
            summary for content in documents if isinstance(content, bytes) and (summary := parse_summary(content))
        ]
        summaries = {
            summary["slot"]: summary for summary in parsed if summary["slot"].startswith(f"{day.isoformat()}T")
        }
        now = self._now()
        slots = {*scheduled_slots(day, now), *summaries, *self._runs.open_slots(day, deadline)}
        known = join(slots, self._runs.of_slots(slots, deadline), summaries)
        counts = ("runs", "orders", "accepted", "rejected", "failed")
        log.counts = {name: getattr(result.report, name) for name in counts} | {"unreadable": len(result.unreadable)}
        log.unreadable = result.unreadable
        return response.totals(day, result.report, result.unreadable, (slot.state(now) for slot in known))

    def _report_slot(self, request: Request, day: date, deadline: float, log: InvocationLog) -> Response:
        name = parse_slot(unquote(request.slot or ""))
        if name is None or not name.startswith(f"{day.isoformat()}T"):
            raise Refused("invalid_slot", response.invalid_slot())
        start = _parse_number(request.query, "cursor", 0)
        limit = _parse_number(request.query, "limit", DEFAULT_LIMIT)
        if not 1 <= limit <= MAX_LIMIT:
            raise Refused("invalid_page", response.invalid_page(MAX_LIMIT))
        log.slot = name
        content = self._bucket.object(f"summaries/{day.isoformat()}/{slot_key(name)}.json", deadline)
        summary = parse_summary(content) if content is not None else None
        slot = Slot(name, self._runs.of_slots([name], deadline).get(name), summary)
        if slot.run is None and slot.summary is None:
            raise Refused("unknown_slot", response.unknown_slot())
        page = read_page(self._bucket, slot, start, limit, deadline)
        log.counts = {"orders": len(page.orders)}
        return response.slot_page(slot.state(self._now()), page.total, page.orders, page.following)

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
            slot=log.slot,
            **more,
            **log.counts,
            duration_ms=int((time.monotonic() - began) * 1000),
        )


def _parse_event(event: Any) -> Request:
    """Returns the request.

    Raises:
        ContractBroken: for an event of another route or format.
    """
    if not isinstance(event, dict) or event.get("version") != "2.0":
        raise ContractBroken("the event is not an API Gateway HTTP API event with payload format 2.0")
    route, parameters = event.get("routeKey"), event.get("pathParameters")
    names = {DAY_ROUTE: ("date",), SLOT_ROUTE: ("date", "slot")}.get(route) if isinstance(route, str) else None
    given = [parameters.get(name) for name in names or ()] if isinstance(parameters, dict) else []
    values = [value for value in given if isinstance(value, str)]
    if not values or len(values) < len(given):
        raise ContractBroken(f"the event's route is neither `{DAY_ROUTE}` nor `{SLOT_ROUTE}`")
    query = event.get("queryStringParameters")
    return Request(values[0], values[1] if len(values) > 1 else None, query if isinstance(query, dict) else {})


def _parse_date(text: str) -> date:
    """Returns the day.

    Raises:
        Refused: if it is not a calendar day.
    """
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused("invalid_date", response.invalid_date())


def _parse_number(query: Mapping[str, str], name: str, default: int) -> int:
    """Returns a parameter of the query.

    Raises:
        Refused: if it is not a whole number.
    """
    text = query.get(name)
    if text is None:
        return default
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise Refused("invalid_page", response.invalid_page(MAX_LIMIT))
    return int(text)
