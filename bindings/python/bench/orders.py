"""The batches that are measured: the same on every run, about 78 bytes an order.

With one percent invalid, every hundredth order (or the only one) breaks one rule, each time another one, and only
rules that all of the compared libraries can check.
"""

import json
from pathlib import Path

WORDS = {"ascii": "base load", "non-latin": "заявка 入札"}

_Order = dict[str, object]

_BREAKAGES: list[tuple[str, object]] = [
    ("record_id", "two words"),
    ("parameter_1", "   "),
    ("parameter_1", 7),
    ("record_id", "x" * 129),
    ("parameter_3", 1),
    ("parameter_2", None),
]


def batch(orders: int, *, invalid: bool, text: str) -> bytes:
    """A batch of so many orders."""
    return json.dumps(
        [_order(number, text, invalid and number % 100 == min(50, orders - 1)) for number in range(orders)],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def wrong_orders(orders: int) -> int:
    """How many orders of a batch with one percent invalid are so."""
    return max(1, orders // 100)


def _order(number: int, text: str, broken: bool) -> _Order:
    amount = number + (number * 7 % 100) / 100
    order: _Order = {
        "record_id": f"order-{number:08}",
        "parameter_1": f"{WORDS[text]} {number % 1000}",
        "parameter_2": int(amount) if amount.is_integer() else amount,
    }
    if broken:
        field, value = _BREAKAGES[number // 100 % len(_BREAKAGES)]
        order[field] = value
    return order


def of_folder(folder: Path, orders: int, *, invalid: bool, text: str) -> bytes:
    """A batch that somebody else has made, so that other languages measure the same."""
    return (folder / f"{orders}-{'invalid' if invalid else 'valid'}-{text}.json").read_bytes()
