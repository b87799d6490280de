"""Checks requests. A report creates its violations on first access."""

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
"""The permanent code of a kind of violation."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of a rule."""

    index: int | None
    """Index of the order, from 0; None for a violation of the whole request."""
    field: str
    """JSON pointer (RFC 6901) to the field, such as `/1/parameter_2`; `""` for the whole request."""
    code: ViolationCode
    message: str
    """A sentence in English, in lower case and without a final period."""


class Report:
    """The result of checking a request. It is true if the request is valid, and iterates over the violations."""

    __slots__ = ("_json", "_violations", "orders", "total")

    orders: int
    """Number of orders in the request; 0 when it cannot be parsed."""
    total: int
    """Number of violations, including those beyond `Limits.listed`."""

    def __init__(self, orders: int, total: int, json_report: str = "") -> None:
        self.orders = orders
        self.total = total
        self._json = json_report
        self._violations: tuple[Violation, ...] | None = None if total else ()

    @property
    def valid(self) -> bool:
        """Whether there are no violations."""
        return self.total == 0

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The first `Limits.listed` violations, in input order."""
        return self._parse() if self._violations is None else self._violations

    def _parse(self) -> tuple[Violation, ...]:
        # Another thread clears the JSON only after it has set the violations, so read the JSON first.
        json_report, violations = self._json, self._violations
        if violations is None:
            violations = tuple(Violation(**violation) for violation in json.loads(json_report)["violations"])
            self._violations = violations
            self._json = ""
        return violations

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


# Reports of valid requests of common sizes are shared, since they never change.
_VALID = [Report(orders, 0) for orders in range(129)]


def validate_orders(data: Source, *, limits: Limits = DEFAULT) -> Report:
    """Checks a request by the rules of `POST /orders`, and reports all violations.

    Raises:
        InputTooLarge: when memory runs out. Any other input gets a report.
    """
    source = data if type(data) is bytes else to_bytes(data)
    verdict = core().check(source, limits)
    if verdict[1] == 0:
        orders = verdict[0]
        return _VALID[orders] if orders < len(_VALID) else Report(orders, 0)
    return Report(*verdict)
