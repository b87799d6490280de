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
    content: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.content = json.loads(self.response["body"])


Ask = Callable[..., Asked]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    def ask(bucket: Bucket, date: Any = DAY, seconds: float = 15) -> Asked:
        response = Function(Summaries(bucket, "results"), "test").handle(event(date), Context(seconds=seconds))
        [line] = capsys.readouterr().out.splitlines()
        return Asked(response, json.loads(line))

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
        '"acceptance_rate":0.7143,"total_power":"0.10000000000000000001"}',
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
    assert told.items() <= asked.line.items()
    assert asked.line["duration_ms"] >= 0
    assert "why" not in asked.line


def test_a_day_without_runs_has_zeros(ask: Ask) -> None:
    asked = ask(Bucket())
    assert asked.response["statusCode"] == 200
    assert asked.response["body"] == (
        '{"date":"2026-11-22","runs":0,"orders":0,"accepted":0,"rejected":0,"failed":0,'
        '"acceptance_rate":null,"total_power":"0"}'
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
    "gone since it was listed": refusal("GetObject", "NoSuchKey", 404),
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


BROKEN = {
    "empty": b"",
    "half": summary(NEXT)[:40],
    "no object": b"7",
    "not UTF-8": b"\xff" + summary(NEXT),
    "two in one": summary(NEXT) + b"," + summary(SLOT),
    "a count below zero": summary(NEXT, rejected=-1),
    "power as a number": summary(NEXT, total_power=0.1),
    "no slot": summary("yesterday"),
    "nested too deep": b"[" * 100_000,
    "too long": b" " * MOST_BYTES + summary(NEXT),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_summary_is_a_fault(ask: Ask, how: str) -> None:
    asked = ask(Bucket({key(SLOT): summary(SLOT), key(NEXT): BROKEN[how]}))
    assert asked.response["statusCode"] == 500
    assert asked.content == {
        "type": "urn:problem-type:gridbid:internal",
        "title": "Something is wrong on our side",
        "status": 500,
        "detail": "the same request can safely be sent again once this is mended",
    }
    assert asked.line["outcome"] == "fault"
    assert "summary" in asked.line["why"]


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
