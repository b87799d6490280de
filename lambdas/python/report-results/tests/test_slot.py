"""`GET /results/{date}/{slot}`: the state of a slot, and its orders page by page from the frozen answer."""

import json
from typing import Any

import pytest
from bucket import DAY, FakeBucket, client_error, key, summary
from table import FakeTable, item, open_item
from test_function import MIDNIGHT, Context, create_function

SLOT = f"{DAY}T07:05:00Z"
FOLDER = f"answers/{DAY}/20261122T070500Z"


def event(slot: str = SLOT, date: str = DAY, **query: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "GET /results/{date}/{slot}",
        "pathParameters": {"date": date, "slot": slot},
        "queryStringParameters": query,
        "requestContext": {"http": {"method": "GET"}},
    }


def answer(*lines: str, attempt: int = 1, size: int = 500) -> dict[str, bytes]:
    """Returns a frozen answer in batches, as collect-results writes it."""
    files, batches = {}, []
    for n, first in enumerate(range(0, len(lines), size)):
        batch = lines[first : first + size]
        name = f"{FOLDER}/{attempt}/digest/{n}.jsonl"
        files[name] = "".join(line + "\n" for line in batch).encode()
        batches.append({"n": n, "key": name, "count": len(batch), "first": first, "bytes": len(files[name])})
    manifest = {"slot": SLOT, "attempt": attempt, "digest": "digest", "total": len(lines), "batches": batches}
    return files | {f"{FOLDER}/{attempt}/manifest.json": json.dumps(manifest).encode()}


LINES = (
    '{"order":"accepted","power":2.10000000000001,"record_id":"a"}',
    '{"order":"rejected","reason":"price too high","record_id":"b"}',
    '{"malformed":{"code":"unknown_status","message":"the status `x` is neither `accepted` nor `rejected`"}}',
    '{"order":"rejected","record_id":"d"}',
    '{"order":"accepted"}',
)
ORDERS = [
    {"position": 0, "outcome": "accepted", "record_id": "a", "power": 2.10000000000001},
    {"position": 1, "outcome": "rejected", "record_id": "b", "reason": "price too high"},
    {
        "position": 2,
        "outcome": "failed",
        "code": "unknown_status",
        "reason": "the status `x` is neither `accepted` nor `rejected`",
    },
    {"position": 3, "outcome": "rejected", "record_id": "d", "reason": "the auction rejected `d`"},
    {"position": 4, "outcome": "accepted"},
]


def get(files: dict[str, bytes], table: FakeTable, status: int = 200, /, **request: Any) -> dict[str, Any]:
    response = create_function(FakeBucket(files), table).handle(event(**request), Context())
    assert response["statusCode"] == status, response
    content: dict[str, Any] = json.loads(response["body"])
    return content


@pytest.mark.parametrize("slot", [SLOT, "20261122T070500Z", "2026-11-22T07%3A05%3A00Z"])
def test_slot_is_reported_with_its_orders(slot: str) -> None:
    content = get(answer(*LINES), FakeTable(item(SLOT)), slot=slot)
    assert content == {
        "slot": SLOT,
        "status": "done",
        "attempt": 1,
        "polls": 3,
        "accepted": 2,
        "rejected": 1,
        "failed": 0,
        "total_power": "2.1",
        "started_at": "2026-11-22T07:00:00Z",
        "done_at": "2026-11-22T07:15:00Z",
        "total": 5,
        "orders": ORDERS,
        "next": None,
    }


def test_power_is_exact() -> None:
    files = answer('{"order":"accepted","power":1e-7}', '{"order":"accepted","power":123456789012345}')
    body = create_function(FakeBucket(files), FakeTable(item(SLOT))).handle(event(), Context())["body"]
    assert '"power":1E-7' in body
    assert '"power":123456789012345}' in body


@pytest.mark.parametrize("size", [1, 2, 500])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
def test_pages_have_every_order_once(limit: int, size: int) -> None:
    files, table = answer(*LINES, size=size), FakeTable(item(SLOT))
    orders: list[Any] = []
    query = {"limit": str(limit)}
    while True:
        page = get(files, table, **query)
        assert len(page["orders"]) <= limit
        orders += page["orders"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert orders == ORDERS
    assert get(files, table, cursor="5") | {"orders": [], "next": None} == get(files, table, cursor="5")


def test_default_page_has_100_orders_and_reads_only_its_batches() -> None:
    bucket = FakeBucket(answer(*['{"order":"accepted"}'] * 1_300))
    response = create_function(bucket, FakeTable(item(SLOT))).handle(event(cursor="450"), Context())
    content = json.loads(response["body"])
    assert [order["position"] for order in content["orders"]] == list(range(450, 550))
    assert (content["next"], content["total"]) == ("550", 1_300)
    # The summary, the manifest and two batches.
    assert bucket.calls["get_object"] == 4


def test_large_page_ends_early() -> None:
    files = answer(*[json.dumps({"order": "accepted", "record_id": "x" * 1_000_000})] * 7)
    page = get(files, FakeTable(item(SLOT)), limit="1000")
    assert (len(page["orders"]), page["next"]) == (4, "4")
    assert len(get(files, FakeTable(item(SLOT)), cursor="4")["orders"]) == 3


def test_orders_that_could_not_be_stored_failed() -> None:
    failures = [
        {"position": 0, "error": "Unavailable", "why": "S3 is away"},
        {"position": 3, "count": 2, "error": "Sandbox.Timedout", "why": "timed out"},
    ]
    files = answer(*LINES) | {key(SLOT): summary(SLOT, attempt=1, failures=failures)}
    orders = get(files, FakeTable(open_item(SLOT)))["orders"]
    failed = {"outcome": "failed", "code": "Sandbox.Timedout", "reason": "timed out"}
    first = {"position": 0, "record_id": "a", "outcome": "failed", "code": "Unavailable", "reason": "S3 is away"}
    assert orders == [first, *ORDERS[1:3], {"position": 3, "record_id": "d"} | failed, {"position": 4} | failed]
    # The summary of another attempt says nothing of this one.
    files |= answer(*LINES, attempt=2)
    assert get(files, FakeTable(open_item(SLOT, attempt=2)))["orders"] == ORDERS


def test_slot_without_an_answer_has_no_orders() -> None:
    content = get({}, FakeTable(open_item(SLOT, lease_until=int(MIDNIGHT) + 60)))
    assert (content["status"], content["total"], content["orders"], content["next"]) == ("running", 0, [], None)
    assert "accepted" not in content


def test_slot_whose_item_has_expired_is_reported_from_its_summary() -> None:
    content = get(answer(*LINES, attempt=3) | {key(SLOT): summary(SLOT, attempt=3)}, FakeTable())
    assert (content["status"], content["attempt"], content["accepted"], content["total"]) == ("done", 3, 2, 5)
    assert (content["polls"], content["orders"]) == (1, ORDERS)


def test_unknown_slot_gets_404() -> None:
    content = get({}, FakeTable(), 404)
    assert content["type"] == "urn:problem-type:gridbid:unknown-slot"


@pytest.mark.parametrize(
    "slot",
    [
        "",
        "soon",
        "2026-11-22",
        "2026-11-22T7:05:00Z",
        "2026-11-22T07:05:00",
        "2026-11-23T07:05:00Z",
        "2026-11-22T25:00:00Z",
    ],
)
def test_invalid_slot_is_refused(slot: str) -> None:
    assert get({}, FakeTable(), 400, slot=slot)["type"] == "urn:problem-type:gridbid:invalid-slot"


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "x"},
        {"limit": "-1"},
        {"limit": ""},
        {"cursor": "-1"},
        {"cursor": "01"},
    ],
)
def test_invalid_page_is_refused(query: dict[str, str]) -> None:
    assert get({}, FakeTable(), 400, **query)["type"] == "urn:problem-type:gridbid:invalid-page"


def test_broken_answer_gets_500_and_an_outage_503() -> None:
    files, table = answer(*LINES), FakeTable(item(SLOT))
    manifest, batch = f"{FOLDER}/1/manifest.json", f"{FOLDER}/1/digest/0.jsonl"
    for broken in ({manifest: b"{}"}, {manifest: b"x"}, {batch: b"{}\n"}):
        get(files | broken, table, 500)
    get({manifest: files[manifest]}, table, 500)
    bucket = FakeBucket(files)
    bucket.failures[batch] = client_error("GetObject", "SlowDown", 503)
    assert create_function(bucket, table).handle(event(), Context())["statusCode"] == 503


def test_early_years_have_four_digits() -> None:
    content = get({}, FakeTable(), 404, slot="0048-01-01T00:00:00Z", date="0048-01-01")
    assert content["type"] == "urn:problem-type:gridbid:unknown-slot"
