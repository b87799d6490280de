"""The vectors, `core/vectors/*.json`: the cases that every language runs, and what comes of them here."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import gridbid
from gridbid import _core
from gridbid.limits import Limits

FOLDER = Path(__file__).parents[3] / "core" / "vectors"


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each case, with its file's name in front of its own."""
    for file in sorted(FOLDER.glob("*.json")):
        for case in json.loads(file.read_bytes())["cases"]:
            yield f"{file.stem}: {case['name']}", case


def to_bytes(given: Any) -> bytes:
    """An input's bytes, put together from its parts."""
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, list):
        return b"".join(map(to_bytes, given))
    if "hex" in given:
        return bytes.fromhex(given["hex"])
    texts = (given["of"].replace("#", str(time)) for time in range(given["times"]))
    return str(given.get("join", "")).join(texts).encode()


def limits(case: dict[str, Any]) -> Limits:
    return Limits(**case.get("limits", {}))


VALID = '{"total":0,"violations":[]}'
"""What core writes of a valid request, which is left out of its verdict."""


def told(violations: Any) -> list[dict[str, Any]]:
    """Violations in the form of a case."""
    return [{"index": one.index, "field": one.field, "code": one.code, "message": one.message} for one in violations]


def of_body(case: dict[str, Any]) -> dict[str, Any]:
    """What comes of a request, through both functions, lazily and as the report that core writes."""
    body = to_bytes(case["body"])
    report = gridbid.validate_orders(body, limits=limits(case))
    written = json.loads(_core.core().check(body, limits(case))[2] or VALID)
    assert written == {"total": report.total, "violations": told(report)}
    if not report:
        with pytest.raises(gridbid.InvalidOrders) as caught:
            gridbid.parse_orders(body, limits=limits(case))
        assert caught.value.report == report
        return {"total": report.total, "violations": told(report.violations)}
    orders = gridbid.parse_orders(body, limits=limits(case))
    assert report.orders == len(orders)
    # The canonical texts are what `Decimal` is given; beside them the values have to be the same.
    amounts = orders._texts(2)
    made = [[one.record_id, one.parameter_1, text] for one, text in zip(orders, amounts, strict=True)]
    assert [str(one.parameter_2) for one in orders] == [str(Decimal(text)) for text in amounts]
    columns = zip(orders.column("record_id"), orders.column("parameter_1"), amounts, strict=True)
    assert [list(one) for one in columns] == made
    if isinstance(case.get("orders"), dict):
        return {"orders": {"count": len(made), "first": made[0], "last": made[-1]}}
    return {"orders": made}


def of_answer(case: dict[str, Any]) -> dict[str, Any]:
    """What comes of the platform's answer."""
    try:
        return {"passed_on": gridbid.read_results(to_bytes(case["answer"])).text}
    except gridbid.InvalidResults as error:
        return {"error": {"code": error.code, "message": error.message}}


def of_order(case: dict[str, Any]) -> dict[str, Any]:
    """What becomes of an order of an answer."""
    order = to_bytes(case["order"])
    match gridbid.decide_outcome(order):
        case gridbid.Accepted(canonical, sha256, power):
            assert gridbid.order_hash(order) == sha256
            hashed = {"canonical": canonical, "sha256": sha256}
            return {"accepted": hashed if power is None else hashed | {"power": str(power)}}
        case gridbid.Rejected(why):
            return {"rejected": why}
        case gridbid.Malformed(code, message):
            return {"malformed": {"code": code, "message": message}}


def given_and_expected(case: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What comes of a case, and what must."""
    if "body" in case:
        given = of_body(case)
    elif "answer" in case:
        given = of_answer(case)
    else:
        given = of_order(case)
    expected = {name: value for name, value in case.items() if name not in {"name", "limits", "body", "answer"}}
    if "order" in case:
        del expected["order"]
    if "passed_on" in expected:
        expected["passed_on"] = to_bytes(expected["passed_on"]).decode()
    return given, expected
