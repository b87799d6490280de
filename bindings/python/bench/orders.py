"""Reads the measured batches from files that the TypeScript benchmark writes.

An order has about 78 bytes. In an invalid batch, one order in a hundred (or of fewer) violates one rule, in turn.
"""

from pathlib import Path

TEXTS = ("ascii", "cyrillic")


def batch(folder: Path, orders: int, *, text: str, invalid: bool) -> bytes:
    """Reads a batch with this number of orders."""
    return (folder / f"{orders}-{text}-{'invalid' if invalid else 'valid'}.json").read_bytes()


def count_invalid(orders: int) -> int:
    """Returns the number of invalid orders in an invalid batch."""
    return max(1, orders // 100)
