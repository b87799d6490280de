"""Results and days: what the vectors do not cover."""

import json
import pickle
from decimal import Decimal

import pytest

from gridbid import (
    DayReport,
    InvalidResults,
    InvalidSummaries,
    Malformed,
    MalformedOrder,
    Source,
    _core,
    day_report,
    decide_outcome,
    order_hash,
    read_results,
)


def test_orders_of_results_are_canonical_json(core: _core.Core) -> None:
    results = read_results(
        '{"results":true,"orders":[{"order":"accepted","power":2.10},{"x":"],[{"},{"order":"rejected"}]}'
    )
    assert results.ready
    assert results.orders[0] == '{"order":"accepted","power":2.1}'
    assert json.loads(results.orders[1])["malformed"]["code"] == "missing_status"
    assert results.orders[2] == '{"order":"rejected"}'
    assert isinstance(decide_outcome(results.orders[1]), Malformed)
    for ready, orders in ((True, '"orders":[]'), (False, '"orders":7')):
        results = read_results(f'{{"results":{json.dumps(ready)},{orders}}}')
        assert (results.ready, results.orders) == (ready, ())


def test_errors_have_a_code_and_a_message(core: _core.Core) -> None:
    with pytest.raises(InvalidResults, match="lacks `results`") as results:
        read_results(b"{}")
    assert results.value.code == "missing_results"
    with pytest.raises(MalformedOrder, match="the order is not JSON") as order:
        order_hash("{")
    assert (order.value.code, order.value.message) == ("not_json", "the order is not JSON")
    sent = pickle.loads(pickle.dumps(order.value))
    assert (type(sent), sent.code, str(sent)) == (MalformedOrder, "not_json", "the order is not JSON")
    with pytest.raises(MalformedOrder):
        order_hash('"\ud800"')


def test_hash_ignores_notation(core: _core.Core) -> None:
    written = b'{"order":"rejected","b":1.0,"a":"\\u00e9"}'
    assert order_hash(written) == order_hash('{ "a":"é", "b":1, "order":"rejected" }')
    assert len(order_hash(written)) == 64
    assert order_hash(written) != order_hash('{"a":"e","b":1,"order":"rejected"}')


def summary(slot: str = "2026-11-22T07:05:00Z", **changed: object) -> str:
    return json.dumps(
        {"slot": slot, "run": "arn", "polls": 1, "accepted": 2, "rejected": 1, "failed": 0, "total_power": "0.1"}
        | {"rejections": [{"position": 0, "why": "the auction rejected `é`"}], "failures": []}
        | changed
    )


def test_day_is_added_up_exactly(core: _core.Core) -> None:
    sources: list[Source] = [
        summary(),
        summary("2026-11-22T07:10:00Z", accepted=3, rejected=0, total_power="1e-20").encode(),
    ]
    assert day_report(iter(sources)) == DayReport(
        runs=2,
        orders=6,
        accepted=5,
        rejected=1,
        failed=0,
        acceptance_rate=Decimal("0.8333"),
        total_power=Decimal("0.10000000000000000001"),
        text='{"runs":2,"orders":6,"accepted":5,"rejected":1,"failed":0,"acceptance_rate":0.8333,'
        '"total_power":"0.10000000000000000001"}',
    )
    again = day_report([summary(accepted=1), summary(accepted=7)])
    assert (again.runs, again.accepted) == (1, 7)
    assert str(day_report([summary(rejected=0)]).acceptance_rate) == "1.0000"
    empty = day_report([])
    assert (empty.runs, empty.orders, empty.acceptance_rate) == (0, 0, None)
    assert str(empty.total_power) == "0"


@pytest.mark.parametrize(
    "invalid",
    [
        *("", "{", "{}", "7", "null", "[" * 100_000, "\ufeff" + summary(), "\ud800", "NaN", b"\xff"),
        *(summary(accepted=-1), summary(total_power=0.1), summary(slot="2026-11-22"), summary(failed="0")),
        summary() + "," + summary("2026-11-22T07:10:00Z"),
        summary().encode("utf-16"),
    ],
)
def test_invalid_summary_is_rejected_with_its_index(core: _core.Core, invalid: Source) -> None:
    with pytest.raises(InvalidSummaries) as caught:
        day_report([summary(), invalid])
    assert caught.value.code == "not_a_summary"
    assert str(caught.value).startswith("summary 1 ")
