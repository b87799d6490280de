"""The function over a bucket in memory: what it answers, and what its log says."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)
from bucket import DAY, Bucket, full_day, key, refusal, summary

from reporting.function import ContractBroken, Function
from reporting.summaries import MOST, MOST_BYTES, READERS, Summaries

SLOT, NEXT = f"{DAY}T07:05:00Z", f"{DAY}T07:10:00Z"


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
class Asked:
    """What came of a request."""

    response: dict[str, Any]
    line: dict[str, Any]
    warnings: list[dict[str, Any]]
    content: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.content = json.loads(self.response["body"])


Ask = Callable[..., Asked]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def ask(bucket: Bucket, date: Any = DAY, seconds: float = 15) -> Asked:
        response = Function(Summaries(bucket, "results"), "test").handle(event(date), Context(seconds=seconds))
        *warnings, line = map(json.loads, capsys.readouterr().out.splitlines())
        return Asked(response, line, warnings)

    return ask


def test_a_days_summaries_are_added_up_to_the_digit(ask: Ask) -> None:
    files = {
        key(SLOT): summary(SLOT, total_power="0.1"),
        key(NEXT): summary(NEXT, accepted=3, rejected=0, failed=1, total_power="1e-20"),
        key("2026-11-23T00:00:00Z", "2026-11-23"): summary("2026-11-23T00:00:00Z", accepted=1000),
        f"summaries/{DAY}/notes.txt": b"no summary",
    }
    asked = ask(Bucket(files))
    assert asked.response == {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": '{"date":"2026-11-22","runs":2,"orders":7,"accepted":5,"rejected":1,"failed":1,'
        '"acceptance_rate":0.7143,"total_power":"0.10000000000000000001","unreadable":[]}',
        "isBase64Encoded": False,
    }
    told: dict[str, Any] = {
        "level": "INFO",
        "message": "invocation",
        "function": "report-results",
        "version": "0.1.0",
        "environment": "test",
        "request_id": "request-1",
    }
    told |= {"outcome": "ok", "status": 200, "runs": 2, "orders": 7, "accepted": 5, "rejected": 1, "failed": 1}
    told |= {"unreadable": 0}
    assert told.items() <= asked.line.items()
    assert asked.warnings == []
    assert asked.line["duration_ms"] >= 0
    assert "why" not in asked.line


def test_a_day_without_runs_has_zeros(ask: Ask) -> None:
    asked = ask(Bucket())
    assert asked.response["statusCode"] == 200
    assert asked.response["body"] == (
        '{"date":"2026-11-22","runs":0,"orders":0,"accepted":0,"rejected":0,"failed":0,'
        '"acceptance_rate":null,"total_power":"0","unreadable":[]}'
    )
    assert (asked.line["outcome"], asked.line["runs"]) == ("ok", 0)


@pytest.mark.parametrize("page", [1, 7, 100, 288, 1000])
def test_a_full_day_is_read_side_by_side_whatever_the_pages(ask: Ask, page: int) -> None:
    bucket = Bucket(full_day(), page)
    bucket.seconds = 0.0005
    asked = ask(bucket)
    assert asked.content["runs"] == 288
    assert asked.content["accepted"] == sum(range(288))
    assert asked.content["total_power"] == "28.8"
    assert bucket.calls == {"list_objects_v2": -(-288 // page), "get_object": 288}
    assert 1 < bucket.most_at_once <= READERS


@pytest.mark.parametrize(
    "date",
    [
        *("2026-11-31", "2026-02-29", "2026-13-01", "0000-01-01", "20261122", "2026-W47-7", "2026-11-2", "today", ""),
        *("2026-11-22T00:00:00Z", " 2026-11-22", "2026-11-22\n", "2026-11-2\u0662", "../2026-11-22", "2026-11-22/"),
    ],
)
def test_what_is_no_day_is_refused(ask: Ask, date: str) -> None:
    bucket = Bucket()
    asked = ask(bucket, date)
    detail = "the date must be a day of the calendar as YYYY-MM-DD"
    assert (asked.response["statusCode"], asked.response["headers"]) == (
        400,
        {"content-type": "application/problem+json"},
    )
    assert asked.content == {
        "type": "urn:problem-type:gridbid:invalid-date",
        "title": "The date is not valid",
        "status": 400,
        "detail": detail,
        "errorMessage": detail,
    }
    assert (asked.line["outcome"], asked.line["code"]) == ("refused", "invalid_date")
    assert not bucket.calls


PASSING = {
    "throttled": refusal("GetObject", "SlowDown", 503),
    "throttled in other words": refusal("GetObject", "ThrottlingException", 400),
    "too many": refusal("GetObject", "AnyCode", 429),
    "out of order": refusal("GetObject", "InternalError", 500),
    "no connection": EndpointConnectionError(endpoint_url="told"),
    "no connection in time": ConnectTimeoutError(endpoint_url="told"),
    "no answer in time": ReadTimeoutError(endpoint_url="told"),
    "half an answer": IncompleteReadError(actual_bytes=1, expected_bytes=2),
}


@pytest.mark.parametrize("how", PASSING)
@pytest.mark.parametrize("where", ["list_objects_v2", "get_object", key(f"{DAY}T23:55:00Z"), "page 100"])
def test_a_bucket_that_is_away_can_be_asked_again(ask: Ask, how: str, where: str) -> None:
    bucket = Bucket(full_day(), page=100)
    bucket.failures[where] = PASSING[how]
    asked = ask(bucket)
    assert asked.response["statusCode"] == 503
    assert asked.response["headers"] == {"content-type": "application/problem+json", "retry-after": "1"}
    assert asked.content == {
        "type": "urn:problem-type:gridbid:unavailable",
        "title": "The results cannot be reached right now",
        "status": 503,
        "detail": "the same request can safely be sent again",
    }
    assert asked.line["outcome"] == "fault"
    assert asked.line["why"].startswith(("GetObject: ", "ListObjectsV2: "))
    assert "runs" not in asked.line
    assert asked.warnings == []
    bucket.failures.clear()
    assert ask(bucket).content["runs"] == 288


LASTING: dict[str, Exception] = {
    "not allowed": refusal("GetObject", "AccessDenied", 403),
    "no such bucket": refusal("ListObjectsV2", "NoSuchBucket", 404),
    "without credentials": NoCredentialsError(),
}


@pytest.mark.parametrize("how", LASTING)
@pytest.mark.parametrize("where", ["list_objects_v2", "get_object"])
def test_a_bucket_that_refuses_is_a_fault(ask: Ask, how: str, where: str) -> None:
    bucket = Bucket(full_day())
    bucket.failures[where] = LASTING[how]
    asked = ask(bucket)
    assert asked.response["statusCode"] == 500
    assert asked.response["headers"] == {"content-type": "application/problem+json"}
    assert asked.content["type"] == "urn:problem-type:gridbid:internal"
    assert (asked.line["outcome"], asked.line["status"]) == ("fault", 500)
    assert "AccessDenied" not in asked.response["body"]


MARKER = "MARKER"
MALFORMED = {
    "empty": (b"", "is not JSON"),
    "half a summary": (summary(NEXT, run=MARKER)[:80], "is not JSON"),
    "text": (b"MARKER", "is not JSON"),
    "invalid UTF-8": (b"\xff" + summary(NEXT), "is not JSON"),
    "invalid UTF-8 in a text": (summary(NEXT, run=MARKER).replace(MARKER.encode(), b"\xc3\x28"), "is not JSON"),
    "two in one": (summary(NEXT) + b"," + summary(SLOT), "is not JSON"),
    "nested too deep": (b"[" * 100_000, "is not JSON"),
    "an integer of more digits than Python reads": (
        summary(NEXT).replace(b'"accepted": 2', b'"accepted": ' + b"9" * 5000),
        "is not JSON",
    ),
    "a number": (b"7", "has no valid `slot`"),
    "null": (b"null", "has no valid `slot`"),
    "an array": (b"[" + summary(NEXT) + b"]", "has no valid `slot`"),
    "an empty object": (b"{}", "has no valid `slot`"),
    "another object": (b'{"MARKER":"MARKER"}', "has no valid `slot`"),
    "no slot": (summary(MARKER), "has no valid `slot`"),
    "a count below zero": (summary(NEXT, rejected=-1), "has no valid `rejected`"),
    "a count of 33 bits": (summary(NEXT, accepted=2**32), "has no valid `accepted`"),
    "a count that is a float": (summary(NEXT, failed=1.0), "has no valid `failed`"),
    "a count that is a text": (summary(NEXT, accepted=MARKER), "has no valid `accepted`"),
    "a count that is missing": (summary(NEXT).replace(b"failed", b"MARKER"), "has no valid `failed`"),
    "power as a number": (summary(NEXT, total_power=0.1), "has no valid `total_power`"),
    "power in words": (summary(NEXT, total_power=MARKER), "has no valid `total_power`"),
    "too long": (b" " * MOST_BYTES + b"7", f"has {MOST_BYTES + 1} bytes: at most {MOST_BYTES}"),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_a_malformed_summary_is_named_and_the_others_are_counted(ask: Ask, how: str) -> None:
    content, why = MALFORMED[how]
    before, after = f"{DAY}T07:00:00Z", f"{DAY}T07:15:00Z"
    files = {key(slot): summary(slot) for slot in (before, SLOT, after)} | {key(NEXT): content}
    asked = ask(Bucket(files))
    without = ask(Bucket({name: content for name, content in files.items() if name != key(NEXT)}))
    assert (asked.response["statusCode"], asked.content["unreadable"]) == (200, [key(NEXT)])
    assert asked.content == without.content | {"unreadable": [key(NEXT)]}
    assert asked.content["runs"] == 3
    assert (asked.line["outcome"], asked.line["unreadable"]) == ("ok", 1)
    [warning] = asked.warnings
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


def test_a_summary_that_is_deleted_while_the_day_is_read_is_named(ask: Ask) -> None:
    bucket = Bucket(full_day())
    bucket.deleted = {key(SLOT)}
    asked = ask(bucket)
    assert (asked.response["statusCode"], asked.content["runs"]) == (200, 287)
    assert asked.content["unreadable"] == [key(SLOT)]
    assert [(line["key"], line["why"]) for line in asked.warnings] == [(key(SLOT), "was deleted after it was listed")]


def test_a_day_of_malformed_summaries_has_zeros_and_names_all(ask: Ask) -> None:
    bucket = Bucket(dict.fromkeys(full_day(), b"{}"))
    bucket.deleted = {key(SLOT)}
    asked = ask(bucket)
    assert asked.response["statusCode"] == 200
    assert (asked.content["runs"], asked.content["acceptance_rate"]) == (0, None)
    assert asked.content["unreadable"] == sorted(bucket.files)
    assert [line["key"] for line in asked.warnings] == sorted(bucket.files)


def test_an_outage_is_an_error_whatever_else_is_malformed(ask: Ask) -> None:
    bucket = Bucket({key(SLOT): summary(SLOT), key(NEXT): b"{}"})
    bucket.failures[key(SLOT)] = refusal("GetObject", "SlowDown", 503)
    asked = ask(bucket)
    assert (asked.response["statusCode"], asked.line["outcome"], asked.warnings) == (503, "fault", [])


def test_the_log_holds_nothing_of_a_request_or_a_summary(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [{"position": 0, "why": MARKER}]
    files = {key(f"{DAY}T00:{number:02}:00Z"): content for number, (content, _) in enumerate(MALFORMED.values())}
    files[key(SLOT)] = summary(SLOT, run=MARKER, rejections=lines, failures=[{"error": MARKER} | lines[0]])
    asked = ask(Bucket(files))
    assert (asked.content["runs"], len(asked.warnings)) == (1, len(MALFORMED))
    assert MARKER not in json.dumps([asked.line, *asked.warnings])
    marked = {
        "rawPath": MARKER,
        "rawQueryString": MARKER,
        "headers": {MARKER: MARKER},
        "body": MARKER,
        "cookies": [MARKER],
    }
    function = Function(Summaries(Bucket(), "results"), "test")
    assert function.handle(event(MARKER, **marked), Context())["statusCode"] == 400
    for other in (event(MARKER, routeKey=MARKER), event(MARKER, version=MARKER), {MARKER: MARKER}, MARKER):
        with pytest.raises(ContractBroken):
            function.handle(other, Context())
    text = capsys.readouterr().out
    assert len(text.splitlines()) == 5
    assert MARKER not in text


def test_more_files_than_a_day_can_have_are_not_read(ask: Ask) -> None:
    bucket = Bucket({f"summaries/{DAY}/{number:05}.json": b"{}" for number in range(MOST + 1)}, page=1000)
    asked = ask(bucket)
    assert (asked.response["statusCode"], asked.line["why"]) == (500, f"more than {MOST} summaries of one day")
    assert bucket.calls["get_object"] == 0


def test_there_is_an_answer_before_the_time_is_over(ask: Ask) -> None:
    bucket = Bucket(full_day())
    bucket.seconds = 0.2
    began = time.monotonic()
    asked = ask(bucket, seconds=1.2)
    assert (asked.response["statusCode"], asked.line["outcome"]) == (503, "fault")
    assert asked.line["why"] in {"S3: no answer in time", "no time is left"}
    assert time.monotonic() - began < 1.2
    time.sleep(0.3)
    read = bucket.calls["get_object"]
    time.sleep(0.3)
    assert bucket.calls["get_object"] == read < 288
    assert ask(Bucket(), seconds=0.1).line["why"] == "no time is left"


def test_the_probe_has_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    bucket = Bucket()
    function = Function(Summaries(bucket, "results"), "test")
    answer = function.handle({"probe": "gridbid"}, Context())
    assert answer == {"probe": "gridbid", "function": "report-results", "version": "0.1.0"}
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
def test_an_event_that_is_not_its_own_is_an_error(capsys: pytest.CaptureFixture[str], other: Any) -> None:
    with pytest.raises(ContractBroken, match="the event"):
        Function(Summaries(Bucket(), "results"), "test").handle(other, Context())
    line = json.loads(capsys.readouterr().out)
    assert (line["outcome"], line["error"], line["request_id"]) == ("fault", "ContractBroken", "request-1")
    assert line["why"].startswith("the event")
