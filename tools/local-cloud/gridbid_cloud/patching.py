"""Replaces functions of MiniStack and hypercorn, and fails at once when a newer version has no such function."""

from typing import Any


def replace(owner: Any, name: str, replacement: Any) -> Any:
    """Replaces an attribute of a module and returns the original.

    Raises:
        AttributeError: when the module has no such attribute.
    """
    if not hasattr(owner, name):
        raise AttributeError(f"`{owner.__name__}` has no `{name}`: adapt gridbid_cloud to this version of it")
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original
