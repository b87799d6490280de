"""The result side: the auction platform's answer, what becomes of each order in it, and what a day amounts to."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from ._core import core
from .errors import InvalidResults, InvalidSummaries, MalformedOrder
from .source import Source, to_bytes

_PASSED_ON_START = len('{"passed_on":')
_DAY_START = len('{"day":')


@dataclass(frozen=True, slots=True)
class Results:
    """The platform's answer, checked."""

    ready: bool
    """Whether there are results yet."""
    orders: tuple[str, ...]
    """Each order as canonical JSON, for `decide_outcome`; an order that is malformed says so instead."""
    text: str
    """The whole answer as it is passed on: canonical JSON."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that the auction accepted."""

    canonical: str
    """The order's canonical JSON (RFC 8785, with exact numbers): what is filed."""
    sha256: str
    """The hash of these bytes in UTF-8, in hexadecimal."""
    power: Decimal | None
    """The power, if the order has one."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An order that the auction rejected."""

    why: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An order of which cannot be said what becomes of it."""

    code: str
    """What kind of problem: snake_case, permanent."""
    message: str
    """One sentence."""


Outcome: TypeAlias = Accepted | Rejected | Malformed


@dataclass(frozen=True, slots=True)
class DayReport:
    """What a day's results runs amount to together."""

    runs: int
    orders: int
    accepted: int
    rejected: int
    failed: int
    acceptance_rate: Decimal | None
    """From 0.0000 to 1.0000; `None` when there was no order."""
    total_power: Decimal
    """The exact sum of the accepted orders' power."""
    text: str
    """The same as JSON, with `total_power` as a string."""


def read_results(answer: Source) -> Results:
    """Reads the auction platform's answer, or raises `InvalidResults`."""
    said = core().say("gridbid_answer", to_bytes(answer))
    told = json.loads(said)
    if "error" in told:
        raise InvalidResults(**told["error"])
    text = said[_PASSED_ON_START:-1]
    return Results(told["passed_on"]["results"], _elements(text), text)


def decide_outcome(order: Source) -> Outcome:
    """What becomes of an order of the platform's answer."""
    told = json.loads(core().say("gridbid_decision", to_bytes(order)))
    if "malformed" in told:
        return Malformed(**told["malformed"])
    if "rejected" in told:
        return Rejected(told["rejected"])
    accepted = told["accepted"]
    power = Decimal(accepted["power"]) if "power" in accepted else None
    return Accepted(accepted["canonical"], accepted["sha256"], power)


def order_hash(order: Source) -> str:
    """The SHA-256, in hexadecimal, of the canonical JSON of an accepted or rejected order, or raises `MalformedOrder`.

    However an order is written, with whatever white space, order of keys, escapes or exponents, its hash is the same.
    """
    told = json.loads(core().say("gridbid_canonical", to_bytes(order)))
    if "malformed" in told:
        raise MalformedOrder(**told["malformed"])
    digest: str = told["order"]["sha256"]
    return digest


def day_report(summaries: Iterable[Source]) -> DayReport:
    """Adds a day's summaries up, the files that runs write, or raises `InvalidSummaries`.

    A slot that was run again counts once, by the summary that comes last.
    """
    documents = [to_bytes(summary) for summary in summaries]
    for index, document in enumerate(documents):
        # Each on its own, or two halves of a broken one could pass for two in the array below.
        if not _is_one_value(document):
            raise InvalidSummaries("not_a_summary", f"summary {index} is not JSON")
    said = core().say("gridbid_day", b"[" + b",".join(documents) + b"]")
    told = json.loads(said, parse_float=Decimal)
    if "error" in told:
        raise InvalidSummaries(**told["error"])
    day = told["day"] | {"total_power": Decimal(told["day"]["total_power"])}
    return DayReport(**day, text=said[_DAY_START:-1])


def _is_one_value(document: bytes) -> bool:
    try:
        json.loads(document.decode(), parse_constant=_refused)
    except (ValueError, RecursionError):
        return False
    return True


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _elements(answer: str) -> tuple[str, ...]:
    """The texts of `orders` in an answer that is passed on."""
    start = '{"results":true,"orders":['
    if not answer.startswith(start):
        return ()
    decode, elements, at = json.JSONDecoder().raw_decode, [], len(start)
    while answer[at] != "]":
        _, end = decode(answer, at)
        elements.append(answer[at:end])
        at = end + (answer[end] == ",")
    return tuple(elements)
