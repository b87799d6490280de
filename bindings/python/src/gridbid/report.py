"""Checking a request: a report that says whether it is valid, and every violation when it is asked for them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ._core import core
from .limits import DEFAULT, Limits
from .source import Source, to_bytes

ViolationCode: TypeAlias = Literal[
    "not_json",
    "not_utf8",
    "not_an_array",
    "empty_batch",
    "too_many_orders",
    "body_too_large",
    "nested_too_deep",
    "not_an_object",
    "missing_field",
    "unknown_field",
    "duplicate_field",
    "wrong_type",
    "empty",
    "too_long",
    "invalid_characters",
    "too_precise",
    "out_of_range",
    "duplicate_record_id",
]
"""The permanent name of a kind of violation."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request."""

    index: int | None
    """Which order, from 0; `None` when it is the request as a whole."""
    field: str
    """Where: a JSON pointer (RFC 6901) such as `/1/parameter_2`, `""` for the whole body."""
    code: ViolationCode
    """What kind of violation."""
    message: str
    """One sentence for people, in lower case and without a final period."""


class Report:
    """What a request is found to be. True when it is valid; iterating gives the violations.

    The violations are made when they are first read.
    """

    __slots__ = ("_violations", "_written", "orders", "total")

    orders: int
    """How many elements the array has; 0 when the request cannot be read."""
    total: int
    """How many violations there are, those beyond `Limits.listed` included."""

    def __init__(self, orders: int, total: int, written: str = "") -> None:
        self.orders = orders
        self.total = total
        self._written = written
        self._violations: tuple[Violation, ...] | None = None if total else ()

    @property
    def valid(self) -> bool:
        """Whether there is no violation."""
        return self.total == 0

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The violations in input order, at most `Limits.listed`."""
        return self._tell() if self._violations is None else self._violations

    def _tell(self) -> tuple[Violation, ...]:
        # Threads may come here at once. The text goes after the violations have come, so it is read before them.
        written, told = self._written, self._violations
        if told is not None:
            return told
        self._violations = told = tuple(Violation(**violation) for violation in json.loads(written)["violations"])
        self._written = ""
        return told

    def __bool__(self) -> bool:
        return self.total == 0

    def __iter__(self) -> Iterator[Violation]:
        return iter(self.violations)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        return (self.orders, self.total, self.violations) == (other.orders, other.total, other.violations)

    def __hash__(self) -> int:
        return hash((self.orders, self.total))

    def __repr__(self) -> str:
        return f"Report(valid={self.valid}, orders={self.orders}, total={self.total})"


# Reports never change, so that valid requests of common lengths need not be given one each.
_VALID = [Report(orders, 0) for orders in range(129)]


def validate_orders(data: Source, *, limits: Limits = DEFAULT) -> Report:
    """Checks a request by every rule, and says all that is wrong with all of its orders.

    Whatever the bytes are, there is a report; the one error is `InputTooLarge`, when memory runs out.
    """
    source = data if type(data) is bytes else to_bytes(data)
    verdict = core().check(source, limits)
    if verdict[1] == 0:
        orders = verdict[0]
        return _VALID[orders] if orders < 129 else Report(orders, 0)
    return Report(*verdict)
