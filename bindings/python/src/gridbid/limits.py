"""How much one request may hold.

The defaults are those of `POST /orders`; bulk checks raise them. What happens beyond a limit is core's to say.
"""

from dataclasses import dataclass, fields

_MOST = {"orders": 2**32 - 1, "bytes": 2**32 - 1, "depth": 255, "listed": 2**32 - 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one request may hold; beyond 32 bits (`depth`: 8 bits) a `ValueError`."""

    orders: int = 100
    """The most orders: as many as one DynamoDB transaction writes."""
    bytes: int = 256 * 1024
    """The most bytes."""
    depth: int = 32
    """How deep arrays and objects may lie in one another. The body's array is the first level."""
    listed: int = 100
    """How many violations a report lists. All are counted."""

    def __post_init__(self) -> None:
        for field in fields(self):
            given, most = getattr(self, field.name), _MOST[field.name]
            if not 0 <= given <= most:
                raise ValueError(f"the limit `{field.name}` must be from 0 to {most}, not {given}")


DEFAULT = Limits()
"""What `POST /orders` allows."""

BULK = Limits(orders=2**32 - 1, bytes=2**32 - 1)
"""As much as memory holds: for files of orders. Of the violations the first hundred are listed, as by default."""
