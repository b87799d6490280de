"""The documents that callers pass, and their bytes."""

from typing import TypeAlias

Source: TypeAlias = bytes | bytearray | memoryview | str
"""A JSON document: UTF-8 or text. Mutable buffers are copied, so that later changes do not affect results."""


def to_bytes(source: Source) -> bytes:
    """Returns the bytes of a document.

    A lone surrogate, which `str` can contain and UTF-8 cannot, becomes the three bytes that core reports as `not_utf8`.
    """
    if isinstance(source, str):
        return source.encode("utf-8", "surrogatepass")
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    raise TypeError(f"a document must be bytes or str, not {type(source).__name__}")
