"""Reading a request: its orders, cut out of the text when they are looked at, or one error with the report."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
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


_WORDS: Final = 7
_COLUMNS: Final = {"record_id": 0, "parameter_1": 1, "parameter_2": 2}
_FEW: Final = 4
"""Up to so many orders are made faster one by one."""
_AT_ONCE: Final = 1024
"""How many orders an iteration makes at a time: enough to be fast, few enough to begin at once."""


class Orders(Sequence[Order]):
    """The orders of a valid request, in input order: a sequence that makes what is looked at.

    `orders[7]` makes one order, an iteration makes all in turn, and `orders.column("parameter_2")` makes the values
    of one field and nothing of the others. A slice shares what it is cut from. It holds on to the request's text.
    """

    __slots__ = ("_beside", "_rows", "_source")

    def __init__(self, source: str | bytes, rows: memoryview, beside: str | bytes) -> None:
        """The orders whose parts lie so in a text: a `str` where characters are bytes, else bytes."""
        self._source = source
        self._rows = rows
        self._beside = beside

    def __len__(self) -> int:
        return len(self._rows) // _WORDS

    @overload
    def column(self, field: Literal["record_id", "parameter_1"]) -> list[str]: ...
    @overload
    def column(self, field: Literal["parameter_2"]) -> list[Decimal]: ...
    def column(self, field: Literal["record_id", "parameter_1", "parameter_2"]) -> list[str] | list[Decimal]:
        """One field of every order."""
        texts = self._cut(self._rows, _COLUMNS[field])
        return list(map(Decimal, texts)) if field == "parameter_2" else texts

    @overload
    def __getitem__(self, index: int) -> Order: ...
    @overload
    def __getitem__(self, index: slice) -> "Orders": ...
    def __getitem__(self, index: int | slice) -> "Order | Orders":
        places = range(len(self))[index]
        if isinstance(places, int):
            return self._one(places * _WORDS)
        if places.step == 1:
            return Orders(self._source, self._rows[places.start * _WORDS : places.stop * _WORDS], self._beside)
        rows = b"".join(self._rows[place * _WORDS : (place + 1) * _WORDS] for place in places)
        return Orders(self._source, memoryview(rows).cast("I"), self._beside)

    def __iter__(self) -> Iterator[Order]:
        if len(self._rows) <= _FEW * _WORDS:
            yield from map(self._one, range(0, len(self._rows), _WORDS))
            return
        for start in range(0, len(self._rows), _AT_ONCE * _WORDS):
            yield from self._made(self._rows[start : start + _AT_ONCE * _WORDS])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Orders):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return _of_parts, (self._source, self._rows.tobytes(), self._beside)

    def __repr__(self) -> str:
        first = f"{self[0]!r}" if len(self) else ""
        more = f", and {len(self) - 1} more" if len(self) > 1 else ""
        return f"Orders([{first}{more}])"

    def _cut(self, rows: memoryview, column: int) -> list[str]:
        """The texts of one field."""
        source, beside, bit = self._source, self._beside, 1 << column
        starts, lengths = rows[2 * column :: _WORDS].tolist(), rows[2 * column + 1 :: _WORDS].tolist()
        cut: list[Any]
        if beside:
            flags = rows[6::_WORDS].tolist()
            cut = [
                (beside if flag & bit else source)[start : start + length]
                for start, length, flag in zip(starts, lengths, flags, strict=True)
            ]
        else:
            cut = [source[start : start + length] for start, length in zip(starts, lengths, strict=True)]
        return cut if isinstance(source, str) else [text.decode() for text in cut]

    def _one(self, at: int) -> Order:
        """The order whose row begins at this word."""
        start_0, length_0, start_1, length_1, start_2, length_2, flags = self._rows[at : at + _WORDS].tolist()
        source, beside = self._source, self._beside
        cut: list[Any] = [
            (beside if flags & 1 else source)[start_0 : start_0 + length_0],
            (beside if flags & 2 else source)[start_1 : start_1 + length_1],
            (beside if flags & 4 else source)[start_2 : start_2 + length_2],
        ]
        if not isinstance(source, str):
            cut = [text.decode() for text in cut]
        return Order(cut[0], cut[1], Decimal(cut[2]))

    def _made(self, rows: memoryview) -> list[Order]:
        """The orders of these rows."""
        cut = partial(self._cut, rows)
        orders = list(map(_new, repeat(Order, len(rows) // _WORDS)))
        # An order's slots are filled from outside, without a call in Python for each: six times as fast.
        deque(map(_set_record_id, orders, cut(0)), 0)
        deque(map(_set_parameter_1, orders, cut(1)), 0)
        deque(map(_set_parameter_2, orders, map(Decimal, cut(2))), 0)
        return orders


def _of_parts(source: str | bytes, rows: bytes, beside: str | bytes) -> Orders:
    return Orders(source, memoryview(rows).cast("I"), beside)


_new: Any = object.__new__
_set_record_id, _set_parameter_1, _set_parameter_2 = (Order.__dict__[field].__set__ for field in _COLUMNS)


def parse_orders(data: Source, *, limits: Limits = DEFAULT) -> Orders:
    """Reads a request of valid orders, or raises `InvalidOrders` with a report of all that is wrong with it."""
    source = to_bytes(data)
    (orders, total), rows, beside = core().parse(source, limits)
    if total:
        raise InvalidOrders(Report(orders, total, source, limits))
    if beside.isascii() and source.isascii():
        # Where each character is a byte, texts are cut out of a text.
        return _of_parts(data if isinstance(data, str) else source.decode(), rows, beside.decode())
    return _of_parts(source, rows, beside)
