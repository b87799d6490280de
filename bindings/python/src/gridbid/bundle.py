"""Compiles the module ahead of time, for bundles that must start fast."""

import os
from pathlib import Path


def precompile(folder: str | os.PathLike[str], *, target: str | None = None) -> Path:
    """Compiles the module into a folder and returns the file.

    Use this package's own folder in the bundle: compiled modules are looked for there first. The file's name contains
    the versions of the module and of wasmtime, and the platform. If one of them differs at run time, the module is
    compiled on first use.

    Args:
        folder: The folder for the file.
        target: A target triple, such as `x86_64-unknown-linux-gnu`. Naming it makes a build on the wrong
            platform fail, since cross-compilation is not supported.

    Raises:
        ValueError: when the target is not this machine's.
        OSError: when the folder cannot be written.
    """
    from . import _module

    return _module.precompile(folder, target=target)
