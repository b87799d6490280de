"""Reading a request: its orders, made when they are looked at, or one error with the report."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from typing import Any, Final, Literal, overload

from ._core import core
from .limits import DEFAULT, Limits
from .report import Report
from .source import Source, to_bytes


@dataclass(frozen=True, slots=True)
class Order:
    """An order, which obeys every rule."""

    record_id: str
    """Its identity, unique within a request."""
    parameter_1: str
    """A text."""
    parameter_2: Decimal
    """An amount, exactly as it was written."""


class InvalidOrders(ValueError):
    """A request is not valid. The message tells the first violation, the report all."""

    report: Report

    def __init__(self, report: Report) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        if not self.report.violations:
            return f"{self.report.total} violations"
        first = self.report.violations[0]
        place = f"{first.field}: " if first.field else ""
        more = f" (and {self.report.total - 1} more)" if self.report.total > 1 else ""
        return f"{place}{first.message}{more}"


_COLUMNS: Final = {"record_id": 0, "parameter_1": 1, "parameter_2": 2}
_FEW: Final = 4
"""Up to so many orders are made faster one by one."""
_AT_ONCE: Final = 1024
"""How many orders an iteration makes at a time: enough to be fast, few enough to begin at once."""
_SEPARATOR: Final = "\x1f"
"""Stands behind each value; see `gridbid_join`."""


class Orders(Sequence[Order]):
    """The orders of a valid request, in input order: a sequence that makes what is looked at.

    `orders[7]` makes one order, an iteration makes all in turn, and `orders.column("parameter_2")` makes the values
    of one field and nothing of the others.
    """

    __slots__ = ("_columns", "_count")

    def __init__(self, count: int, columns: tuple[str | list[str], ...]) -> None:
        """So many orders, whose fields are lists of texts or, until they are looked at, each one joined text."""
        self._count = count
        self._columns = list(columns)

    def __len__(self) -> int:
        return self._count

    @overload
    def column(self, field: Literal["record_id", "parameter_1"]) -> list[str]: ...
    @overload
    def column(self, field: Literal["parameter_2"]) -> list[Decimal]: ...
    def column(self, field: Literal["record_id", "parameter_1", "parameter_2"]) -> list[str] | list[Decimal]:
        """One field of every order."""
        texts = self._texts(_COLUMNS[field])
        return list(map(Decimal, texts)) if field == "parameter_2" else texts[:]

    @overload
    def __getitem__(self, index: int) -> Order: ...
    @overload
    def __getitem__(self, index: slice) -> "Orders": ...
    def __getitem__(self, index: int | slice) -> "Order | Orders":
        ids, texts, amounts = self._all()
        if isinstance(index, slice):
            return Orders(len(range(self._count)[index]), (ids[index], texts[index], amounts[index]))
        return Order(ids[index], texts[index], Decimal(amounts[index]))

    def __iter__(self) -> Iterator[Order]:
        ids, texts, amounts = self._all()
        if self._count <= _FEW:
            yield from map(Order, ids, texts, map(Decimal, amounts))
            return
        for start in range(0, self._count, _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            yield from _made(ids[some], texts[some], amounts[some])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Orders):
            return NotImplemented
        # Amounts have one canonical text each.
        return self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Orders, (self._count, tuple(self._columns))

    def __repr__(self) -> str:
        first = f"{self[0]!r}" if len(self) else ""
        more = f", and {len(self) - 1} more" if len(self) > 1 else ""
        return f"Orders([{first}{more}])"

    def _texts(self, column: int) -> list[str]:
        """The values of one field as texts, which two threads may well split at once."""
        texts = self._columns[column]
        if isinstance(texts, str):
            texts = self._columns[column] = texts[:-1].split(_SEPARATOR)
        return texts

    def _all(self) -> tuple[list[str], list[str], list[str]]:
        return self._texts(0), self._texts(1), self._texts(2)


def _made(ids: list[str], texts: list[str], amounts: list[str]) -> list[Order]:
    """The orders of these values."""
    orders = list(map(_new, repeat(Order, len(ids))))
    # An order's slots are filled from outside, without a call in Python for each: six times as fast.
    deque(map(_set_record_id, orders, ids), 0)
    deque(map(_set_parameter_1, orders, texts), 0)
    deque(map(_set_parameter_2, orders, map(Decimal, amounts)), 0)
    return orders


_new: Any = object.__new__
_set_record_id, _set_parameter_1, _set_parameter_2 = (Order.__dict__[field].__set__ for field in _COLUMNS)


def parse_orders(data: Source, *, limits: Limits = DEFAULT) -> Orders:
    """Reads a request of valid orders, or raises `InvalidOrders` with a report of all that is wrong with it."""
    source = to_bytes(data)
    verdict, *columns = core().join(source, limits)
    if verdict[1]:
        raise InvalidOrders(Report(*verdict))
    return Orders(verdict[0], tuple(columns))
