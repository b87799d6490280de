"""The function with a fake bucket and a fake table: the responses for a day, and the log lines."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)
from bucket import DAY, FakeBucket, client_error, full_day, key, summary
from table import FakeTable, item, open_item

from reporting.aws import READERS
from reporting.bucket import MAX_SUMMARIES, MAX_SUMMARY_BYTES, ResultsBucket
from reporting.function import ContractBroken, Function
from reporting.runs import RunsTable

SLOT, NEXT = f"{DAY}T07:05:00Z", f"{DAY}T07:10:00Z"
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
MAX_BYTES = MAX_SUMMARY_BYTES


def create_function(bucket: FakeBucket, table: FakeTable | None = None, now: float = MIDNIGHT) -> Function:
    readers = ThreadPoolExecutor(READERS)
    runs = RunsTable(table or FakeTable(), "runs")
    return Function(ResultsBucket(bucket, "results", readers), runs, "test", lambda: now)


@dataclass
class Context:
    aws_request_id: str = "request-1"
    seconds: float = 15

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


def event(date: Any = DAY, **changed: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "GET /results/{date}",
        "rawPath": f"/results/{date}",
        "headers": {},
        "pathParameters": {"date": date},
        "requestContext": {"http": {"method": "GET"}},
        "isBase64Encoded": False,
    } | changed


@dataclass
class Result:
    """The response to a request, and its log lines."""

    response: dict[str, Any]
    line: dict[str, Any]
    warnings: list[dict[str, Any]]
    content: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.content = json.loads(self.response["body"])


Request = Callable[..., Result]


@pytest.fixture
def request_day(capsys: pytest.CaptureFixture[str]) -> Request:
    def request(
        bucket: FakeBucket,
        date: Any = DAY,
        seconds: float = 15,
        table: FakeTable | None = None,
        now: float = MIDNIGHT,
    ) -> Result:
        response = create_function(bucket, table, now).handle(event(date), Context(seconds=seconds))
        *warnings, line = map(json.loads, capsys.readouterr().out.splitlines())
        return Result(response, line, warnings)

    return request


def test_summaries_of_a_day_are_added_up_exactly(request_day: Request) -> None:
    files = {
        key(SLOT): summary(SLOT, total_power="0.1"),
        key(NEXT): summary(NEXT, accepted=3, rejected=0, failed=1, total_power="1e-20"),
        key("2026-11-23T00:00:00Z", "2026-11-23"): summary("2026-11-23T00:00:00Z", accepted=1000),
        f"summaries/{DAY}/notes.txt": b"not a summary",
    }
    result = request_day(FakeBucket(files), now=0)
    done = '{"slot":"%s","status":"%s","attempt":1,"polls":1%s}'
    counts = ',"accepted":2,"rejected":1,"failed":0,"total_power":"0.1"'
    assert result.response == {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": '{"date":"2026-11-22","runs":2,"orders":7,"accepted":5,"rejected":1,"failed":1,'
        '"acceptance_rate":0.7143,"total_power":"0.10000000000000000001","unreadable":[],'
        f'"slots":[{done % (SLOT, "done", counts)},{done % (NEXT, "failed", "")}]}}',
        "isBase64Encoded": False,
    }
    expected: dict[str, Any] = {
        "level": "INFO",
        "message": "invocation",
        "function": "report-results",
        "version": "0.1.0",
        "environment": "test",
        "request_id": "request-1",
    }
    expected |= {"outcome": "ok", "status": 200, "runs": 2, "orders": 7, "accepted": 5, "rejected": 1, "failed": 1}
    expected |= {"unreadable": 0}
    assert expected.items() <= result.line.items()
    assert result.warnings == []
    assert result.line["duration_ms"] >= 0
    assert "why" not in result.line


def test_day_without_runs_has_zeros(request_day: Request) -> None:
    result = request_day(FakeBucket(), now=0)
    assert result.response["statusCode"] == 200
    assert result.response["body"] == (
        '{"date":"2026-11-22","runs":0,"orders":0,"accepted":0,"rejected":0,"failed":0,'
        '"acceptance_rate":null,"total_power":"0","unreadable":[],"slots":[]}'
    )
    assert (result.line["outcome"], result.line["runs"]) == ("ok", 0)


@pytest.mark.parametrize("page", [1, 7, 100, 288, 1000])
def test_full_day_is_read_concurrently_with_any_page_size(request_day: Request, page: int) -> None:
    bucket = FakeBucket(full_day(), page)
    bucket.seconds = 0.0005
    result = request_day(bucket)
    assert result.content["runs"] == 288
    assert result.content["accepted"] == sum(range(288))
    assert result.content["total_power"] == "28.8"
    assert bucket.calls == {"list_objects_v2": -(-288 // page), "get_object": 288}
    assert 1 < bucket.max_concurrent <= READERS


@pytest.mark.parametrize(
    "date",
    [
        *("2026-11-31", "2026-02-29", "2026-13-01", "0000-01-01", "20261122", "2026-W47-7", "2026-11-2", "today", ""),
        *("2026-11-22T00:00:00Z", " 2026-11-22", "2026-11-22\n", "2026-11-2\u0662", "../2026-11-22", "2026-11-22/"),
    ],
)
def test_invalid_date_is_refused(request_day: Request, date: str) -> None:
    bucket = FakeBucket()
    result = request_day(bucket, date)
    detail = "the date must be a day of the calendar as YYYY-MM-DD"
    assert (result.response["statusCode"], result.response["headers"]) == (
        400,
        {"content-type": "application/problem+json"},
    )
    assert result.content == {
        "type": "urn:problem-type:gridbid:invalid-date",
        "title": "The date is not valid",
        "status": 400,
        "detail": detail,
        "errorMessage": detail,
    }
    assert (result.line["outcome"], result.line["code"]) == ("refused", "invalid_date")
    assert not bucket.calls


TRANSIENT = {
    "throttled": client_error("GetObject", "SlowDown", 503),
    "throttled with another code": client_error("GetObject", "ThrottlingException", 400),
    "too many": client_error("GetObject", "AnyCode", 429),
    "internal error": client_error("GetObject", "InternalError", 500),
    "no connection": EndpointConnectionError(endpoint_url="endpoint"),
    "connection timeout": ConnectTimeoutError(endpoint_url="endpoint"),
    "read timeout": ReadTimeoutError(endpoint_url="endpoint"),
    "incomplete response": IncompleteReadError(actual_bytes=1, expected_bytes=2),
}


@pytest.mark.parametrize("how", TRANSIENT)
@pytest.mark.parametrize("where", ["list_objects_v2", "get_object", key(f"{DAY}T23:55:00Z"), "page 100"])
def test_transient_failure_gets_503_and_can_be_retried(request_day: Request, how: str, where: str) -> None:
    bucket = FakeBucket(full_day(), page=100)
    bucket.failures[where] = TRANSIENT[how]
    result = request_day(bucket)
    assert result.response["statusCode"] == 503
    assert result.response["headers"] == {"content-type": "application/problem+json", "retry-after": "1"}
    assert result.content == {
        "type": "urn:problem-type:gridbid:unavailable",
        "title": "The results cannot be reached right now",
        "status": 503,
        "detail": "the same request can safely be sent again",
    }
    assert result.line["outcome"] == "fault"
    assert result.line["why"].startswith(("GetObject: ", "ListObjectsV2: "))
    assert "runs" not in result.line
    assert result.warnings == []
    bucket.failures.clear()
    assert request_day(bucket).content["runs"] == 288


PERMANENT: dict[str, Exception] = {
    "not allowed": client_error("GetObject", "AccessDenied", 403),
    "no such bucket": client_error("ListObjectsV2", "NoSuchBucket", 404),
    "without credentials": NoCredentialsError(),
}


@pytest.mark.parametrize("how", PERMANENT)
@pytest.mark.parametrize("where", ["list_objects_v2", "get_object"])
def test_permanent_failure_gets_500(request_day: Request, how: str, where: str) -> None:
    bucket = FakeBucket(full_day())
    bucket.failures[where] = PERMANENT[how]
    result = request_day(bucket)
    assert result.response["statusCode"] == 500
    assert result.response["headers"] == {"content-type": "application/problem+json"}
    assert result.content["type"] == "urn:problem-type:gridbid:internal"
    assert (result.line["outcome"], result.line["status"]) == ("fault", 500)
    assert "AccessDenied" not in result.response["body"]


MARKER = "MARKER"
MALFORMED = {
    "empty": (b"", "is not JSON"),
    "a truncated summary": (summary(NEXT, run=MARKER)[:80], "is not JSON"),
    "text": (b"MARKER", "is not JSON"),
    "invalid UTF-8": (b"\xff" + summary(NEXT), "is not JSON"),
    "invalid UTF-8 in a text": (summary(NEXT, run=MARKER).replace(MARKER.encode(), b"\xc3\x28"), "is not JSON"),
    "two summaries": (summary(NEXT) + b"," + summary(SLOT), "is not JSON"),
    "nested too deep": (b"[" * 100_000, "is not JSON"),
    "an integer with more digits than Python parses": (
        summary(NEXT).replace(b'"accepted": 2', b'"accepted": ' + b"9" * 5000),
        "is not JSON",
    ),
    "a number": (b"7", "has no valid `slot`"),
    "null": (b"null", "has no valid `slot`"),
    "an array": (b"[" + summary(NEXT) + b"]", "has no valid `slot`"),
    "an empty object": (b"{}", "has no valid `slot`"),
    "another object": (b'{"MARKER":"MARKER"}', "has no valid `slot`"),
    "an invalid slot": (summary(MARKER), "has no valid `slot`"),
    "a count below zero": (summary(NEXT, rejected=-1), "has no valid `rejected`"),
    "a count above 32 bits": (summary(NEXT, accepted=2**32), "has no valid `accepted`"),
    "a count that is a float": (summary(NEXT, failed=1.0), "has no valid `failed`"),
    "a count that is a text": (summary(NEXT, accepted=MARKER), "has no valid `accepted`"),
    "a count that is missing": (summary(NEXT).replace(b"failed", b"MARKER"), "has no valid `failed`"),
    "power as a number": (summary(NEXT, total_power=0.1), "has no valid `total_power`"),
    "power in words": (summary(NEXT, total_power=MARKER), "has no valid `total_power`"),
    "too long": (b" " * MAX_BYTES + b"7", f"has {MAX_BYTES + 1} bytes: at most {MAX_BYTES}"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_malformed_summary_is_listed_and_the_others_are_counted(request_day: Request, how: str) -> None:
    content, why = MALFORMED[how]
    before, after = f"{DAY}T07:00:00Z", f"{DAY}T07:15:00Z"
    files = {key(slot): summary(slot) for slot in (before, SLOT, after)} | {key(NEXT): content}
    result = request_day(FakeBucket(files))
    without = request_day(FakeBucket({name: content for name, content in files.items() if name != key(NEXT)}))
    assert (result.response["statusCode"], result.content["unreadable"]) == (200, [key(NEXT)])
    assert result.content == without.content | {"unreadable": [key(NEXT)]}
    assert result.content["runs"] == 3
    assert (result.line["outcome"], result.line["unreadable"]) == ("ok", 1)
    [warning] = result.warnings
    assert warning.pop("timestamp")
    assert warning == {
        "level": "WARN",
        "message": "an object is not a summary",
        "function": "report-results",
        "version": "0.1.0",
        "environment": "test",
        "request_id": "request-1",
        "key": key(NEXT),
        "why": why,
    }


def test_summary_deleted_during_the_read_is_listed(request_day: Request) -> None:
    bucket = FakeBucket(full_day())
    bucket.deleted = {key(SLOT)}
    result = request_day(bucket)
    assert (result.response["statusCode"], result.content["runs"]) == (200, 287)
    assert result.content["unreadable"] == [key(SLOT)]
    assert [(line["key"], line["why"]) for line in result.warnings] == [(key(SLOT), "was deleted after it was listed")]


def test_day_of_malformed_summaries_has_zeros_and_lists_all(request_day: Request) -> None:
    bucket = FakeBucket(dict.fromkeys(full_day(), b"{}"))
    bucket.deleted = {key(SLOT)}
    result = request_day(bucket)
    assert result.response["statusCode"] == 200
    assert (result.content["runs"], result.content["acceptance_rate"]) == (0, None)
    assert result.content["unreadable"] == sorted(bucket.files)
    assert [line["key"] for line in result.warnings] == sorted(bucket.files)


def test_outage_gets_503_even_with_malformed_summaries(request_day: Request) -> None:
    bucket = FakeBucket({key(SLOT): summary(SLOT), key(NEXT): b"{}"})
    bucket.failures[key(SLOT)] = client_error("GetObject", "SlowDown", 503)
    result = request_day(bucket)
    assert (result.response["statusCode"], result.line["outcome"], result.warnings) == (503, "fault", [])


def test_log_contains_nothing_of_a_request_or_a_summary(
    request_day: Request, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [{"position": 0, "why": MARKER}]
    files = {key(f"{DAY}T00:{number:02}:00Z"): content for number, (content, _) in enumerate(MALFORMED.values())}
    files[key(SLOT)] = summary(SLOT, run=MARKER, rejections=lines, failures=[{"error": MARKER} | lines[0]])
    result = request_day(FakeBucket(files))
    assert (result.content["runs"], len(result.warnings)) == (1, len(MALFORMED))
    assert MARKER not in json.dumps([result.line, *result.warnings])
    marked = {
        "rawPath": MARKER,
        "rawQueryString": MARKER,
        "headers": {MARKER: MARKER},
        "body": MARKER,
        "cookies": [MARKER],
    }
    function = create_function(FakeBucket())
    assert function.handle(event(MARKER, **marked), Context())["statusCode"] == 400
    for other in (event(MARKER, routeKey=MARKER), event(MARKER, version=MARKER), {MARKER: MARKER}, MARKER):
        with pytest.raises(ContractBroken):
            function.handle(other, Context())
    text = capsys.readouterr().out
    assert len(text.splitlines()) == 5
    assert MARKER not in text


def test_too_many_summaries_are_not_read(request_day: Request) -> None:
    bucket = FakeBucket({f"summaries/{DAY}/{number:05}.json": b"{}" for number in range(MAX_SUMMARIES + 1)}, page=1000)
    result = request_day(bucket)
    assert result.response["statusCode"] == 500
    assert result.line["why"] == f"more than {MAX_SUMMARIES} summaries of one day"
    assert bucket.calls["get_object"] == 0


def test_response_precedes_the_deadline(request_day: Request) -> None:
    bucket = FakeBucket(full_day())
    bucket.seconds = 0.2
    began = time.monotonic()
    result = request_day(bucket, seconds=1.2)
    assert (result.response["statusCode"], result.line["outcome"]) == (503, "fault")
    assert result.line["why"] in {"S3: no response in time", "the deadline has passed"}
    assert time.monotonic() - began < 1.2
    time.sleep(0.3)
    read = bucket.calls["get_object"]
    time.sleep(0.3)
    assert bucket.calls["get_object"] == read < 288
    assert request_day(FakeBucket(), seconds=0.1).line["why"] == "the deadline has passed"


def test_probe_has_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    bucket = FakeBucket()
    function = create_function(bucket)
    response = function.handle({"probe": "gridbid"}, Context())
    assert response == {"probe": "gridbid", "function": "report-results", "version": "0.1.0"}
    assert json.loads(capsys.readouterr().out)["outcome"] == "ok"
    assert not bucket.calls


@pytest.mark.parametrize(
    "other",
    [
        *({}, [], None, "probe", {"probe": "other"}, {"probe": "gridbid", "more": 1}, event(version="1.0")),
        *(event(routeKey="GET /orders/{record_id}"), event(pathParameters=None), event(pathParameters={})),
        event(date=7),
    ],
)
def test_event_of_another_route_or_format_is_a_fault(capsys: pytest.CaptureFixture[str], other: Any) -> None:
    with pytest.raises(ContractBroken, match="the event"):
        create_function(FakeBucket()).handle(other, Context())
    line = json.loads(capsys.readouterr().out)
    assert (line["outcome"], line["error"], line["request_id"]) == ("fault", "ContractBroken", "request-1")
    assert line["why"].startswith("the event")


def test_slots_of_a_day_have_their_status(request_day: Request) -> None:
    now = datetime(2026, 11, 22, 0, 22, tzinfo=UTC).timestamp()
    slots = [f"{DAY}T00:{minute:02}:00Z" for minute in (0, 5, 7, 10, 15, 20)]
    table = FakeTable(
        item(slots[0]),
        open_item(slots[1], problem="DeadlinePassed: no results after 7 polls", polls=7),
        open_item(slots[2], lease_until=int(now) - 1, attempt=2),
        open_item(slots[3], lease_until=int(now) + 60),
        open_item("2026-11-21T00:00:00Z"),
    )
    table.page = 1
    files = {key(slots[4]): summary(slots[4], attempt=3)}
    result = request_day(FakeBucket(files), table=table, now=now)
    assert result.content["slots"] == [
        {
            "slot": slots[0],
            "status": "done",
            "attempt": 1,
            "polls": 3,
            "accepted": 2,
            "rejected": 1,
            "failed": 0,
            "total_power": "2.1",
            "started_at": "2026-11-22T07:00:00Z",
            "done_at": "2026-11-22T07:15:00Z",
        },
        {
            "slot": slots[1],
            "status": "failed",
            "attempt": 1,
            "polls": 7,
            "started_at": "2026-11-22T07:00:00Z",
            "problem": "DeadlinePassed: no results after 7 polls",
        },
        {"slot": slots[2], "status": "failed", "attempt": 2, "polls": 3, "started_at": "2026-11-22T07:00:00Z"},
        {"slot": slots[3], "status": "running", "attempt": 1, "polls": 3, "started_at": "2026-11-22T07:00:00Z"},
        {
            "slot": slots[4],
            "status": "done",
            "attempt": 3,
            "polls": 1,
            "accepted": 2,
            "rejected": 1,
            "failed": 0,
            "total_power": "0.1",
        },
        {"slot": slots[5], "status": "missing"},
    ]
    assert table.calls["query"] == 4


@pytest.mark.parametrize("max_processed", [1, 7, 100])
def test_unprocessed_keys_are_requested_again(request_day: Request, max_processed: int) -> None:
    slots = [f"{DAY}T{minute // 60:02}:{minute % 60:02}:00Z" for minute in range(0, 1440, 5)]
    table = FakeTable(*map(item, slots[:20]))
    table.max_processed = max_processed
    now = datetime(2026, 11, 22, 1, 35, tzinfo=UTC).timestamp()
    result = request_day(FakeBucket(), table=table, now=now)
    assert [slot["status"] for slot in result.content["slots"]] == ["done"] * 20
    assert table.calls["batch_get_item"] == -(-20 // max_processed)
    assert len(request_day(FakeBucket(), table=FakeTable()).content["slots"]) == 288


@pytest.mark.parametrize("operation", ["batch_get_item", "query"])
def test_failure_of_the_table_is_a_failure(request_day: Request, operation: str) -> None:
    table = FakeTable()
    table.failures[operation] = client_error(operation, "ProvisionedThroughputExceededException", 400)
    assert request_day(FakeBucket(), table=table).response["statusCode"] == 503
    table.failures[operation] = client_error(operation, "AccessDeniedException", 400)
    assert request_day(FakeBucket(), table=table).response["statusCode"] == 500
