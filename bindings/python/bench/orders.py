"""The batches that are measured: files that the TypeScript package's benchmark writes, so that all measure the same.

About 78 bytes an order. With one percent invalid, one order in each hundred (or the only one) breaks one rule, each
time another one.
"""

from pathlib import Path

TEXTS = ("ascii", "cyrillic")


def batch(folder: Path, orders: int, *, text: str, invalid: bool) -> bytes:
    """A batch of so many orders."""
    return (folder / f"{orders}-{text}-{'invalid' if invalid else 'valid'}.json").read_bytes()


def wrong_orders(orders: int) -> int:
    """How many orders of a batch with one percent invalid are so."""
    return max(1, orders // 100)
