"""Reads and runs the vectors in `core/vectors/*.json`, which every language runs."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import gridbid
from gridbid import Violation, _core
from gridbid.limits import Limits

FOLDER = Path(__file__).parents[3] / "core" / "vectors"


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each case with its name, which starts with that of its file."""
    for file in sorted(FOLDER.glob("*.json")):
        for case in json.loads(file.read_bytes())["cases"]:
            yield f"{file.stem}: {case['name']}", case


def to_bytes(source: Any) -> bytes:
    """Returns the bytes of a vector's input."""
    if isinstance(source, str):
        return source.encode()
    if isinstance(source, list):
        return b"".join(map(to_bytes, source))
    if "hex" in source:
        return bytes.fromhex(source["hex"])
    texts = (source["of"].replace("#", str(time)) for time in range(source["times"]))
    return str(source.get("join", "")).join(texts).encode()


def limits(case: dict[str, Any]) -> Limits:
    return Limits(**case.get("limits", {}))


VALID = '{"total":0,"violations":[]}'
"""core's report of a valid request, which a verdict omits."""


def to_dicts(violations: Iterable[Violation]) -> list[dict[str, Any]]:
    """Returns violations in the form of a vector."""
    return [dataclasses.asdict(violation) for violation in violations]


def run_body(case: dict[str, Any]) -> dict[str, Any]:
    """Checks and parses a request, and verifies that reports and orders agree in all forms."""
    body = to_bytes(case["body"])
    report = gridbid.validate_orders(body, limits=limits(case))
    report_json = json.loads(_core.core().check(body, limits(case))[2] or VALID)
    assert report_json == {"total": report.total, "violations": to_dicts(report)}
    if not report:
        with pytest.raises(gridbid.InvalidOrders) as caught:
            gridbid.parse_orders(body, limits=limits(case))
        assert caught.value.report == report
        return {"total": report.total, "violations": to_dicts(report.violations)}
    orders = gridbid.parse_orders(body, limits=limits(case))
    assert report.orders == len(orders)
    # Vectors contain canonical texts. Amounts must have the same value.
    amounts = orders._texts(2)
    rows = [[order.record_id, order.parameter_1, text] for order, text in zip(orders, amounts, strict=True)]
    assert [str(order.parameter_2) for order in orders] == [str(Decimal(text)) for text in amounts]
    columns = zip(orders.column("record_id"), orders.column("parameter_1"), amounts, strict=True)
    assert [list(row) for row in columns] == rows
    if isinstance(case.get("orders"), dict):
        return {"orders": {"count": len(rows), "first": rows[0], "last": rows[-1]}}
    return {"orders": rows}


def run_answer(case: dict[str, Any]) -> dict[str, Any]:
    """Reads the platform's results."""
    try:
        results = gridbid.read_results(to_bytes(case["answer"]))
        return {"lines": "".join(f"{order}\n" for order in results.orders)} if results.ready else {"ready": False}
    except gridbid.InvalidResults as error:
        return {"error": {"code": error.code, "message": error.message}}


def run_order(case: dict[str, Any]) -> dict[str, Any]:
    """Decides an order of the results."""
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


def run(case: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Runs a case and returns the actual and the expected result."""
    if "body" in case:
        actual = run_body(case)
    elif "answer" in case:
        actual = run_answer(case)
    else:
        actual = run_order(case)
    expected = {name: value for name, value in case.items() if name not in {"name", "limits", "body", "answer"}}
    if "order" in case:
        del expected["order"]
    if "lines" in expected:
        expected["lines"] = to_bytes(expected["lines"]).decode()
    return actual, expected
