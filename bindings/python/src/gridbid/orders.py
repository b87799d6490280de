"""Parses requests into orders, which are created lazily."""

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
    """A valid order."""

    record_id: str
    """Unique within a request."""
    parameter_1: str
    parameter_2: Decimal
    """An exact decimal."""


class InvalidOrders(ValueError):
    """A request is invalid. The message is about the first violation; the report lists all."""

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
_MAX_SINGLE: Final = 4
"""Up to this many orders, creating them one by one is faster."""
_CHUNK: Final = 1024
"""Number of orders that an iteration creates at a time."""
_SEPARATOR: Final = "\x1f"
"""Follows each value (`gridbid_join`)."""


class Orders(Sequence[Order]):
    """The orders of a valid request, in input order.

    A sequence that creates orders on access. `orders.column("parameter_2")` returns one field of all orders without
    creating any.
    """

    __slots__ = ("_columns", "_count")

    def __init__(self, count: int, columns: tuple[str | list[str], ...]) -> None:
        """Takes one text per field, with a separator after each value, or a list of values."""
        self._count = count
        self._columns = list(columns)

    def __len__(self) -> int:
        return self._count

    @overload
    def column(self, field: Literal["record_id", "parameter_1"]) -> list[str]: ...
    @overload
    def column(self, field: Literal["parameter_2"]) -> list[Decimal]: ...
    def column(self, field: Literal["record_id", "parameter_1", "parameter_2"]) -> list[str] | list[Decimal]:
        """Returns one field of all orders."""
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
        if self._count <= _MAX_SINGLE:
            yield from map(Order, ids, texts, map(Decimal, amounts))
            return
        for start in range(0, self._count, _CHUNK):
            chunk = slice(start, start + _CHUNK)
            yield from _create_orders(ids[chunk], texts[chunk], amounts[chunk])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Orders):
            return NotImplemented
        # Amounts are in canonical form.
        return self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Orders, (self._count, tuple(self._columns))

    def __repr__(self) -> str:
        first = f"{self[0]!r}" if len(self) else ""
        more = f", and {len(self) - 1} more" if len(self) > 1 else ""
        return f"Orders([{first}{more}])"

    def _texts(self, column: int) -> list[str]:
        """Returns one field as text and splits it on first use, which is safe in concurrent threads."""
        texts = self._columns[column]
        if isinstance(texts, str):
            texts = self._columns[column] = texts[:-1].split(_SEPARATOR)
        return texts

    def _all(self) -> tuple[list[str], list[str], list[str]]:
        return self._texts(0), self._texts(1), self._texts(2)


def _create_orders(ids: list[str], texts: list[str], amounts: list[str]) -> list[Order]:
    orders = list(map(_new, repeat(Order, len(ids))))
    # Setting the slots without a Python call per order is six times as fast.
    deque(map(_set_record_id, orders, ids), 0)
    deque(map(_set_parameter_1, orders, texts), 0)
    deque(map(_set_parameter_2, orders, map(Decimal, amounts)), 0)
    return orders


_new: Any = object.__new__
_set_record_id, _set_parameter_1, _set_parameter_2 = (Order.__dict__[field].__set__ for field in _COLUMNS)


def parse_orders(data: Source, *, limits: Limits = DEFAULT) -> Orders:
    """Parses a request by the rules of `POST /orders`.

    Raises:
        InvalidOrders: when a rule is violated; it has the report.
        InputTooLarge: when memory runs out.
    """
    source = to_bytes(data)
    verdict, *columns = core().parse(source, limits)
    if verdict[1]:
        raise InvalidOrders(Report(*verdict))
    return Orders(verdict[0], tuple(columns))
