"""A pool of instances of core's module, one for each concurrent call.

An instance is taken from the pool for a call and put back after it, so no lock is held during a call: threads run in
parallel, and nested calls (signal handlers, destructors) and forks never see an instance in use. An instance whose call
raised is dropped. The pool keeps at most `KEPT_INSTANCES` instances with a small memory, and grown ones up to
`KEPT_BYTES` in total.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import wasmtime

    from ._instance import Columns, Instance, Verdict
    from .limits import Limits

    CreateInstance = Callable[[wasmtime.Module, wasmtime.Engine], Instance]

SMALL_BYTES: Final = 256 * 1024
"""Inputs up to this length do not grow an instance's memory much."""
KEPT_INSTANCES: Final = 32
KEPT_BYTES: Final = 64 * 1024 * 1024
AMPLE_ADDRESS_SPACE: Final = 256 * 1024**3
"""Room for as many reservations as the pool keeps instances, and the process itself."""


class Core:
    """The module's calls, for any number of threads."""

    def __init__(self, module: wasmtime.Module, engine: wasmtime.Engine, create: CreateInstance) -> None:
        self._module = module
        self._engine = engine
        self._create = create
        self._small: deque[Instance] = deque(maxlen=KEPT_INSTANCES)
        self._grown: deque[Instance] = deque(maxlen=KEPT_INSTANCES)

    def check(self, source: bytes, limits: Limits) -> Verdict:
        """Checks a request."""
        if len(source) > SMALL_BYTES:
            instance = self._take(source)
            verdict = instance.check(source, limits)
            self._put_back(instance, source)
            return verdict
        # `_take` and `_put_back` inlined: for a small batch, these calls would dominate.
        try:
            instance = self._small.pop()
        except IndexError:
            instance = self._create(self._module, self._engine)
        verdict = instance.check(source, limits)
        self._small.append(instance)
        return verdict

    def parse(self, source: bytes, limits: Limits) -> Columns:
        """Parses a request into columns."""
        instance = self._take(source)
        columns = instance.parse(source, limits)
        self._put_back(instance, source)
        return columns

    def query(self, export: str, source: bytes) -> str:
        """Calls an export with `source` and returns the JSON it produced."""
        instance = self._take(source)
        json = instance.query(export, source)
        self._put_back(instance, source)
        return json

    def _take(self, source: bytes) -> Instance:
        try:
            return (self._small if len(source) <= SMALL_BYTES else self._grown).pop()
        except IndexError:
            return self._create(self._module, self._engine)

    def _put_back(self, instance: Instance, source: bytes) -> None:
        if len(source) <= SMALL_BYTES:
            self._small.append(instance)
        elif instance.size() + sum(other.size() for other in tuple(self._grown)) <= KEPT_BYTES:
            self._grown.append(instance)


_loaded: Core | None = None
_loading = threading.Lock()


def core() -> Core:
    """Returns the core that all functions share, and loads it on first use."""
    return _loaded or _load()


def _load() -> Core:
    global _loaded
    with _loading:
        if _loaded is None:
            # Importing wasmtime is slow, so `import gridbid` alone does not.
            from . import _instance, _module

            is_tested = _module.wasmtime_version() in _instance.UNCHECKED_VERSIONS
            # An instance of each thread reserves 4 GiB, unless that would exhaust the addresses.
            reserve = _module.address_space() >= AMPLE_ADDRESS_SPACE
            engine = _module.engine(reserve=reserve)
            create = _instance.UncheckedInstance if reserve and is_tested else _instance.PublicInstance
            _loaded = Core(_module.load(engine, reserve=reserve), engine, create)
        return _loaded


def _renew_lock() -> None:
    global _loading
    _loading = threading.Lock()


if hasattr(os, "register_at_fork"):
    # If another thread holds the lock during a fork, nobody releases it in the child.
    os.register_at_fork(after_in_child=_renew_lock)
