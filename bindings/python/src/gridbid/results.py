"""Reads the auction platform's results, decides orders, and adds up a day."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from ._core import core
from .errors import InvalidResults, InvalidSummaries, MalformedOrder
from .source import Source, to_bytes

_DAY_START = len('{"day":')


@dataclass(frozen=True, slots=True)
class Results:
    """The platform's results for one slot."""

    ready: bool
    """Whether results are available."""
    orders: tuple[str, ...]
    """Each order as canonical JSON, or `{"malformed": …}` in place of a malformed one; see `decide_outcome`."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that the auction accepted."""

    canonical: str
    """The order as canonical JSON (RFC 8785, with exact numbers)."""
    sha256: str
    """SHA-256 of the canonical JSON, in hexadecimal."""
    power: Decimal | None
    """The order's power, if it has one."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An order that the auction rejected."""

    why: str
    """A sentence in English."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An order that cannot be decided."""

    code: str
    """Kind of problem, in snake_case. Permanent."""
    message: str
    """A sentence in English."""


Outcome: TypeAlias = Accepted | Rejected | Malformed


@dataclass(frozen=True, slots=True)
class DayReport:
    """The totals of a day's runs."""

    runs: int
    orders: int
    accepted: int
    rejected: int
    failed: int
    acceptance_rate: Decimal | None
    """From 0.0000 to 1.0000; None without orders."""
    total_power: Decimal
    """The exact sum of the accepted orders' power."""
    text: str
    """The totals as JSON, with `total_power` as a string."""


def read_results(answer: Source) -> Results:
    """Reads the auction platform's results.

    Raises:
        InvalidResults: when they break the platform's contract as a whole.
    """
    results = json.loads(core().query("gridbid_results", to_bytes(answer)))
    if "error" in results:
        raise InvalidResults(**results["error"])
    return Results(results["ready"], tuple(results.get("orders", ())))


def decide_outcome(order: Source) -> Outcome:
    """Decides one order of the results."""
    decision = json.loads(core().query("gridbid_decision", to_bytes(order)))
    if "malformed" in decision:
        return Malformed(**decision["malformed"])
    if "rejected" in decision:
        return Rejected(decision["rejected"])
    accepted = decision["accepted"]
    power = Decimal(accepted["power"]) if "power" in accepted else None
    return Accepted(accepted["canonical"], accepted["sha256"], power)


def order_hash(order: Source) -> str:
    """Returns the SHA-256 of an order's canonical JSON, in hexadecimal.

    White space, key order, escapes and the notation of numbers do not affect it.

    Raises:
        MalformedOrder: when the order is malformed.
    """
    response = json.loads(core().query("gridbid_canonical", to_bytes(order)))
    if "malformed" in response:
        raise MalformedOrder(**response["malformed"])
    digest: str = response["order"]["sha256"]
    return digest


def day_report(summaries: Iterable[Source]) -> DayReport:
    """Adds up a day's summaries. If a slot has several, the last one counts.

    Raises:
        InvalidSummaries: when one is not a summary, or they cannot be added up.
    """
    documents = [to_bytes(summary) for summary in summaries]
    for index, document in enumerate(documents):
        # Parts of one broken document could otherwise pass for several in the array below.
        if not _is_json(document):
            raise InvalidSummaries("not_a_summary", f"summary {index} is not JSON")
    response = core().query("gridbid_day", b"[" + b",".join(documents) + b"]")
    parsed = json.loads(response, parse_float=Decimal)
    if "error" in parsed:
        raise InvalidSummaries(**parsed["error"])
    day = parsed["day"] | {"total_power": Decimal(parsed["day"]["total_power"])}
    return DayReport(**day, text=response[_DAY_START:-1])


def _is_json(document: bytes) -> bool:
    try:
        json.loads(document.decode(), parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
