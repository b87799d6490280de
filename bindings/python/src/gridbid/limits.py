"""The limits of a request, with the same field names as core's `Limits`.

core enforces the limits; this module checks that they are in range.
"""

from dataclasses import dataclass, fields

MAX_U32 = 2**32 - 1
_MAX = {"orders": MAX_U32, "bytes": MAX_U32, "depth": 255, "listed": MAX_U32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a request. The defaults are those of `POST /orders`.

    Raises:
        ValueError: when a limit exceeds 32 bits (`depth`: 8 bits).
    """

    orders: int = 100
    """Maximum number of orders: what one DynamoDB transaction can write."""
    bytes: int = 256 * 1024
    """Maximum size in bytes."""
    depth: int = 32
    """Maximum nesting of arrays and objects; the outer array is level 1."""
    listed: int = 100
    """Maximum number of violations that a report lists. All are counted."""

    def __post_init__(self) -> None:
        for field in fields(self):
            limit, maximum = getattr(self, field.name), _MAX[field.name]
            if not 0 <= limit <= maximum:
                raise ValueError(f"limit `{field.name}` must be from 0 to {maximum}, got `{limit}`")


DEFAULT = Limits()
"""The limits of `POST /orders`."""

BULK = Limits(orders=MAX_U32, bytes=MAX_U32)
"""For files: limited by memory only. The first 100 violations are listed."""
