"""Reads the measured batches from files that the TypeScript benchmark writes.

An order has about 78 bytes. In an invalid batch of a size, one order in a hundred (or of fewer) violates one rule, in
turn; in that of a shape, each order does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TEXTS = ("ascii", "cyrillic")


@dataclass(frozen=True)
class Request:
    """A batch and what its name says about it."""

    name: str
    orders: int
    text: str
    valid: bool
    batch: bytes

    @property
    def is_shape(self) -> bool:
        """Whether this is one of the shapes, and not of the sizes."""
        return self.text not in TEXTS


def requests(folder: Path) -> Iterator[Request]:
    """Yields the batches, small ones first."""
    files = sorted(folder.glob("*.json"), key=lambda file: (int(file.name.partition("-")[0]), file.name))
    for file in files:
        orders, text, kind = file.stem.split("-")
        yield Request(file.stem, int(orders), text, kind == "valid", file.read_bytes())


def count_invalid(orders: int) -> int:
    """Returns the number of invalid orders in an invalid batch."""
    return max(1, orders // 100)
