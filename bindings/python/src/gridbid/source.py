"""What callers hand in, as bytes."""

from typing import TypeAlias

Source: TypeAlias = bytes | bytearray | memoryview | str
"""A document: UTF-8, or a text. What is mutable is copied first, so that what was checked is what is told."""


def to_bytes(source: Source) -> bytes:
    """The bytes of a document.

    Half of a surrogate pair, which a `str` can hold and UTF-8 cannot, becomes the three bytes that core then refuses
    at their place (`not_utf8`): it is a problem of the input, told like every other one.
    """
    if isinstance(source, str):
        return source.encode("utf-8", "surrogatepass")
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    raise TypeError(f"a document is bytes or a str, not {type(source).__name__}")
