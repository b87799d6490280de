"""Compiling the module ahead of time, into a bundle that is to start fast."""

import os
from pathlib import Path


def precompile(folder: str | os.PathLike[str], *, target: str | None = None) -> Path:
    """Compiles the module into a folder and says into which file.

    The folder is this package's own in the bundle, where compiled modules are looked for first. A file serves one
    version of the module, one of wasmtime, and one kind of machine, which its name tells; where none serves, the
    module is compiled on first use.

    It is made on a machine of the kind that it is for: a `target`, such as `x86_64-unknown-linux-gnu`, that is not
    this machine's raises `ValueError`, so that a bundle for another one is not made by mistake. A folder that cannot
    be written raises `OSError`.
    """
    from . import _module

    return _module.precompile(folder, target=target)
